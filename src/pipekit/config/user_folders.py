"""The user's own folders, outside of every project: where trust, what was learnt, caches and reports lie."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

__all__ = ["user_folder"]

Kind = Literal["data", "cache", "state"]

_XDG: Mapping[Kind, tuple[str, str]] = {
    "data": ("XDG_DATA_HOME", ".local/share"),
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}


def user_folder(kind: Kind, environ: Mapping[str, str]) -> Path:
    """Pipekit's folder among the user's own, for what is of this kind.

    A relative path in a variable is invalid and ignored, as the XDG specification wants it: it would mean another
    folder in every project, one that a project could bring with it.
    """
    variable, usual = _XDG[kind]
    named = Path(environ.get(variable, ""))
    if named.is_absolute():
        return named / "pipekit"
    if os.name == "posix" and sys.platform != "darwin":
        # Not asked of platformdirs, which in its older versions takes a relative path as it is.
        return _home() / usual / "pipekit"
    import platformdirs

    folders = {"data": platformdirs.user_data_path, "cache": platformdirs.user_cache_path}
    return folders[kind]("pipekit") if kind in folders else platformdirs.user_log_path("pipekit", appauthor=False)


def _home() -> Path:
    """The user's home; the root where there is none, as for a container's nameless user, and never a relative path."""
    try:
        home = Path.home()
    except RuntimeError:
        return Path("/")
    return home if home.is_absolute() else Path("/")
