"""A store finds its runs: newest first, narrowed, and with the status that they really have."""

from __future__ import annotations

import io
from datetime import timedelta

from attrs import evolve

from pipekit.interfaces import Owner, RunQuery, StateStore
from pipekit.state.record import RunRecord
from pipekit.testing.contracts.store_tests import SOURCE, OpenStore, StoreTests, a_record

__all__ = ["ListingTests"]

_NAMES = [f"run-2026112{day}-120000-abcdef" for day in range(5)]


class ListingTests(StoreTests):
    """What `find` yields."""

    def test_runs_are_found_newest_first(self, store: StateStore, owner: Owner) -> None:
        """By their ids, which begin with the time of their making: not by when they came into the store or changed."""
        self.needs(store, "query")
        for place in (2, 0, 4, 1, 3):
            moved = timedelta(days=7 * place if place % 2 else -7 * place)
            record = a_record(_NAMES[place])
            store.create(
                evolve(record, started_at=record.started_at + moved, updated_at=record.updated_at - moved),
                io.BytesIO(SOURCE),
            )
        lease = store.acquire(_NAMES[0], owner)
        store.commit(lease, evolve(a_record(_NAMES[0]), updated_at=a_record().updated_at + timedelta(days=99)), {})
        lease.release()
        assert [found.run_id for found in store.find(RunQuery())] == _NAMES[::-1]

    def test_a_listing_can_be_narrowed(self, store: StateStore, owner: Owner) -> None:
        """By status, by the beginning of the id and by number, and by all of them."""
        self.needs(store, "query")
        for name in _NAMES:
            store.create(a_record(name), io.BytesIO(SOURCE))
        lease = store.acquire(_NAMES[0], owner)
        store.commit(lease, evolve(a_record(_NAMES[0]), status="completed", current_step=None), {})
        lease.release()
        lease = store.acquire(_NAMES[1], owner)
        store.commit(lease, evolve(a_record(_NAMES[1]), status="paused", paused_reason="until"), {})

        def found(**narrowed: object) -> list[str]:
            return [run.run_id for run in store.find(RunQuery(**narrowed))]  # type: ignore[arg-type]

        assert found(limit=2) == _NAMES[:2:-1]
        assert found(limit=0) == []
        assert found(prefix="run-20261123") == [_NAMES[3]]
        assert found(prefix=_NAMES[2]) == [_NAMES[2]]
        assert found(prefix="%") == found(prefix="run_") == found(prefix="é") == found(prefix="\ud800") == []
        assert found(status="interrupted", limit=1) == [_NAMES[4]]
        assert found(status="completed", limit=1) == [_NAMES[0]]
        assert found(status="interrupted", prefix="run-20261122") == [_NAMES[2]]
        assert found(status="damaged") == []
        (completed,) = store.find(RunQuery(status="completed"))
        assert (completed.run_id, completed.current_step, completed.workflow) == (_NAMES[0], None, "acme")
        (paused,) = store.find(RunQuery(status="paused"))
        assert (paused.run_id, paused.reason, paused.started_at) == (_NAMES[1], "until", a_record().started_at)
        assert paused.input_file == "meetings/meeting.txt"
        lease.release()

    def test_a_running_run_without_an_owner_is_interrupted(
        self, store: StateStore, record: RunRecord, owner: Owner
    ) -> None:
        """Whoever worked on it died; its record can't say so."""
        self.needs(store, "query")
        assert [run.status for run in store.find(RunQuery())] == ["interrupted"]
        lease = store.acquire(record.run_id, owner)
        assert [run.status for run in store.find(RunQuery())] == ["running"]
        assert list(store.find(RunQuery(status="interrupted"))) == []
        lease.release()
        assert [run.status for run in store.find(RunQuery(status="interrupted"))] == ["interrupted"]

    def test_a_listing_outlives_what_happens_meanwhile(self, open_store: OpenStore) -> None:
        """Runs are made, finished and forgotten while somebody reads; each is yielded once."""
        store, other = open_store(), open_store()
        self.needs(store, "query")
        for name in _NAMES:
            store.create(a_record(name), io.BytesIO(SOURCE))
        found = []
        for run in store.find(RunQuery()):
            found.append(run.run_id)
            if len(found) == 2:
                other.create(a_record("run-20261199-000000-abcdef"), io.BytesIO(SOURCE))
                if "prune" in store.abilities:
                    other.delete(_NAMES[4])
        assert found == _NAMES[::-1]
