"""A run has one owner; its lock ends with it, and who was superseded writes no more."""

from __future__ import annotations

import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from attrs import evolve

from pipekit.errors import RunBusyError
from pipekit.interfaces import Lease, Owner, RunQuery, StateStore
from pipekit.state.record import RunRecord
from pipekit.testing.contracts.store_tests import SOURCE, OpenStore, StoreTests, a_record, an_item, done, killed_child

__all__ = ["OwnerTests"]


class OwnerTests(StoreTests):
    """Leases, and what becomes of work when its process is killed."""

    def test_a_run_has_one_owner(self, open_store: OpenStore, record: RunRecord, owner: Owner) -> None:
        """Others are told who, through this store or the same one opened again; a held run isn't forgotten."""
        store, other = open_store(), open_store()
        self.needs(store, "exclusive")
        assert store.owner(record.run_id) is None
        lease = store.acquire(record.run_id, owner)
        for contender in (store, other):
            assert contender.owner(record.run_id) == owner
            with pytest.raises(RunBusyError) as caught:
                contender.acquire(record.run_id, owner)
            assert (caught.value.pid, caught.value.host) == (owner.pid, owner.host)
            assert caught.value.since
            if "prune" in store.abilities:
                with pytest.raises(RunBusyError):
                    contender.delete(record.run_id)
        lease.release()
        lease.release()
        assert other.owner(record.run_id) is None
        other.acquire(record.run_id, owner).release()

    def test_of_many_threads_one_gets_the_run(self, store: StateStore, record: RunRecord, owner: Owner) -> None:
        """Never two, and never none."""
        self.needs(store, "exclusive")
        start = threading.Barrier(8)
        leases: list[Lease] = []
        refused: list[RunBusyError] = []

        def take() -> None:
            start.wait()
            try:
                leases.append(store.acquire(record.run_id, owner))
            except RunBusyError as error:
                refused.append(error)

        with ThreadPoolExecutor(8) as pool:
            for _ in range(8):
                pool.submit(take)
        assert (len(leases), len(refused)) == (1, 7)
        leases[0].release()

    def test_listings_never_keep_a_run_from_being_taken(
        self, store: StateStore, record: RunRecord, owner: Owner
    ) -> None:
        """Whoever only asks stands in nobody's way."""
        finished = threading.Event()

        def ask() -> None:
            while not finished.is_set():
                store.owner(record.run_id)
                list(store.find(RunQuery()))

        with ThreadPoolExecutor(2) as pool:
            asking = [pool.submit(ask) for _ in range(2)]
            try:
                for _ in range(20):
                    store.acquire(record.run_id, owner).release()
            finally:
                finished.set()
            for one in asking:
                one.result()

    def test_each_owner_has_a_higher_epoch(self, open_store: OpenStore, record: RunRecord, owner: Owner) -> None:
        """Also after the store was closed and opened again."""
        epochs = []
        for _ in range(3):
            lease = open_store().acquire(record.run_id, owner)
            assert lease.run_id == record.run_id
            epochs.append(lease.epoch)
            lease.release()
        assert epochs == sorted(set(epochs))

    def test_a_lease_that_was_given_back_writes_nothing(
        self, store: StateStore, record: RunRecord, owner: Owner
    ) -> None:
        """Another owner has the run now; giving the old lease back again takes it from nobody."""
        self.needs(store, "fenced")
        old = store.acquire(record.run_id, owner)
        old.release()
        new = store.acquire(record.run_id, owner)
        with pytest.raises(RunBusyError):
            store.commit(old, evolve(record, status="failed"), {})
        with pytest.raises(RunBusyError):
            store.append(old, [an_item("a")])
        old.release()
        assert store.owner(record.run_id) == owner
        assert store.load(record.run_id).record == record
        assert store.load(record.run_id).entries == ()
        new.release()

    def test_a_lease_of_another_store_is_refused(self, store: StateStore, record: RunRecord) -> None:
        """Whatever epoch it says it has."""

        class Stranger:
            run_id = record.run_id
            epoch = 99

            def release(self) -> None: ...

        with pytest.raises(RunBusyError):
            store.commit(Stranger(), record, {})

    def test_many_threads_with_a_run_each_do_not_mix(self, open_store: OpenStore, owner: Owner) -> None:
        """Calls for different runs come from many threads at once."""
        store = open_store()
        names = [f"run-20261123-2238{number:02}-7f3a9c" for number in range(12)]

        def whole(name: str) -> None:
            record = a_record(name)
            store.create(record, io.BytesIO(SOURCE))
            lease = store.acquire(name, owner)
            for key in (1, 2):
                data = f'"{name} {key}"'.encode()
                store.append(lease, [an_item(name, step=f"part-{key}"), an_item(name, step="part-9")])
                record = done(record, key, data)
                store.commit(lease, record, {f"steps/step-{key}.json": data})
            lease.release()

        with ThreadPoolExecutor(12) as pool:
            list(pool.map(whole, names))
        for name in names:
            stored = open_store().load(name)
            assert [step.key for step in stored.record.step_outputs.values()] == [1, 2]
            assert stored.entries == (an_item(name, step="part-9"),) * 2
            assert open_store().read(name, "steps/step-2.json") == f'"{name} 2"'.encode()

    # --- processes that are killed -----------------------------------------------------------------------------------

    def test_what_a_killed_process_was_told_is_kept_is_there(
        self, open_store: OpenStore, record: RunRecord, owner: Owner
    ) -> None:
        """On return it is on the disk; nothing waits for a release, a close or an exit."""
        self.needs(open_store(), "durable")
        after = done(record, 1, b"[1]")

        def work() -> None:
            store = open_store()
            lease = store.acquire(record.run_id, owner)
            store.commit(lease, after, {"steps/step-1.json": b"[1]"})
            store.append(lease, [an_item("a", step="part-2")])
            store.append(lease, [an_item("b", step="part-2"), an_item("q", step="part-2", stays=True)])

        with killed_child(work):
            pass
        store = open_store()
        stored = store.load(record.run_id)
        assert stored.record == after
        assert sorted(entry.key for entry in stored.entries) == ["a", "b", "q"]
        assert store.read(record.run_id, "steps/step-1.json") == b"[1]"
        lease = store.acquire(record.run_id, owner)
        store.commit(lease, done(after, 2, b"[2]"), {"steps/step-2.json": b"[2]"})
        lease.release()

    def test_the_lock_of_a_killed_process_is_free(self, open_store: OpenStore, record: RunRecord, owner: Owner) -> None:
        """And not before: no clock decides that. The next owner has a higher epoch."""
        store = open_store()
        self.needs(store, "durable")
        self.needs(store, "exclusive")
        first = store.acquire(record.run_id, owner)
        first.release()
        with killed_child(lambda: open_store().acquire(record.run_id, Owner.this_process())) as child:
            found = store.owner(record.run_id)
            assert found is not None
            assert found.pid == child
            with pytest.raises(RunBusyError) as caught:
                store.acquire(record.run_id, owner)
            assert caught.value.pid == child != os.getpid()
        lease = _taken_soon(store, record.run_id, owner)
        assert lease.epoch > first.epoch + 1
        lease.release()


def _taken_soon(store: StateStore, run_id: str, owner: Owner) -> Lease:
    """The run: a server may need a moment to see that a connection has ended."""
    for _ in range(200):
        try:
            return store.acquire(run_id, owner)
        except RunBusyError:
            threading.Event().wait(0.05)
    return store.acquire(run_id, owner)
