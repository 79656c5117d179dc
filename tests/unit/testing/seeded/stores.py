"""Stores with one defect each: the good ones are those in memory and in a SQLite file."""

from __future__ import annotations

import hashlib
import io
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pytest
from attrs import evolve

from pipekit.errors import PipekitError
from pipekit.interfaces import Entry, Lease, Owner, RunQuery, RunSummary, StateStore, StoreURL
from pipekit.state.record import BlobRef, RunRecord
from pipekit.stores import memory
from pipekit.stores.memory import MemoryStore
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore
from pipekit.testing import OpenStore, StateStoreContract

IN_MEMORY: frozenset[Any] = frozenset({"exclusive", "fenced", "query", "prune", "files"})


class AcmeStore(StateStoreContract):
    """A store in memory, which all that open it share."""

    __test__ = False
    abilities = IN_MEMORY
    caught_by: ClassVar[set[str]] = set()
    made: ClassVar[type] = MemoryStore

    @pytest.fixture
    def open_store(self) -> OpenStore:
        store: StateStore = self.made()
        return lambda: store


class AcmeFile(StateStoreContract):
    """A store in a file, opened anew each time."""

    __test__ = False
    abilities = IN_MEMORY | {"durable"}
    caught_by: ClassVar[set[str]] = set()
    made: ClassVar[type] = SqliteStore

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Iterator[OpenStore]:
        opened: list[StateStore] = []

        def open_() -> StateStore:
            opened.append(self.made(StoreURL("acme", "runs.db", tmp_path), SqliteSettings()))
            return opened[-1]

        yield open_
        for store in opened:
            store.close()


class TestGood(AcmeStore):
    __test__ = True


class TestGoodFile(AcmeFile):
    __test__ = True


# --- what is kept -----------------------------------------------------------------------------------------------------


class TestOfSeveralEntriesTheLastIsLost(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_entries_are_kept_until_their_step_commits",
        "test_many_threads_with_a_run_each_do_not_mix",
        "test_what_is_no_json_is_refused_and_the_run_goes_on",
    }

    class made(MemoryStore):
        def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
            super().append(lease, entries[:1])


