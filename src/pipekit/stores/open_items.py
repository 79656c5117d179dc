"""The files of a held run that keep what is finished inside its open steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import Entry
from pipekit.state.record import RunRecord
from pipekit.stores import atomic
from pipekit.stores.atomic import Folder, refusal, spare_name
from pipekit.stores.item_journal import ItemJournal, read_item_journal
from pipekit.stores.layout import ITEMS, is_forged
from pipekit.stores.lines import line

__all__ = ["OpenItems"]


class OpenItems:
    """Writes the finished items of open steps, a file for each step, and empties it once the step has committed."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._folder: Callable[[], Folder] | None = None
        self._spare: list[str] = []
        self._journals: dict[str, ItemJournal] = {}
        self._torn: dict[str, int] = {}
        self._files: dict[str, int] = {}

    def settle(self, folder: Callable[[], Folder], record: RunRecord) -> None:
        """Look at the files that the owner before left; those of steps that have committed are emptied."""
        self._folder = folder
        steps = folder()
        finished = {step.name for step in record.step_outputs.values()}
        for name in sorted(name for name in steps.names() if name.startswith(ITEMS)):
            try:
                journal, torn = read_item_journal(steps, name, self._run_id)
            except StateError:
                continue  # damage is said when somebody loads the run, and left as it is
            if journal.step and journal.step not in finished:
                self._journals[journal.step] = journal
                self._torn[journal.step] = torn
                self._force(journal.step)
                continue
            if journal.step or torn:
                fd = steps.open_to_append(name)
                try:
                    self._cut(fd, journal, 0)
                finally:
                    atomic.system.close(fd)
            self._spare.append(name)
        if not all(map(is_forged, self._spare)):
            steps.force()  # whoever made one may have died before forcing its name
        self._spare.reverse()  # the first is taken first

    def _force(self, step: str) -> None:
        """Whoever wrote the last items may have died before forcing them; they are counted on from now on."""
        fd, journal = self._opened(step)
        with refusal(self._steps().path, "force to the disk", journal.name, kind="sync"):
            atomic.system.sync_data(fd)

    def append(self, entries: Sequence[Entry], epoch: int) -> None:
        """Keep entries, durable on return; each step's go into one line of its file."""
        by_step: dict[str, list[Entry]] = {}
        for entry in entries:
            by_step.setdefault(entry.step, []).append(entry)
        lines = {step: self._line(step, group, epoch) for step, group in by_step.items()}
        for step, (body, data) in lines.items():
            fd, journal = self._opened(step)
            path = self._steps().path
            try:
                with refusal(path, "write", journal.name):
                    atomic.write_all(fd, data)
                with refusal(path, "force to the disk", journal.name, kind="sync"):
                    atomic.system.sync_data(fd)
            except BaseException:
                with suppress(OSError):  # so that nobody takes an item for kept that isn't
                    atomic.system.truncate(fd, journal.offset)
                raise
            journal.take(body)
            journal.offset += len(data)

    def _line(self, step: str, entries: Sequence[Entry], epoch: int) -> tuple[Mapping[str, object], bytes]:
        journal = self._journals.get(step)
        if journal is None:
            journal = self._journals[step] = self._taken(step)
        body = journal.body(step, epoch, entries)
        return body, line(body)

    def _taken(self, step: str) -> ItemJournal:
        """A file for a step that has none yet."""
        steps = self._steps()
        if self._spare:
            name = self._spare.pop()
        else:
            name = spare_name(ITEMS[1:-1])
            steps.create(name)
            steps.force()
        self._torn[step] = 0
        return ItemJournal(self._run_id, name, str(steps.path / name))

    def _opened(self, step: str) -> tuple[int, ItemJournal]:
        journal = self._journals[step]
        if step not in self._files:
            self._files[step] = self._steps().open_to_append(journal.name)
            if self._torn[step]:
                self._cut(self._files[step], journal, journal.offset)
                self._torn[step] = 0
        return self._files[step], journal

    def close_steps(self, names: Iterable[str]) -> None:
        """Empty the files of steps whose outputs are kept now; their names wait for other steps."""
        for step in names:
            journal = self._journals.pop(step, None)
            if journal is None:
                continue
            fd = self._files.pop(step, None)
            if fd is None:
                fd = self._steps().open_to_append(journal.name)
            try:
                self._cut(fd, journal, 0)  # not forced: entries of a finished step count no more
            finally:
                with refusal(self._steps().path, "close", journal.name):
                    atomic.system.close(fd)
            self._spare.append(journal.name)

    def _cut(self, fd: int, journal: ItemJournal, size: int) -> None:
        with refusal(self._steps().path, "cut", journal.name):
            atomic.system.truncate(fd, size)

    def _steps(self) -> Folder:
        assert self._folder is not None
        return self._folder()

    def close(self) -> None:
        """Close the files."""
        for fd in self._files.values():
            with suppress(OSError):
                atomic.system.close(fd)
        self._files.clear()
