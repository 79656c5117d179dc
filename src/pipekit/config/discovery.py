"""Find the configuration files of a folder and of the user."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from pipekit.config.files import MAX_BYTES, read_yaml
from pipekit.config.origin import Layer, Origin
from pipekit.config.toml_files import read_toml
from pipekit.config.tree import Node

__all__ = ["PROJECT_FILES", "FoundFile", "find_project_file", "find_user_file", "read_file", "shown_path"]

#: Names of a project's file, the first one found wins; ``pyproject.toml`` counts when it has a table [tool.pipekit].
PROJECT_FILES = ("pipekit.yaml", "pipeline-config.yaml", "pyproject.toml")
_MISSPELT = ("pipekit.yml", "pipeline-config.yml", "pipekit.toml", "pipekit.json")
_TABLE = ("tool", "pipekit")
#: The table's heading, or that of one in it, on a line of its own and not in a comment.
_HEADING = re.compile(r"^[ \t]*\[{1,2}[ \t]*[\"']?tool[\"']?[ \t]*\.[ \t]*[\"']?pipekit[\"']?[ \t]*[.\]]", re.MULTILINE)


@frozen
class FoundFile:
    """A project's configuration file, None where there is none, and what was noticed on the way to it."""

    path: Path | None
    warnings: tuple[str, ...] = ()


def find_project_file(folder: Path) -> FoundFile:
    """The project's file in this folder or in its nearest ancestor that has one.

    A folder above that belongs to somebody else than the user or root is passed over: a file left in a shared
    place, such as /tmp, configures nobody else's runs.
    """
    start = Path.cwd() / folder
    # Spelled like that it is a trap: it looks like the file and is never read.
    warnings = [f"{name} is not read; call it {PROJECT_FILES[0]}" for name in _MISSPELT if (start / name).is_file()]
    for place in (start, *start.parents):
        present = [
            name for name in PROJECT_FILES if _counts(place / name) and (place == start or _is_own(place / name))
        ]
        if not present:
            continue
        for name in present[1:]:
            shown = shown_path(place / name, folder)
            warnings.append(f"{shown} is not read, because {present[0]} lies beside it")
        return FoundFile(place / present[0], tuple(warnings))
    return FoundFile(None, tuple(warnings))


def _counts(path: Path) -> bool:
    if path.name != "pyproject.toml":
        # Also a folder or a dead link of that name: somebody meant it, and reading it will say what it is.
        return os.path.lexists(path)
    try:
        if not path.is_file():  # nobody waits for a named pipe
            return False
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES)
    except OSError:
        return False
    # Only a file that may say so is worth the parser, and only one that does may be refused for its syntax.
    return b"pipekit" in raw and _has_table(raw.decode("utf-8-sig", "replace"))


def _has_table(text: str) -> bool:
    import tomllib

    try:
        found: object = tomllib.loads(text)
    except (ValueError, RecursionError):
        return _HEADING.search(text) is not None
    for part in _TABLE:
        if not isinstance(found, dict) or part not in found:
            return False
        found = found[part]
    return True


def _is_own(path: Path) -> bool:
    if sys.platform == "win32":
        return True
    try:
        # A link counts by its own owner, too: anybody can lay one to a file of the user's or of root's.
        return {path.lstat().st_uid, path.stat().st_uid} <= {os.geteuid(), 0}
    except OSError:
        return False


def find_user_file(environ: Mapping[str, str]) -> Path | None:
    """The user's own file, ``config.yaml`` in the platform's folder for configuration; None where there is none.

    The folder is derived from the given environment alone, so that a program that hands over an empty one gets none.
    """
    if sys.platform == "linux":
        if Path(environ.get("XDG_CONFIG_HOME", "")).is_absolute():
            base = Path(environ["XDG_CONFIG_HOME"])
        elif Path(environ.get("HOME", "")).is_absolute():
            base = Path(environ["HOME"], ".config")
        else:
            return None
        path = base / "pipekit" / "config.yaml"
    else:
        if not any(environ.get(name) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")):
            return None
        from platformdirs import user_config_path

        path = user_config_path("pipekit", appauthor=False) / "config.yaml"
    return path if path.is_file() else None


def read_file(path: Path, layer: Layer, folder: Path) -> Node:
    """The tree of a configuration file; a ``.toml`` file at [tool.pipekit], or whole without it."""
    origin = Origin(layer, file=shown_path(path, folder))
    if path.suffix != ".toml":
        return read_yaml(path, origin)
    found = read_toml(path, origin, _TABLE)
    if found is None and path.name != "pyproject.toml":
        found = read_toml(path, origin, ())
    return found if found is not None else Node({}, origin)


def shown_path(path: Path, folder: Path) -> str:
    """A path as people see it: relative where it lies in or just above the folder, else in full."""
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # another drive
        return str(path)
    return str(path) if relative.count("..") > 2 else relative
