"""Find what is damaged in a run's folder, and go on from what isn't.

Nothing damaged is deleted: it moves to ``damaged/<n>/`` inside the run. A repair that is cut short can be begun again.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from attrs import evolve, field, frozen

from pipekit.errors import StateError, StorageError
from pipekit.interfaces.state_stores import Damage, Entry, Owner
from pipekit.serde import MisfitError, unstructure
from pipekit.state.record import SCHEMA, RunRecord
from pipekit.stores.atomic import Folder
from pipekit.stores.delta import files_of
from pipekit.stores.item_journal import read_item_journal
from pipekit.stores.journal import Journal, entries_content
from pipekit.stores.json_lease import JsonLease
from pipekit.stores.layout import DAMAGED, ITEMS, JOURNAL, STATE, STEPS, check_path, is_slot
from pipekit.stores.lines import line
from pipekit.stores.locks import RunLock
from pipekit.stores.salvage import best_record, salvage
from pipekit.stores.view import View, parse_view

__all__ = ["examine", "repair"]


@frozen(kw_only=True)
class _Examined:
    """What was found, the record that holds for what is intact, and what a new journal has to begin with."""

    damages: tuple[Damage, ...]
    record: RunRecord
    entries: tuple[Entry, ...] = ()
    epoch: int = 0
    is_journal_bad: bool = False
    lost_steps: frozenset[str] = frozenset()
    asides: tuple[str, ...] = field(default=())


def examine(folder: Folder, run_id: str) -> Sequence[Damage]:
    """Everything that is damaged, each with what a repair does about it. `StateError` where nothing can be done."""
    return _examined(folder, run_id).damages


def repair(folder: Folder, run_id: str, owner: Owner) -> Sequence[Damage]:
    """Do what `examine` says, as the run's owner; `RunBusyError` while somebody else has it. What was done.

    Closes the folder.
    """
    try:
        lock = RunLock(folder, run_id)
    except BaseException:
        folder.close()
        raise
    lease: JsonLease | None = None
    try:
        found = _examined(folder, run_id)
        if not found.damages:
            return ()
        _move_aside(folder, found)
        if found.is_journal_bad:
            _renew_journal(folder, run_id, found)
        journal = Journal(run_id, str(folder.path / JOURNAL))
        torn = journal.feed(folder.read(JOURNAL) or b"")
        lease = JsonLease(folder, lock, journal, torn, owner)
        lease.commit(_without(found), {})
        return found.damages
    finally:
        if lease is not None:
            lease.release()
        else:
            lock.release()
            folder.close()


# --- what is damaged -------------------------------------------------------------------------------------------------


def _examined(folder: Folder, run_id: str) -> _Examined:
    damages: list[Damage] = []
    asides: list[str] = []
    view = _view(folder, run_id, damages, asides)
    journal = Journal(run_id, str(folder.path / JOURNAL))
    entries: tuple[Entry, ...] = ()
    epoch = 0
    is_journal_bad = False
    data = folder.read(JOURNAL)
    try:
        journal.feed(data or b"")
        if journal.sequence == 0 or (view is not None and view.journal_size > journal.offset):
            raise StateError("the journal is missing or was cut", file=journal.file)
        record = journal.structured()
    except StateError as error:
        if error.kind == "newer":
            raise
        saved = salvage(data or b"", run_id)
        best = best_record(saved.record, view, lambda step: _find(folder, step.path, step.sha256)[0] is not None)
        if best is None:
            raise StateError(
                "neither the journal nor state.json says any more what was finished",
                file=journal.file,
                kind="beyond-repair",
                run_id=run_id,
                hint="put a copy of the run's folder back, or run the input again",
            ) from error
        record, entries, epoch, is_journal_bad = best, saved.entries, saved.epoch, True
        count = len(best.completed_steps)
        remedy = f"it is moved aside, and begun anew with the {count} finished steps that are known"
        damages.append(Damage(file=JOURNAL, problem=error.message, remedy=remedy))
    lost = _damaged_files(folder, record, damages, asides)
    _damaged_items(folder, run_id, damages, asides)
    return _Examined(
        damages=tuple(damages),
        record=record,
        entries=entries,
        epoch=epoch,
        is_journal_bad=is_journal_bad,
        lost_steps=lost,
        asides=tuple(asides),
    )


def _view(folder: Folder, run_id: str, damages: list[Damage], asides: list[str]) -> View | None:
    data = folder.read(STATE)
    if data is None:
        return None
    try:
        return parse_view(data, file=str(folder.path / STATE), run_id=run_id)
    except StateError as error:
        if error.kind == "newer":
            raise
        asides.append(STATE)
        remedy = "it is moved aside, and made again from the journal"
        damages.append(Damage(file=STATE, problem=error.message, remedy=remedy))
        return None


def _damaged_files(folder: Folder, record: RunRecord, damages: list[Damage], asides: list[str]) -> frozenset[str]:
    """The steps that have to be done again, because a file of theirs isn't what was written."""
    lost: set[str] = set()
    makers = {step.path: step.name for step in record.step_outputs.values()}
    makers |= {path: step.name for step in record.step_outputs.values() for path in step.outputs}
    for path, expected in files_of(record).items():
        if _find(folder, path, expected)[0] is not None:
            continue
        data = _read(folder, path)
        found = None if data is None else hashlib.sha256(data).hexdigest()
        problem = "missing" if data is None else "not what was written"
        if record.input is not None and path == record.input.path:
            raise StateError(
                f"the run's input is {problem}: {path}",
                file=str(folder.path.joinpath(*check_path(path))),
                expected=f"sha256 {expected}",
                found="no file" if found is None else f"sha256 {found}",
                kind="beyond-repair",
                run_id=record.run_id,
                hint=f"put the original file in its place, or run it again: pipekit run {record.input.name}",
            )
        step = makers.get(path)
        if data is not None:
            asides.append(path)
        done_again = f"; {step} is done again" if step else ""
        remedy = ("it is moved aside" if data is not None else "nothing can be moved aside") + done_again
        damages.append(Damage(file=path, problem=problem, remedy=remedy, step=step, expected=expected, found=found))
        if step is not None:
            lost.add(step)
    return frozenset(lost)


