"""What every state store promises, run on both built-in ones."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from attrs import evolve

from pipekit.errors import (
    InputError,
    RunBusyError,
    RunNotFoundError,
    StateError,
    UsageError,
)
from pipekit.interfaces.state_stores import Entry, Owner, RunQuery, StateStore, StoreURL
from pipekit.state.record import BlobRef, RunRecord, StepRecord
from pipekit.stores.json_file import JsonFileStore
from pipekit.stores.memory import MemoryStore
from pipekit.stores.sqlite_file import SqliteSettings, SqliteStore

MakeRecord = Callable[..., RunRecord]
MakeStep = Callable[..., StepRecord]

BAD_IDS = ["", "../x", "/abs", "a/b", "a\\b", "a\0b", "..", ".hidden", "Upper", "con", "nul.txt", "dot.", "x" * 65, "é"]
BAD_PATHS = [
    "",
    "step-1.json",
    "/etc/passwd",
    "../x/y",
    "steps/../../x",
    "steps//x",
    "steps/",
    "steps/.slot-0001",
    "steps\\x",
    "steps/a\0b",
    "steps/a\nb",
    "steps/nul.json",
    "steps/COM1",
    "steps/x.",
    "steps/x ",
    "c:/x",
    "state.json/x",
    "steps/" + "x" * 256,
    "steps/\udc80",
]


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.step, entry.kind, entry.key))


class StateStoreContract:
    """Subclass it and give `open_store`; every test gets a store of its own."""

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], StateStore]:
        """A function that opens the same store again each time where it keeps anything, else the same object."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_store: Callable[[], StateStore]) -> StateStore:
        return open_store()

    @pytest.fixture
    def record(self, store: StateStore, make_record: MakeRecord, source: bytes) -> RunRecord:
        """The record of a run that was just made."""
        record = make_record()
        store.create(record, io.BytesIO(source))
        return record

    def test_it_is_a_state_store(self, store: StateStore) -> None:
        assert isinstance(store, StateStore)

    def test_a_new_run_has_its_record_and_its_input(
        self, open_store: Callable[[], StateStore], record: RunRecord, source: bytes
    ) -> None:
        stored = open_store().load(record.run_id)

        assert stored.record == record
        assert stored.entries == ()
        assert open_store().read(record.run_id, "input/original.txt") == source

    def test_a_run_is_not_made_twice(self, store: StateStore, record: RunRecord, source: bytes) -> None:
        with pytest.raises(StateError, match="already"):
            store.create(evolve(record, input_file="other.txt"), io.BytesIO(source))

        assert store.load(record.run_id).record == record

    def test_an_input_that_is_not_what_the_record_says_makes_no_run(
        self, store: StateStore, make_record: MakeRecord
    ) -> None:
        with pytest.raises(InputError, match="changed"):
            store.create(make_record(), io.BytesIO(b"something else"))

        assert list(store.find(RunQuery())) == []
        with pytest.raises(RunNotFoundError):
            store.load(make_record().run_id)

    def test_a_record_that_is_no_json_makes_no_run(
        self, store: StateStore, make_record: MakeRecord, source: bytes
    ) -> None:
        with pytest.raises(StateError, match="lone surrogate"):
            store.create(evolve(make_record(), input_file="caf\udce9.txt"), io.BytesIO(source))

        assert list(store.find(RunQuery())) == []

    @pytest.mark.parametrize("run_id", BAD_IDS)
    def test_what_is_no_run_id_is_refused_everywhere(
        self, store: StateStore, make_record: MakeRecord, source: bytes, owner: Owner, run_id: str
    ) -> None:
        for use in (
            lambda: store.create(make_record(run_id), io.BytesIO(source)),
            lambda: store.load(run_id),
            lambda: store.read(run_id, "steps/step-1.json"),
            lambda: store.acquire(run_id, owner),
            lambda: store.owner(run_id),
            lambda: store.folder(run_id),
            lambda: store.delete(run_id),
        ):
            with pytest.raises(UsageError):
                use()

    def test_an_unknown_run_is_not_found(self, store: StateStore, owner: Owner) -> None:
        for use in (
            lambda: store.load("run-x"),
            lambda: store.read("run-x", "steps/step-1.json"),
            lambda: store.acquire("run-x", owner),
            lambda: store.owner("run-x"),
            lambda: store.folder("run-x"),
            lambda: store.delete("run-x"),
        ):
            with pytest.raises(RunNotFoundError) as caught:
                use()
            assert "pipekit list" in caught.value.hint

    @pytest.mark.parametrize("path", BAD_PATHS)
    def test_a_path_that_could_leave_the_run_is_refused(
        self, store: StateStore, record: RunRecord, owner: Owner, path: str
    ) -> None:
        lease = store.acquire(record.run_id, owner)
        for use in (lambda: store.read(record.run_id, path), lambda: store.commit(lease, record, {path: b"x"})):
            with pytest.raises(StateError):
                use()
        store.commit(lease, record, {})
        lease.release()

    def test_nothing_is_written_into_the_history(self, store: StateStore, record: RunRecord, owner: Owner) -> None:
        lease = store.acquire(record.run_id, owner)

        with pytest.raises(StateError, match="history"):
            store.commit(lease, record, {"history/1/steps/step-1.json": b"x"})

        lease.release()

    def test_a_commit_keeps_record_and_files(
        self, open_store: Callable[[], StateStore], record: RunRecord, make_step: MakeStep, owner: Owner
    ) -> None:
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        for key, following in ((1, 2), (2, "map-dependencies"), ("map-dependencies", None)):
            data = f'{{"of":"{key}"}}'.encode()
            record = record.with_step(make_step(key, data), next_step=following, now=record.updated_at)
            store.commit(lease, record, {f"steps/step-{key}.json": data})

            assert open_store().load(record.run_id).record == record
            assert open_store().read(record.run_id, f"steps/step-{key}.json") == data
        outputs = {"output/summary.md": b"# Backlog\n", "output/candidates/candidate-1.md": b"# One\n"}
        refs = tuple(BlobRef(path=p, sha256=hashlib.sha256(d).hexdigest(), size=len(d)) for p, d in outputs.items())
        record = evolve(record, status="completed", outputs=refs)
        store.commit(lease, record, outputs)
        lease.release()

        assert open_store().load(record.run_id).record == record
        assert {path: open_store().read(record.run_id, path) for path in outputs} == outputs

    def test_a_record_alone_can_be_committed(
        self, open_store: Callable[[], StateStore], record: RunRecord, owner: Owner
    ) -> None:
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        record = evolve(record, status="failed", error="the model said no", error_code=5)
        store.commit(lease, record, {})
        lease.release()

        assert open_store().load(record.run_id).record == record

    def test_a_file_that_is_not_what_the_record_says_is_refused(
        self, store: StateStore, record: RunRecord, make_step: MakeStep, owner: Owner
    ) -> None:
        lease = store.acquire(record.run_id, owner)
        after = record.with_step(make_step(1, b"{}"), next_step=2, now=record.updated_at)

        with pytest.raises(StateError, match="digest"):
            store.commit(lease, after, {"steps/step-1.json": b"[]"})

        assert store.load(record.run_id).record == record
        store.commit(lease, after, {"steps/step-1.json": b"{}"})
        lease.release()

    def test_a_record_of_another_run_is_refused(
        self, store: StateStore, record: RunRecord, make_record: MakeRecord, owner: Owner
    ) -> None:
        lease = store.acquire(record.run_id, owner)

        with pytest.raises(StateError, match="run-other"):
            store.commit(lease, make_record("run-other"), {})

        lease.release()

    def test_a_record_that_is_no_json_is_refused_and_the_run_goes_on(
        self, store: StateStore, record: RunRecord, make_step: MakeStep, owner: Owner
    ) -> None:
        lease = store.acquire(record.run_id, owner)
        after = record.with_step(make_step(1, b"{}"), next_step=2, now=record.updated_at)

        with pytest.raises(StateError, match="lone surrogate"):
            store.commit(lease, evolve(after, error="caf\udce9"), {"steps/step-1.json": b"{}"})
        with pytest.raises(StateError, match="NaN|nan"):
            store.append(lease, [Entry(step="part-1", kind="item", key="a", value=float("nan"))])

        assert store.load(record.run_id).record == record
        store.commit(lease, after, {"steps/step-1.json": b"{}"})
        assert store.load(record.run_id).record == after
        lease.release()

    def test_a_step_that_is_taken_back_moves_to_the_history(
        self, open_store: Callable[[], StateStore], record: RunRecord, make_step: MakeStep, owner: Owner
    ) -> None:
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        for key in (1, 2, 3):
            data = f"[{key}]".encode()
            record = record.with_step(make_step(key, data), next_step=key + 1, now=record.updated_at)
            store.commit(lease, record, {f"steps/step-{key}.json": data})
        record = record.taken_back({"part-2": "", "part-3": ""}, now=record.updated_at)
        store.commit(lease, record, {})

        assert open_store().load(record.run_id).record == record
        assert open_store().read(record.run_id, "history/1/steps/step-2.json") == b"[2]"
        assert open_store().read(record.run_id, "history/1/steps/step-3.json") == b"[3]"
        with pytest.raises(StateError):
            store.read(record.run_id, "steps/step-2.json")

        record = record.with_step(make_step(2, b"[22]", attempt=2), next_step=3, now=record.updated_at)
        store.commit(lease, record, {"steps/step-2.json": b"[22]"})
        record = record.taken_back({"part-2": ""}, now=record.updated_at)
        store.commit(lease, record, {})
        lease.release()

        assert open_store().read(record.run_id, "history/1/steps/step-2.json") == b"[2]"
        assert open_store().read(record.run_id, "history/2/steps/step-2.json") == b"[22]"
        assert open_store().read(record.run_id, "steps/step-1.json") == b"[1]"

    def test_a_step_can_be_replaced_in_one_commit(
        self, store: StateStore, record: RunRecord, make_step: MakeStep, owner: Owner
    ) -> None:
        lease = store.acquire(record.run_id, owner)
        for data in (b"[1]", b"[11]"):
            record = record.with_step(make_step(1, data), next_step=2, now=record.updated_at)
            store.commit(lease, record, {"steps/step-1.json": data})

            assert store.read(record.run_id, "steps/step-1.json") == data
        assert store.load(record.run_id).record == record
        lease.release()

    def test_entries_are_kept_until_their_step_commits(
        self, open_store: Callable[[], StateStore], record: RunRecord, make_step: MakeStep, owner: Owner
    ) -> None:
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        mine = [Entry(step="part-1", kind="item", key=f"candidate-{n}", value={"points": n}) for n in range(3)]
        other = Entry(step="part-2", kind="once", key="q", value="ja, für \u2028 alle")
        paid = Entry(step="part-1", kind="reply", key="q", value="a model's words", attempt=2, stays=True)
        store.append(lease, mine[:1])
        store.append(lease, [])
        store.append(lease, [*mine[1:], other, paid])

        assert _sorted(open_store().load(record.run_id).entries) == _sorted((*mine, other, paid))

        after = record.with_step(make_step(1, b"{}"), next_step=2, now=record.updated_at)
        store.commit(lease, after, {"steps/step-1.json": b"{}"})

        assert _sorted(open_store().load(record.run_id).entries) == _sorted((paid, other))

        store.append(lease, [evolve(mine[0], step="part-3")])
        lease.release()
        assert {entry.step for entry in open_store().load(record.run_id).entries} == {"part-1", "part-2", "part-3"}

    def test_a_run_may_begin_with_work_of_another_one(
        self, open_store: Callable[[], StateStore], make_record: MakeRecord, make_step: MakeStep, source: bytes
    ) -> None:
        record = make_record()
        record = record.with_step(make_step(1, b"[1]"), next_step=2, now=record.updated_at)
        item = Entry(step="part-2", kind="item", key="candidate-1", value=1)
        paid = Entry(step="part-1", kind="reply", key="q", value="words", stays=True)
        store = open_store()
        with pytest.raises(StateError):
            store.create(record, io.BytesIO(source), {"steps/step-1.json": b"[2]"})
        store.create(record, io.BytesIO(source), {"steps/step-1.json": b"[1]"}, [item, paid])

        stored = open_store().load(record.run_id)
        assert stored.record == record
        assert _sorted(stored.entries) == _sorted([item, paid])
        assert open_store().read(record.run_id, "steps/step-1.json") == b"[1]"

    def test_of_the_history_the_newest_five_are_kept(
        self, open_store: Callable[[], StateStore], record: RunRecord, make_step: MakeStep, owner: Owner
    ) -> None:
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        for attempt in range(1, 8):
            data = f"[{attempt}]".encode()
            record = record.with_step(make_step(1, data, attempt=attempt), next_step=2, now=record.updated_at)
            store.commit(lease, record, {"steps/step-1.json": data})
            record = record.taken_back({"part-1": "again"}, now=record.updated_at)
            store.commit(lease, record, {})
        lease.release()

        record = open_store().load(record.run_id).record
        assert [past.step.attempt for past in record.history] == [3, 4, 5, 6, 7]
        assert [open_store().read(record.run_id, past.step.path) for past in record.history] == [
            f"[{attempt}]".encode() for attempt in range(3, 8)
        ]
        with pytest.raises(StateError):
            open_store().read(record.run_id, "history/2/steps/step-1.json")

    def test_a_run_has_one_owner(self, open_store: Callable[[], StateStore], record: RunRecord, owner: Owner) -> None:
        store, other = open_store(), open_store()
        assert store.owner(record.run_id) is None
        lease = store.acquire(record.run_id, owner)

        for contender in (store, other):
            assert contender.owner(record.run_id) == owner
            with pytest.raises(RunBusyError) as caught:
                contender.acquire(record.run_id, owner)
            assert caught.value.pid == owner.pid
            assert caught.value.host == owner.host
            assert caught.value.since
            with pytest.raises(RunBusyError):
                contender.delete(record.run_id)

        lease.release()
        lease.release()
        assert other.owner(record.run_id) is None
        other.acquire(record.run_id, owner).release()

    def test_of_many_threads_one_gets_the_run(self, store: StateStore, record: RunRecord, owner: Owner) -> None:
        start = threading.Barrier(8)
        leases: list[object] = []
        refused: list[RunBusyError] = []

        def take() -> None:
            start.wait()
            try:
                leases.append(store.acquire(record.run_id, owner))
            except RunBusyError as error:
                refused.append(error)

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (len(leases), len(refused)) == (1, 7)
        leases[0].release()  # type: ignore[attr-defined]

    def test_listings_never_keep_a_run_from_being_taken(
        self, store: StateStore, record: RunRecord, owner: Owner
    ) -> None:
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                store.owner(record.run_id)
                list(store.find(RunQuery()))

        askers = [threading.Thread(target=ask) for _ in range(3)]
        for asker in askers:
            asker.start()
        try:
            for _ in range(30):
                store.acquire(record.run_id, owner).release()
        finally:
            done.set()
            for asker in askers:
                asker.join()

    def test_each_owner_has_a_higher_epoch(
        self, open_store: Callable[[], StateStore], record: RunRecord, owner: Owner
    ) -> None:
        epochs = []
        for _ in range(3):
            lease = open_store().acquire(record.run_id, owner)
            epochs.append(lease.epoch)
            lease.release()

        assert epochs == sorted(set(epochs))

    def test_a_lease_that_was_given_back_writes_nothing(
        self, store: StateStore, record: RunRecord, owner: Owner
    ) -> None:
        old = store.acquire(record.run_id, owner)
        old.release()
        new = store.acquire(record.run_id, owner)

        with pytest.raises(RunBusyError):
            store.commit(old, evolve(record, status="failed"), {})
        with pytest.raises(RunBusyError):
            store.append(old, [Entry(step="part-1", kind="item", key="a", value=1)])
        old.release()

        assert store.owner(record.run_id) == owner
        assert store.load(record.run_id).record == record
        new.release()

    def test_a_lease_of_another_store_is_refused(self, store: StateStore, record: RunRecord) -> None:
        class Stranger:
            run_id = record.run_id
            epoch = 99

            def release(self) -> None: ...

        with pytest.raises(RunBusyError):
            store.commit(Stranger(), record, {})

    def test_runs_are_found_newest_first(
        self, store: StateStore, make_record: MakeRecord, source: bytes, owner: Owner
    ) -> None:
        names = [f"run-2026112{day}-120000-abcdef" for day in range(5)]
        for name in names:
            store.create(make_record(name), io.BytesIO(source))
        lease = store.acquire(names[0], owner)
        store.commit(lease, evolve(make_record(names[0]), status="completed", current_step=None), {})
        lease.release()
        lease = store.acquire(names[1], owner)
        store.commit(lease, evolve(make_record(names[1]), status="paused", paused_reason="until"), {})

        assert [found.run_id for found in store.find(RunQuery())] == names[::-1]
        assert [found.run_id for found in store.find(RunQuery(limit=2))] == names[:2:-1]
        assert [found.run_id for found in store.find(RunQuery(prefix="run-20261123"))] == [names[3]]
        assert [found.run_id for found in store.find(RunQuery(status="interrupted", limit=1))] == [names[4]]
        completed = list(store.find(RunQuery(status="completed")))
        assert [(run.run_id, run.current_step, run.workflow) for run in completed] == [(names[0], None, "backlog")]
        paused = list(store.find(RunQuery(status="paused")))
        assert [(run.run_id, run.reason, run.started_at) for run in paused] == [
            (names[1], "until", make_record().started_at)
        ]
        lease.release()

    def test_a_running_run_without_an_owner_is_interrupted(
        self, store: StateStore, record: RunRecord, owner: Owner
    ) -> None:
        assert [run.status for run in store.find(RunQuery())] == ["interrupted"]

        lease = store.acquire(record.run_id, owner)
        assert [run.status for run in store.find(RunQuery())] == ["running"]

        lease.release()
        assert [run.status for run in store.find(RunQuery(status="interrupted"))] == ["interrupted"]

    def test_a_deleted_run_is_gone(self, store: StateStore, record: RunRecord, source: bytes) -> None:
        store.delete(record.run_id)

        assert list(store.find(RunQuery())) == []
        with pytest.raises(RunNotFoundError):
            store.load(record.run_id)
        store.create(record, io.BytesIO(source))


class TestJsonFileStore(StateStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], StateStore]:
        return lambda: JsonFileStore(StoreURL("file", ".pipeline", tmp_path))


class TestSqliteStore(StateStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Iterator[Callable[[], StateStore]]:
        opened: list[StateStore] = []

        def open_() -> StateStore:
            opened.append(SqliteStore(StoreURL("sqlite", "kept/runs.db", tmp_path), SqliteSettings()))
            return opened[-1]

        yield open_
        for store in opened:
            store.close()


class TestMemoryStore(StateStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], StateStore]:
        store = MemoryStore()
        return lambda: store
