"""A new package: its files, made from the templates of its kind, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, get_args

from attrs import frozen

from pipekit.errors import StorageError, UsageError
from pipekit.scaffolding.names import PackageNames

__all__ = ["KINDS", "Kind", "NewPackage", "package_files", "write_package"]

#: What a package can bring; each has a folder of templates, a contract in `pipekit.testing`, and a page.
Kind = Literal["step", "provider", "format", "loader", "retriever", "store"]
KINDS: Sequence[Kind] = get_args(Kind)

#: What each kind is, in a line.
_SUMMARIES: Mapping[Kind, str] = {
    "step": "The step @@slug@@ for pipekit: a size for each candidate.",
    "provider": "The provider @@slug@@ for pipekit: its models answer as @@slug@@/MODEL.",
    "format": "The output format @@slug@@ for pipekit: a table of open questions.",
    "loader": "The loader @@slug@@ for pipekit: reads recordings that end with .@@slug@@.",
    "retriever": "The retriever @@slug@@ for pipekit: searches a file of earlier items.",
    "store": "The store @@slug@@ for pipekit: keeps each run in one file.",
}

#: How each kind is used, once it is installed.
_USAGES: Mapping[Kind, str] = {
    "step": """\
It joins the workflow `backlog`:

    pipekit run MEETING.txt
    pipekit show last @@slug@@""",
    "provider": """\
    export @@upper@@_API_KEY=…
    pipekit doctor --model @@slug@@/large
    pipekit run MEETING.txt --model @@slug@@/large""",
    "format": """\
    pipekit run MEETING.txt --set 'steps.step8.formats=[summary, @@slug@@]'
    pipekit format last --formats @@slug@@""",
    "loader": """\
    pipekit run TALK.@@slug@@""",
    "retriever": """\
It is used where the configuration has a block for it:

    retrievers:
      @@slug@@: {file: items.jsonl}""",
    "store": """\
    pipekit run MEETING.txt --store @@slug@@:runs
    pipekit list --store @@slug@@:runs
    pipekit runs copy --all --to @@slug@@:runs""",
}

#: Where templates that every kind has go; those of a kind lie below `src/` and `tests/`.
_COMMON: Mapping[str, str] = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
    "tests.yml.txt": ".github/workflows/tests.yml",
    "init.py.txt": "src/{package}/__init__.py",
    "py.typed.txt": "src/{package}/py.typed",
}


@frozen(kw_only=True)
class NewPackage:
    """A package that was written: its folder, and its files by their paths in it."""

    names: PackageNames
    kind: Kind
    folder: Path
    files: Sequence[str]


def package_files(names: PackageNames, kind: Kind) -> Mapping[str, str]:
    """Path in the package → text."""
    root = files("pipekit.scaffolding") / "templates"
    found = {path.format(package=names.package): root / "common" / name for name, path in _COMMON.items()}
    found |= _below(root / kind / "src", f"src/{names.package}")
    found |= _below(root / kind / "tests", "tests")
    markers = {"@@summary@@": _SUMMARIES[kind], "@@usage@@": _USAGES[kind], **names.markers}
    return {path: _filled(template.read_text(encoding="utf-8"), markers) for path, template in sorted(found.items())}


def write_package(names: PackageNames, kind: Kind, into: Path) -> NewPackage:
    """Write the package below a folder, which has to be there.

    `UsageError` where there is something of its name already, which is left as it is; `StorageError` where the disk
    refuses.
    """
    folder = into / names.distribution
    if os.path.lexists(folder):
        raise UsageError(
            f"there is a {folder} already, and it is left as it is",
            kind="exists",
            hint="choose another name, or another folder with --into FOLDER",
        )
    made = package_files(names, kind)
    # Beside its place and then renamed: half a package would be in the way of the next try.
    temporary = into / f".{secrets.token_hex(8)}"
    try:
        for path, text in made.items():
            target = temporary / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        temporary.rename(folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise StorageError(
            f"the package can't be written: {error.strerror or error}",
            path=str(folder),
            errno=error.errno,
            hint="choose a folder that can be written: --into FOLDER",
        ) from error
    return NewPackage(names=names, kind=kind, folder=folder, files=tuple(made))


def _below(folder: Traversable, path: str) -> Mapping[str, Traversable]:
    return {f"{path}/{one.name.removesuffix('.txt')}": one for one in folder.iterdir() if one.name.endswith(".txt")}


def _filled(text: str, markers: Mapping[str, str]) -> str:
    # The texts for some markers hold other ones, so those come first.
    for marker, value in markers.items():
        text = text.replace(marker, value)
    return text
