"""What of a project the user trusts, and only while it stays the same.

A cloned project could bring a ``steps.py`` that runs as soon as somebody types ``pipekit run``, or settings that send
the user's keys elsewhere. So such a file runs, and such settings count, only once their place and the digest of their
content stand in the user's own trust file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from pipekit.config.user_folders import user_folder
from pipekit.errors import ConfigError, StorageError

__all__ = ["content_of", "digest_of_content", "is_trusted", "trust", "trust_file", "trust_name"]


def trust_file(environ: Mapping[str, str]) -> Path:
    """The user's trust file, under XDG_DATA_HOME where that is set, else where the system keeps users' data."""
    return user_folder("data", environ) / "trust.json"


def trust_name(path: Path, part: str = "") -> str:
    """What stands in the trust file for a file, or for a part of what it says."""
    return f"{path.resolve()}#{part}" if part else str(path.resolve())


def digest_of_content(content: bytes) -> str:
    """sha256 of what a file holds."""
    return hashlib.sha256(content).hexdigest()


def content_of(path: Path) -> bytes:
    """What a file holds, read once: what is trusted has to be what runs. `ConfigError` when it can't be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the local plugin can't be read: {error.strerror}",
            file=str(path),
            field="plugins.local",
            hint="plugins.local names files relative to the configuration file",
        ) from error


def is_trusted(name: str, digest: str, environ: Mapping[str, str]) -> bool:
    """Whether the user trusted this very content under this name."""
    return _read(trust_file(environ)).get(name) == digest


def trust(digests: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Trust what has these names, each as its digest says; the trust file is replaced whole."""
    file = trust_file(environ)
    known = {**_read(file), **digests}
    temporary = file.with_name(f".trust.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.write_text(json.dumps(known, indent=1), encoding="utf-8")
        os.chmod(temporary, 0o600)  # noqa: PTH101
        temporary.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(f"can't be written: {error.strerror}", path=str(file), errno=error.errno) from error


def _read(file: Path) -> dict[str, str]:
    """The trusted paths with their digests; a file that can't be read trusts nothing."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()} if isinstance(content, dict) else {}
