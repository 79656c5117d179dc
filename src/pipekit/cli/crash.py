"""Crash reports: what we need to mend a bug of ours, with everything masked that could be a secret."""

from __future__ import annotations

import os
import platform
import secrets
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipekit import __version__
from pipekit.config.user_folders import user_folder
from pipekit.secrecy import mask

__all__ = ["report_folder", "save_report"]


def report_folder(environ: Mapping[str, str]) -> Path:
    """Where reports lie: the user's folder for logs."""
    folder = user_folder("state", environ)
    return folder / "log" if os.name == "posix" and sys.platform != "darwin" else folder


def save_report(error: BaseException, argv: Sequence[str], environ: Mapping[str, str]) -> Path | None:
    """Write a report of an unexpected error, for this user's eyes only; its path, None where the disk refuses."""
    now = datetime.now(UTC)
    text = "\n".join(
        [
            f"pipekit {__version__} · {now:%Y-%m-%d %H:%M:%S}Z",
            f"Python {platform.python_version()} on {platform.platform()}",
            f"arguments: {list(argv)}",
            "",
            *traceback.format_exception(error),
        ]
    )
    try:
        folder = report_folder(environ)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"crash-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.txt"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(mask(text, environ))
    except (OSError, RuntimeError):
        return None
    return path
