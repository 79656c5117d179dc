"""A store keeps what it was given, all of it or none, and refuses what can't be kept."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterable
from datetime import timedelta

import pytest
from attrs import evolve

from pipekit.errors import InputError, RunNotFoundError, StateError, UsageError
from pipekit.interfaces import Entry, Owner, RunQuery, StateStore
from pipekit.interfaces.state_stores import Inventoried
from pipekit.state.record import BlobRef, RunRecord
from pipekit.testing.contracts.store_tests import SOURCE, OpenStore, StoreTests, a_record, an_item, done, in_order

__all__ = ["KeepingTests"]

_BAD_IDS = (
    "",
    "../x",
    "/abs",
    "a/b",
    "a\\b",
    "a\0b",
    "..",
    ".hidden",
    "Upper",
    "con",
    "nul.txt",
    "dot.",
    "x" * 65,
    "é",
)
_BAD_PATHS = (
    *("", "step-1.json", "/etc/passwd", "../x/y", "steps/../../x", "steps//x", "steps/", "steps/.slot-0001"),
    *("steps\\x", "steps/a\0b", "steps/a\nb", "steps/nul.json", "steps/COM1", "steps/x.", "steps/x ", "c:/x"),
    *("steps/" + "x" * 256, "steps/\udc80"),
)
_BLOBS = {
    "output/empty.txt": b"",
    "output/binary.bin": bytes(range(256)) * 3,
    "output/lines.txt": b"one\r\ntwo\nthree\r",
    "output/bom.csv": b"\xef\xbb\xbfa;b",
    "output/deep/down/er/large.json": b'{"a": 1}' * 100_000,
}


class KeepingTests(StoreTests):
    """Runs, commits, entries and the history."""

    def test_it_is_a_state_store(self, store: StateStore) -> None:
        """With all methods of the protocol."""
        assert isinstance(store, StateStore)

    # --- new runs ----------------------------------------------------------------------------------------------------

    def test_a_new_run_has_its_record_and_its_input(self, open_store: OpenStore, record: RunRecord) -> None:
        """As they were given, byte for byte, for whoever opens the store next."""
        stored = open_store().load(record.run_id)
        assert stored.record == record
        assert stored.entries == ()
        assert open_store().read(record.run_id, "input/original.txt") == SOURCE

    def test_a_run_is_not_made_twice(self, store: StateStore, record: RunRecord) -> None:
        """The one that is there stays as it is."""
        with pytest.raises(StateError, match="already"):
            store.create(evolve(record, input_file="other.txt"), io.BytesIO(SOURCE))
        assert store.load(record.run_id).record == record

    def test_what_cannot_be_kept_makes_no_run(self, store: StateStore) -> None:
        """An input that is another one than the record says, a record that is no JSON, a file with another digest."""
        record = a_record()
        with pytest.raises(InputError, match="changed"):
            store.create(record, io.BytesIO(b"something else"))
        with pytest.raises(StateError, match="lone surrogate"):
            store.create(evolve(record, input_file="caf\udce9.txt"), io.BytesIO(SOURCE))
        with pytest.raises(StateError, match="digest"):
            store.create(done(record, 1, b"[1]"), io.BytesIO(SOURCE), {"output/a.txt": b"a", "steps/step-1.json": b"2"})
        with pytest.raises(StateError):
            store.create(record, io.BytesIO(SOURCE), {}, [an_item("a", float("nan"))])
        with pytest.raises(RunNotFoundError):
            store.load(record.run_id)
        store.create(record, io.BytesIO(SOURCE))
        with pytest.raises(StateError):
            store.read(record.run_id, "output/a.txt")

    def test_a_run_may_begin_with_work_of_another_one(self, open_store: OpenStore) -> None:
        """A fork brings finished steps, entries and files."""
        record = done(a_record(), 1, b"[1]")
        entries = [an_item("a", step="part-2"), an_item("q", "words", stays=True)]
        open_store().create(record, io.BytesIO(SOURCE), {"steps/step-1.json": b"[1]"}, entries)
        stored = open_store().load(record.run_id)
        assert stored.record == record
        assert in_order(stored.entries) == in_order(entries)
        assert open_store().read(record.run_id, "steps/step-1.json") == b"[1]"

    def test_what_is_no_run_id_is_refused_everywhere(self, store: StateStore, owner: Owner) -> None:
        """`UsageError`: an id may become a file's name."""
        for run_id in _BAD_IDS:
            for use in (
                lambda run_id: store.create(a_record(run_id), io.BytesIO(SOURCE)),
                lambda run_id: store.load(run_id),
                lambda run_id: store.read(run_id, "steps/step-1.json"),
                lambda run_id: store.acquire(run_id, owner),
                lambda run_id: store.owner(run_id),
                lambda run_id: store.folder(run_id),
                lambda run_id: store.delete(run_id),
            ):
                with pytest.raises(UsageError):
                    use(run_id)

    def test_an_unknown_run_is_not_found(self, store: StateStore, owner: Owner) -> None:
        """`RunNotFoundError`, with the command that lists those there are."""
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

    def test_a_folder_is_there_where_it_is_promised(self, store: StateStore, record: RunRecord) -> None:
        """Its files lie in it under their paths; a store without folders gives None."""
        folder = store.folder(record.run_id)
        if "folders" not in store.abilities:
            assert folder is None
            return
        assert folder is not None
        assert folder.joinpath("input", "original.txt").read_bytes() == SOURCE

    # --- commits -----------------------------------------------------------------------------------------------------

    def test_a_commit_keeps_record_and_files(self, open_store: OpenStore, record: RunRecord, owner: Owner) -> None:
        """Each of them, for whoever opens the store next, and whatever bytes a file has."""
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        for key in (1, 2, "map-it"):
            data = f'{{"of":"{key}"}}'.encode()
            record = done(record, key, data)
            store.commit(lease, record, {f"steps/step-{key}.json": data})
            assert open_store().load(record.run_id).record == record
            assert open_store().read(record.run_id, f"steps/step-{key}.json") == data
        refs = [BlobRef(path=p, sha256=hashlib.sha256(d).hexdigest(), size=len(d)) for p, d in _BLOBS.items()]
        record = evolve(record, status="completed", outputs=tuple(refs))
        store.commit(lease, record, _BLOBS)
        lease.release()
        assert open_store().load(record.run_id).record == record
        assert {path: open_store().read(record.run_id, path) for path in _BLOBS} == _BLOBS
        assert open_store().read(record.run_id, "steps/step-1.json") == b'{"of":"1"}'

    def test_a_record_alone_can_be_committed(self, open_store: OpenStore, record: RunRecord, owner: Owner) -> None:
        """Every field of it."""
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        record = evolve(
            record, status="failed", error="ja, für \u2028 alle 👩‍💻 \x00", error_code=5, attempts={"part-1": 3}
        )
        store.commit(lease, record, {})
        lease.release()
        assert open_store().load(record.run_id).record == record

    def test_the_newest_commit_counts_whatever_the_clock_says(
        self, open_store: OpenStore, record: RunRecord, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Clocks go back: by a day, in the middle of a run."""
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        now = time.time()
        for step in range(1, 4):
            monkeypatch.setattr(time, "time", lambda moment=now - step * 86_400: moment)
            monkeypatch.setattr(time, "time_ns", lambda moment=now - step * 86_400: int(moment * 1e9))
            record = evolve(done(record, step, b"{}"), updated_at=record.updated_at - timedelta(days=1))
            store.append(lease, [an_item(str(step), step="part-9")])
            store.commit(lease, record, {f"steps/step-{step}.json": b"{}"})
        lease.release()
        stored = open_store().load(record.run_id)
        assert stored.record == record
        assert [entry.key for entry in stored.entries] == ["1", "2", "3"]

    def test_a_commit_is_kept_whole_or_not_at_all(self, store: StateStore, record: RunRecord, owner: Owner) -> None:
        """A file with another digest than the record says takes nothing else along."""
        lease = store.acquire(record.run_id, owner)
        after = done(record, 1, b"{}")
        store.append(lease, [an_item("a")])
        with pytest.raises(StateError, match="digest"):
            store.commit(lease, after, {"output/first.txt": b"x", "steps/step-1.json": b"[]", "output/last.txt": b"y"})
        stored = store.load(record.run_id)
        assert stored.record == record
        assert stored.entries == (an_item("a"),)
        for path in ("output/first.txt", "steps/step-1.json", "output/last.txt"):
            with pytest.raises(StateError):
                store.read(record.run_id, path)
        store.commit(lease, after, {"steps/step-1.json": b"{}"})
        assert store.load(record.run_id).record == after
        lease.release()

    def test_a_record_of_another_run_is_refused(self, store: StateStore, record: RunRecord, owner: Owner) -> None:
        """It would take the place of this one's."""
        lease = store.acquire(record.run_id, owner)
        with pytest.raises(StateError, match="run-other"):
            store.commit(lease, a_record("run-other"), {})
        lease.release()

    def test_what_is_no_json_is_refused_and_the_run_goes_on(
        self, store: StateStore, record: RunRecord, owner: Owner
    ) -> None:
        """NaN, infinities and lone surrogates: nobody could read them back."""
        lease = store.acquire(record.run_id, owner)
        after = done(record, 1, b"{}")
        with pytest.raises(StateError, match="lone surrogate"):
            store.commit(lease, evolve(after, error="caf\udce9"), {"steps/step-1.json": b"{}"})
        for value in (float("nan"), float("inf"), {"a": ["\ud800"]}):
            with pytest.raises(StateError):
                store.append(lease, [an_item("before"), an_item("a", value)])
        assert store.load(record.run_id).record == record
        assert store.load(record.run_id).entries == ()
        store.commit(lease, after, {"steps/step-1.json": b"{}"})
        assert store.load(record.run_id).record == after
        lease.release()

    def test_a_path_that_could_leave_the_run_is_refused(
        self, store: StateStore, record: RunRecord, owner: Owner
    ) -> None:
        """So is one into the history, which is the store's own."""
        lease = store.acquire(record.run_id, owner)
        for path in _BAD_PATHS:
            with pytest.raises(StateError):
                store.read(record.run_id, path)
            with pytest.raises(StateError):
                store.commit(lease, record, {path: b"x"})
        with pytest.raises(StateError, match="history"):
            store.commit(lease, record, {"history/1/steps/step-1.json": b"x"})
        store.commit(lease, record, {})
        lease.release()

    # --- what is finished inside a step ------------------------------------------------------------------------------

    def test_entries_are_kept_until_their_step_commits(
        self, open_store: OpenStore, record: RunRecord, owner: Owner
    ) -> None:
        """But for those that stay: a model's reply was paid for."""
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        mine = [an_item(f"candidate-{n}", {"points": n, "of": ["ä", None, 1.5]}) for n in range(3)]
        other = Entry(step="part-2", kind="once", key="q\0' ;--\n", value="ja, für \u2028 alle")
        paid = evolve(an_item("q", "a model's words " * 10_000, stays=True), attempt=2)
        store.append(lease, mine[:1])
        store.append(lease, [])
        store.append(lease, [*mine[1:], other, paid])
        stored = open_store().load(record.run_id).entries
        assert in_order(stored) == in_order((*mine, other, paid))
        assert [entry for entry in stored if entry in mine] == mine

        store.commit(lease, done(record, 1, b"{}"), {"steps/step-1.json": b"{}"})
        assert in_order(open_store().load(record.run_id).entries) == in_order((paid, other))

        store.append(lease, [an_item("late", step="part-3")])
        lease.release()
        assert {entry.step for entry in open_store().load(record.run_id).entries} == {"part-1", "part-2", "part-3"}

    # --- the history -------------------------------------------------------------------------------------------------

    def test_a_step_that_is_taken_back_moves_to_the_history(
        self, open_store: OpenStore, record: RunRecord, owner: Owner
    ) -> None:
        """To ``history/<n>/``, each time another n; what stays is left alone."""
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        for key in (1, 2, 3):
            record = done(record, key, f"[{key}]".encode())
            store.commit(lease, record, {f"steps/step-{key}.json": f"[{key}]".encode()})
        record = record.taken_back({"part-2": "", "part-3": ""}, now=record.updated_at)
        store.commit(lease, record, {})
        assert open_store().load(record.run_id).record == record
        with pytest.raises(StateError):
            store.read(record.run_id, "steps/step-2.json")
        record = done(record, 2, b"[22]", attempt=2)
        store.commit(lease, record, {"steps/step-2.json": b"[22]"})
        record = record.taken_back({"part-2": ""}, now=record.updated_at)
        store.commit(lease, record, {})
        lease.release()
        kept = {"history/1/steps/step-2.json": b"[2]", "history/1/steps/step-3.json": b"[3]"}
        kept |= {"history/2/steps/step-2.json": b"[22]", "steps/step-1.json": b"[1]"}
        assert {path: open_store().read(record.run_id, path) for path in kept} == kept

    def test_a_step_can_be_replaced_in_one_commit(self, store: StateStore, record: RunRecord, owner: Owner) -> None:
        """A person who corrects a file changes it in its place."""
        lease = store.acquire(record.run_id, owner)
        for data in (b"[1]", b"[11]"):
            record = done(record, 1, data)
            store.commit(lease, record, {"steps/step-1.json": data})
            assert store.read(record.run_id, "steps/step-1.json") == data
        assert store.load(record.run_id).record == record
        lease.release()

    def test_of_the_history_the_newest_five_are_kept(
        self, open_store: OpenStore, record: RunRecord, owner: Owner
    ) -> None:
        """A run that is gone on with every day must not grow for ever."""
        store = open_store()
        lease = store.acquire(record.run_id, owner)
        for attempt in range(1, 8):
            data = f"[{attempt}]".encode()
            record = done(record, 1, data, attempt=attempt)
            store.commit(lease, record, {"steps/step-1.json": data})
            record = record.taken_back({"part-1": "again"}, now=record.updated_at)
            store.commit(lease, record, {})
        lease.release()
        record = open_store().load(record.run_id).record
        kept = _read(open_store(), record, (past.step.path for past in record.history))
        assert kept == [f"[{attempt}]".encode() for attempt in range(3, 8)]
        with pytest.raises(StateError):
            open_store().read(record.run_id, "history/2/steps/step-1.json")

    def test_a_run_of_another_store_brings_its_history(
        self, open_store: OpenStore, record: RunRecord, owner: Owner
    ) -> None:
        """As it was there, and goes on from its number."""
        store = open_store()
        taken = done(record, 1, b"[1]").taken_back({"part-1": "again"}, now=record.updated_at)
        moved = evolve(done(taken, 1, b"[11]", attempt=2), run_id="run-20261123-223809-000000")
        files = {"history/1/steps/step-1.json": b"[1]", "history/1/output/a.txt": b"a", "steps/step-1.json": b"[11]"}
        store.create(moved, io.BytesIO(SOURCE), files)
        assert open_store().load(moved.run_id).record == moved
        assert {path: open_store().read(moved.run_id, path) for path in files} == files
        lease = store.acquire(moved.run_id, owner)
        store.commit(lease, moved.taken_back({"part-1": "again"}, now=moved.updated_at), {})
        lease.release()
        assert open_store().read(moved.run_id, "history/2/steps/step-1.json") == b"[11]"
        assert open_store().read(moved.run_id, "history/1/steps/step-1.json") == b"[1]"

    def test_it_tells_every_file_that_it_keeps(self, open_store: OpenStore, record: RunRecord, owner: Owner) -> None:
        """With its digest and size, the history's too; what is gone isn't told."""
        store = open_store()
        self.needs(store, "files")
        assert isinstance(store, Inventoried)
        lease = store.acquire(record.run_id, owner)
        kept = {"input/original.txt": SOURCE, "output/a.txt": b"a"}
        for attempt in range(1, 7):
            data = f"[{attempt}]".encode()
            record = done(record, 1, data, attempt=attempt)
            store.commit(lease, record, {"steps/step-1.json": data, "output/a.txt": b"a"})
            record = record.taken_back({"part-1": "again"}, now=record.updated_at)
            store.commit(lease, record, {})
            kept |= {f"history/{attempt}/steps/step-1.json": data} if attempt > 1 else {}
        lease.release()
        opened = open_store()
        assert isinstance(opened, Inventoried)
        told = {ref.path: (ref.sha256, ref.size) for ref in opened.files(record.run_id)}
        assert told == {path: (hashlib.sha256(data).hexdigest(), len(data)) for path, data in kept.items()}
        assert _read(opened, record, kept) == list(kept.values())

    # --- forgetting --------------------------------------------------------------------------------------------------

    def test_a_deleted_run_is_gone(self, open_store: OpenStore, record: RunRecord) -> None:
        """With all that belongs to it, and its name can be given again."""
        store = open_store()
        self.needs(store, "prune")
        store.create(a_record("run-20261123-223809-000000"), io.BytesIO(SOURCE))
        store.delete(record.run_id)
        assert [run.run_id for run in open_store().find(RunQuery())] == ["run-20261123-223809-000000"]
        with pytest.raises(RunNotFoundError):
            open_store().load(record.run_id)
        store.create(record, io.BytesIO(SOURCE))
        assert open_store().load(record.run_id).entries == ()


def _read(store: StateStore, record: RunRecord, paths: Iterable[str]) -> list[bytes]:
    return [store.read(record.run_id, path) for path in paths]