def _damaged_items(folder: Folder, run_id: str, damages: list[Damage], asides: list[str]) -> None:
    try:
        steps = folder.sub(STEPS)
    except StorageError:
        return
    with steps:
        for name in sorted(name for name in steps.names() if name.startswith(ITEMS)):
            try:
                read_item_journal(steps, name, run_id)
            except StateError as error:
                asides.append(f"{STEPS}/{name}")
                remedy = "it is moved aside; what was finished inside the open step is done again"
                damages.append(Damage(file=f"{STEPS}/{name}", problem=error.message, remedy=remedy))


def _read(folder: Folder, path: str) -> bytes | None:
    *parents, name = check_path(path)
    with _opened(folder, parents) as home:
        return None if home is None else home.read(name)


def _find(folder: Folder, path: str, sha256: str) -> tuple[bytes | None, str | None]:
    """A file with these bytes, and the slot where it still waits for its own name; (None, None) where there is none."""
    *parents, name = check_path(path)
    with _opened(folder, parents) as home:
        waiting = () if home is None else sorted(filter(is_slot, home.names()))
        for place in (name, *waiting):
            data = None if home is None else home.read(place)
            if data is not None and hashlib.sha256(data).hexdigest() == sha256:
                return data, None if place == name else "/".join((*parents, place))
    return None, None


@contextmanager
def _opened(folder: Folder, parents: Sequence[str]) -> Iterator[Folder | None]:
    """A folder some folders down, None where it is missing."""
    opened: list[Folder] = []
    try:
        home = folder
        for part in parents:
            if home.state(part) is None:
                yield None
                return
            home = home.sub(part)
            opened.append(home)
        yield home
    finally:
        for one in opened:
            one.close()


# --- mending ---------------------------------------------------------------------------------------------------------


def _move_aside(folder: Folder, found: _Examined) -> None:
    """Move damaged files to a new folder. The journal stays until there is another one: its bytes are copied."""
    if folder.state(DAMAGED) is not None:  # its own name was forced before anything came into it
        with folder.sub(DAMAGED) as damaged:
            _force_all(damaged)
    if not found.asides and not found.is_journal_bad:
        return
    folder.make(DAMAGED)
    folder.force()
    with folder.sub(DAMAGED) as damaged:
        number = str(max((int(name) for name in damaged.names() if name.isdecimal()), default=0) + 1)
        damaged.make(number)
        damaged.force()
        with damaged.sub(number) as home:
            if found.is_journal_bad and (data := folder.read(JOURNAL)) is not None:
                home.create(JOURNAL, data, forced=True)
                home.force()
            for path in found.asides:
                _move(folder, home, path)


def _force_all(folder: Folder) -> None:
    """Force what a repair before this one moved here: it may have died before it could."""
    folder.force()
    for name in folder.names():
        state = folder.state(name)
        if state is not None and stat.S_ISDIR(state.st_mode):
            with folder.sub(name) as below:
                _force_all(below)


def _move(folder: Folder, home: Folder, path: str) -> None:
    """Move one file, its new name forced before its old one is."""
    *parents, name = path.split("/")
    sources, targets = [folder], [home]
    try:
        for part in parents:
            targets[-1].make(part)
            targets[-1].force()
            targets.append(targets[-1].sub(part))
            sources.append(sources[-1].sub(part))
        sources[-1].move(name, name.lstrip("."), targets[-1])
        targets[-1].force()
        sources[-1].force()
    finally:
        for one in [*sources[1:], *targets[1:]]:
            one.close()


def _renew_journal(folder: Folder, run_id: str, found: _Examined) -> None:
    """A journal that begins with what is known, in place of the damaged one."""
    record = found.record
    journal = Journal(run_id, str(folder.path / JOURNAL))
    named = {**{past.step.path: past.step.sha256 for past in record.history}, **files_of(record)}
    # Those that are damaged too: the commit that follows takes them back.
    files = []
    for path, sha256 in named.items():
        data, slot = _find(folder, path, sha256)
        files.append([path, sha256, len(data or b""), slot])
    try:
        content = {"schema": SCHEMA, "record": unstructure(record), "files": files}
        body = journal.body("header", found.epoch, content)
        text = line(body)
        journal.take(body)
        if found.entries:
            text += line(journal.body("entries", found.epoch, entries_content(found.entries)))
    except MisfitError as error:
        raise StateError(f"the record can't be kept: {error}", run_id=run_id) from error
    folder.replace(JOURNAL, text, forced=True)
    # The view stands for a place in the old journal. Until there is a new one it may be all that tells what was done.
    folder.remove(STATE)
    folder.force()


def _without(found: _Examined) -> RunRecord:
    """The record without the steps whose files are damaged; what is there of them lies aside."""
    record = found.record
    lost = [step for step in record.step_outputs.values() if step.name in found.lost_steps]
    if not lost:
        return evolve(record, updated_at=datetime.now(UTC))
    taken = record.taken_back({step.name: "damaged" for step in lost}, now=datetime.now(UTC))
    return evolve(
        taken,
        history=record.history,
        status="failed",
        paused_reason=None,
        current_step=lost[0].key,
        error=f"damaged files of {', '.join(step.name for step in lost)} were moved aside",
        error_code=StateError.code,
        questions=(),
    )