class TestACommitIsNotAtomic(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_commit_is_kept_whole_or_not_at_all"}

    class made(MemoryStore):
        def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
            for path, data in blobs.items():
                if path.startswith("output/"):
                    super().commit(lease, self.load(lease.run_id).record, {path: data})
            super().commit(lease, record, blobs)


class TestARunIsHalfMade(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_what_cannot_be_kept_makes_no_run"}

    class made(MemoryStore):
        def create(self, record: RunRecord, source: BinaryIO, blobs: Any = {}, entries: Any = ()) -> None:  # noqa: B006
            try:
                super().create(record, source, blobs, entries)
            except PipekitError as error:
                if "digest" in error.message:
                    super().create(evolve(record, input=None), source)
                raise


class TestNanIsKept(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_what_is_no_json_is_refused_and_the_run_goes_on"}

    class made(MemoryStore):
        def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
            plain = [evolve(one, value=None if _is_no_number(one.value) else one.value) for one in entries]
            super().append(lease, plain)


def _is_no_number(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


class TestTheRecordLosesAField(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_a_record_alone_can_be_committed",
        "test_a_step_that_is_taken_back_moves_to_the_history",
    }

    class made(MemoryStore):
        def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
            super().commit(lease, evolve(record, attempts={}), blobs)


class TestFilesAreText(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_a_commit_keeps_record_and_files",
        "test_a_new_run_has_its_record_and_its_input",
    }

    class made(MemoryStore):
        def read(self, run_id: str, name: str) -> bytes:
            return super().read(run_id, name).replace(b"\r\n", b"\n")


class TestAnInputIsTakenAsItComes(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_what_cannot_be_kept_makes_no_run"}

    class made(MemoryStore):
        def create(self, record: RunRecord, source: BinaryIO, blobs: Any = {}, entries: Any = ()) -> None:  # noqa: B006
            data = source.read()
            ref = record.input
            if ref is not None:
                record = evolve(record, input=evolve(ref, sha256=hashlib.sha256(data).hexdigest(), size=len(data)))
            super().create(record, io.BytesIO(data), blobs, entries)


class TestARunIsMadeOverAnotherOne(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_run_is_not_made_twice"}

    class made(MemoryStore):
        def create(self, record: RunRecord, source: BinaryIO, blobs: Any = {}, entries: Any = ()) -> None:  # noqa: B006
            self._runs.pop(record.run_id, None)
            super().create(record, source, blobs, entries)


class TestEntriesOutliveTheirStep(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_entries_are_kept_until_their_step_commits",
        "test_many_threads_with_a_run_each_do_not_mix",
    }

    class made(MemoryStore):
        def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
            before = list(self._runs[lease.run_id].entries) if lease.run_id in self._runs else []
            super().commit(lease, record, blobs)
            self._runs[lease.run_id].entries = before


class TestPaidRepliesGoWithTheirStep(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_entries_are_kept_until_their_step_commits"}

    class made(MemoryStore):
        def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
            super().commit(lease, record, blobs)
            run = self._runs[lease.run_id]
            finished = {step.name for step in record.step_outputs.values()}
            run.entries = [entry for entry in run.entries if entry.step not in finished]


class TestWhatIsTakenBackIsThrownAway(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_a_step_that_is_taken_back_moves_to_the_history",
        "test_of_the_history_the_newest_five_are_kept",
    }

    class made(MemoryStore):
        def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
            super().commit(lease, record, blobs)
            run = self._runs[lease.run_id]
            run.blobs = {path: data for path, data in run.blobs.items() if not path.startswith("history/")}


class TestTheHistoryIsKeptForEver(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_of_the_history_the_newest_five_are_kept"}

    class made(MemoryStore):
        def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
            before = dict(self._runs[lease.run_id].blobs)
            super().commit(lease, record, blobs)
            run = self._runs[lease.run_id]
            run.blobs |= {path: data for path, data in before.items() if path.startswith("history/")}


class TestTheHistoryIsNotBroughtAlong(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_run_of_another_store_brings_its_history"}

    class made(MemoryStore):
        def create(self, record: RunRecord, source: BinaryIO, blobs: Any = {}, entries: Any = ()) -> None:  # noqa: B006
            kept = {path: data for path, data in blobs.items() if not path.startswith("history/")}
            super().create(record, source, kept, entries)


class TestFilesOfTheHistoryAreNotTold(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_it_tells_every_file_that_it_keeps"}

    class made(MemoryStore):
        def files(self, run_id: str) -> Sequence[BlobRef]:
            return [ref for ref in super().files(run_id) if not ref.path.startswith("history/")]


class TestPathsAreNotChecked(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_a_commit_keeps_record_and_files",
        "test_a_path_that_could_leave_the_run_is_refused",
    }

    class made(MemoryStore):
        def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
            super().commit(lease, record, {path: data for path, data in blobs.items() if path.count("/") == 1})


# --- order ------------------------------------------------------------------------------------------------------------


class TestTheNewestByTheClockCounts(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_the_newest_commit_counts_whatever_the_clock_says"}

    class made(MemoryStore):
        def load(self, run_id: str) -> Any:
            stored = super().load(run_id)
            kept = self.__dict__.setdefault("newest", {})
            newest = kept.get(run_id)
            if newest is None or stored.record.updated_at >= newest.record.updated_at:
                kept[run_id] = newest = stored
            return newest

        def commit(self, lease: Lease, record: RunRecord, blobs: Mapping[str, bytes]) -> None:
            self.load(lease.run_id)
            super().commit(lease, record, blobs)


class TestEntriesAreOrderedByTheClock(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_the_newest_commit_counts_whatever_the_clock_says"}

    class made(MemoryStore):
        def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
            super().append(lease, entries)
            moments = self.__dict__.setdefault("moments", [])
            moments.extend([time.time(), entry] for entry in entries)

        def load(self, run_id: str) -> Any:
            stored = super().load(run_id)
            moments = self.__dict__.get("moments", [])
            at = {(entry.step, entry.key): moment for moment, entry in moments}
            ordered = sorted(stored.entries, key=lambda entry: at.get((entry.step, entry.key), 0))
            return evolve(stored, entries=tuple(ordered))


class TestRunsAreListedByTheClock(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_runs_are_found_newest_first"}

    class made(MemoryStore):
        def find(self, query: RunQuery) -> Iterator[RunSummary]:
            found = list(super().find(evolve(query, limit=None)))
            ordered = sorted(found, key=lambda run: (run.updated_at, run.run_id), reverse=True)
            yield from ordered[: query.limit]


# --- owners -----------------------------------------------------------------------------------------------------------


class TestTwoOwnersAreLetIn(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_run_has_one_owner", "test_of_many_threads_one_gets_the_run"}

    class made(MemoryStore):
        def acquire(self, run_id: str, owner: Owner) -> Lease:
            self._run(run_id).lease = None
            return super().acquire(run_id, owner)


class TestEachProcessHasLocksOfItsOwn(AcmeFile):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_run_has_one_owner", "test_the_lock_of_a_killed_process_is_free"}

    class made(SqliteStore):
        def __init__(self, url: StoreURL, settings: SqliteSettings) -> None:
            super().__init__(url, settings)
            self._locks = _OwnLocks()


class _OwnLocks:
    """Threads of one process keep each other out, whatever their speed: what is wrong here is wrong every time."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {}

    def take(self, run_id: str, noted: Any) -> Any:
        from pipekit.stores.locks import busy, named_owner

        held = self.held

        class Hold:
            def is_ours(self) -> bool:
                return held.get(run_id) is self

            def release(self) -> None:
                if self.is_ours():
                    del held[run_id]

        mine = Hold()
        if held.setdefault(run_id, mine) is mine:
            return mine
        raise busy(run_id, named_owner(noted))

    def is_held(self, run_id: str) -> bool:
        return run_id in self.held


class TestAnOldLeaseStillWrites(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_lease_that_was_given_back_writes_nothing"}

    class made(MemoryStore):
        def _held(self, lease: Lease) -> Any:
            if not isinstance(lease, memory._MemoryLease):
                return super()._held(lease)
            return self._run(lease.run_id)


class TestAnyLeaseWillDo(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_lease_of_another_store_is_refused"}

    class made(MemoryStore):
        def _held(self, lease: Lease) -> Any:
            if not isinstance(lease, memory._MemoryLease):
                return self._run(lease.run_id)
            return super()._held(lease)


class TestEpochsBeginAgain(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_each_owner_has_a_higher_epoch"}

    class made(MemoryStore):
        def acquire(self, run_id: str, owner: Owner) -> Lease:
            self._run(run_id).epoch = 0
            return super().acquire(run_id, owner)


class TestTheOwnerIsWhoeverAsks(AcmeFile):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_a_lease_that_was_given_back_writes_nothing",
        "test_a_run_has_one_owner",
        "test_the_lock_of_a_killed_process_is_free",
    }

    class made(SqliteStore):
        def owner(self, run_id: str) -> Owner | None:
            return None if super().owner(run_id) is None else Owner.this_process()


class TestAHeldRunIsForgotten(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_run_has_one_owner"}

    class made(MemoryStore):
        def delete(self, run_id: str) -> None:
            self._run(run_id)
            del self._runs[run_id]


class TestWhatIsKeptWaitsForTheRelease(AcmeFile):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_a_commit_is_kept_whole_or_not_at_all",
        "test_entries_are_kept_until_their_step_commits",
        "test_many_threads_with_a_run_each_do_not_mix",
        "test_what_a_killed_process_was_told_is_kept_is_there",
        "test_what_is_no_json_is_refused_and_the_run_goes_on",
    }

    class made(SqliteStore):
        def append(self, lease: Any, entries: Sequence[Entry]) -> None:
            super().append(lease, [])
            if not hasattr(lease, "waiting"):
                lease.waiting = []
                release, append = lease.release, super().append

                def flush() -> None:
                    if lease.waiting:
                        append(lease, lease.waiting)
                        lease.waiting = []
                    release()

                lease.release = flush
            lease.waiting.extend(entries)


# --- listings ---------------------------------------------------------------------------------------------------------


class TestInterruptedRunsSayTheyAreRunning(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_running_run_without_an_owner_is_interrupted"}

    class made(MemoryStore):
        def find(self, query: RunQuery) -> Iterator[RunSummary]:
            for run in super().find(query):
                yield evolve(run, status="running") if run.status == "interrupted" else run


class TestTheStatusIsNarrowedAfterTheLimit(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_listing_can_be_narrowed"}

    class made(MemoryStore):
        def find(self, query: RunQuery) -> Iterator[RunSummary]:
            found = list(super().find(evolve(query, status=None)))
            yield from (run for run in found if query.status in (None, run.status))


class TestTheBeginningIsAPattern(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_a_listing_can_be_narrowed"}

    class made(MemoryStore):
        def find(self, query: RunQuery) -> Iterator[RunSummary]:
            yield from super().find(evolve(query, prefix=query.prefix.replace("%", "").replace("_", "-")))


class TestAnUnknownRunIsAKeyError(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {
        "test_a_deleted_run_is_gone",
        "test_an_unknown_run_is_not_found",
        "test_what_cannot_be_kept_makes_no_run",
        "test_what_is_no_run_id_is_refused_everywhere",
    }

    class made(MemoryStore):
        def _run(self, run_id: str) -> Any:
            return self._runs[run_id]


class TestAnAbilityIsDropped(AcmeStore):
    __test__ = True
    caught_by: ClassVar[set[str]] = {"test_it_declares_the_abilities_that_it_is_known_for"}

    class made(MemoryStore):
        abilities = IN_MEMORY - {"exclusive"}
