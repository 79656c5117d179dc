"""Bring the project's index up to date: files below given paths, and what earlier runs wrote."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from pipekit.config.structuring import fill
from pipekit.config.tree import EMPTY
from pipekit.errors import PipekitError, PlanError, UsageError
from pipekit.interfaces.state_stores import RunQuery, StateStore
from pipekit.preparing import Setup
from pipekit.retrieval.indexed import IndexSettings
from pipekit.retrieval.markdown_files import SUFFIXES, markdown_files, shown
from pipekit.retrieval.stored_index import Changes, Indexed, indexed_roots, update_index
from pipekit.verifying import read_verified

__all__ = ["RUNS", "index_documents", "index_path"]

#: The root of everything that comes from runs; addresses are run:<run id>/<path below output/>.
RUNS = "run:"


def index_path(setup: Setup) -> Path:
    """Where the index lies: ``retrievers.index.path``, or else its default."""
    return setup.configuration.folder / _index_settings(setup).path


def _index_settings(setup: Setup) -> IndexSettings:
    block = setup.configuration.settings.retrievers.get("index")
    settings, faults = fill(IndexSettings, EMPTY if block is None else block, "retrievers.index")
    if settings is None or faults:
        raise PlanError(faults)
    return settings


def index_documents(
    setup: Setup,
    paths: Sequence[Path],
    *,
    runs: bool = False,
    into: Path | None = None,
    anew: bool = False,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Path, Changes]:
    """Index files below ``paths`` and, with ``runs``, of completed runs; without either, all that was indexed before.

    A path that isn't there any more takes out what was found there; without being named it is left as it is.
    """
    place = into or index_path(setup)
    embeddings = _index_settings(setup).embeddings
    folder = setup.configuration.folder
    known = indexed_roots(place)
    named = {_address(path, folder): path for path in paths}
    missing = [str(path) for address, path in named.items() if not path.exists() and not _is_known(address, known)]
    if missing:
        raise UsageError(
            f"there is no {missing[0]!r} to index", kind="no-such-path", hint="name folders or Markdown files"
        )
    roots = [*named, *([RUNS] if runs else [])]
    gone: list[str] = []
    if not roots:
        gone = [root for root in known if root != RUNS and not (folder / root).exists()]
        roots = [root for root in known if root not in gone]
        named = {root: folder / root for root in roots if root != RUNS}
        if not known:
            raise UsageError("nothing was indexed yet", hint="name folders or files: pipekit index PATH…, or --runs")

    def found(changes: Changes) -> Iterator[Indexed]:
        changes.left_out += [(root, "isn't there any more; name it to take out what was found there") for root in gone]
        seen: set[Path] = set()
        for path in named.values():
            yield from _files(path, folder, seen, changes)
        if RUNS in roots:
            yield from _run_files(setup.store, changes)

    return place, update_index(place, found, roots, embeddings=embeddings, anew=anew, dry_run=dry_run, tell=tell)


def _address(path: Path, folder: Path) -> str:
    """A path as it is kept: relative to the configuration's folder, so that the index can move with the project."""
    try:
        return shown(Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix())
    except ValueError:  # another drive
        return shown(path.absolute().as_posix())


def _is_known(address: str, roots: Iterable[str]) -> bool:
    return any(root == "." or address == root or address.startswith(f"{root}/") for root in roots)


def _files(root: Path, folder: Path, seen: set[Path], changes: Changes) -> Iterator[Indexed]:
    if root.is_file() and not root.name.lower().endswith(SUFFIXES):
        changes.left_out.append((_address(root, folder), f"its name ends with none of {', '.join(SUFFIXES)}"))
        return
    if root.exists():
        above = _address(root, folder)
        base = f"{above}/" if root.is_dir() else ""
        head = f"{root.name}/" if root.is_dir() else ""

        def left_out(source: str, why: str) -> None:
            changes.left_out.append((f"{base}{source.removeprefix(head)}" if base else above, why))

        for file in markdown_files(root, seen, left_out):
            yield Indexed(_address(file.path, folder), file.content)


def _run_files(store: StateStore, changes: Changes) -> Iterator[Indexed]:
    """The Markdown with front matter that completed runs wrote, of each input the newest run."""
    inputs: set[tuple[str, str]] = set()
    for summary in store.find(RunQuery()):
        address = f"{RUNS}{summary.run_id}"
        if summary.status != "completed":
            changes.left_out.append((address, f"the run is {summary.status}"))
            continue
        try:
            record = store.load(summary.run_id).record
        except PipekitError as error:
            changes.left_out.append((address, error.message))
            continue
        same = (record.workflow, record.input.sha256 if record.input else summary.run_id)
        if same in inputs:
            changes.left_out.append((address, "there is a newer run of the same input"))
            continue
        inputs.add(same)
        for output in record.outputs:
            path = output.path.removeprefix("output/")
            if not path.lower().endswith(SUFFIXES):
                continue
            try:
                content = read_verified(store, summary.run_id, output.path, output.sha256, hint="")
            except PipekitError as error:
                changes.left_out.append((f"{address}/{path}", error.message))
                continue
            if content.startswith(b"---\n"):
                yield Indexed(f"{address}/{path}", content)
