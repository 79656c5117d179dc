"""Every change to one run, one after the other. Entries that wait at the same time are kept together."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from attrs import evolve

from pipekit.engine.cancelling import settled, uncancelled
from pipekit.interfaces.state_stores import Entry, Lease, StateStore
from pipekit.state.record import RunRecord
from pipekit.workers import in_thread

__all__ = ["Writer"]

_Change = Callable[[RunRecord], RunRecord]


class _Kept:
    """Whether an entry is kept. Whoever waits learns it even when cancelled meanwhile, and is cancelled then."""

    def __init__(self) -> None:
        self._is_settled = False
        self._error: BaseException | None = None
        self._waiting: asyncio.Future[None] | None = None

    def settle(self, error: BaseException | None = None) -> None:
        """It is kept, or it can't be."""
        self._is_settled, self._error = True, error
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self) -> None:
        """Until it is settled; raises what it was settled with."""
        # Each item waits here twice, so it is done without a task and a turn of the loop more, as `settled` needs them.
        stopped: asyncio.CancelledError | None = None
        while not self._is_settled:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            except asyncio.CancelledError as error:
                stopped = error
        if self._error is not None:
            raise self._error
        if stopped is not None:
            raise stopped


class Writer:
    """Changes a held run: commits in turn, and entries in groups, so that many items share one forced write."""

    def __init__(self, store: StateStore, lease: Lease, record: RunRecord) -> None:
        #: The newest committed record.
        self.record = record
        self._store = store
        self._lease = lease
        self._turn = asyncio.Lock()
        self._mutex = threading.Lock()
        self._waiting: list[tuple[tuple[Entry, ...], _Kept]] = []
        self._keeper: asyncio.Task[None] | None = None

    async def keep(self, *entries: Entry) -> None:
        """Keep entries, all of them or none; durable on return, also when cancelled meanwhile."""
        kept = _Kept()
        self._waiting.append((entries, kept))
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_waiting(), name="entries")
        await kept.wait()

    async def _keep_waiting(self) -> None:
        try:
            while self._waiting:
                async with self._turn:
                    group, self._waiting = self._waiting, []
                    entries = [entry for together, _ in group for entry in together]
                    try:
                        await settled(in_thread(functools.partial(self._store.append, self._lease, entries)))
                    except BaseException as error:  # noqa: BLE001 - everyone who waits is told
                        for _, kept in group:
                            kept.settle(error)
                    else:
                        for _, kept in group:
                            kept.settle()
        finally:
            # A loop that ends cancels this task, too. Whoever waits can't be cancelled, and would wait for ever.
            for _, kept in self._waiting:
                kept.settle(asyncio.CancelledError())
            self._waiting = []

    async def commit(self, change: _Change, blobs: Mapping[str, bytes] | None = None) -> RunRecord:
        """Keep what ``change`` makes of the newest record, together with new blobs; durable on return."""
        return await uncancelled(self._commit(change, blobs or {}))

    async def _commit(self, change: _Change, blobs: Mapping[str, bytes]) -> RunRecord:
        async with self._turn:
            return await in_thread(functools.partial(self._commit_now, change, blobs))

    def _commit_now(self, change: _Change, blobs: Mapping[str, bytes]) -> RunRecord:
        # The newest record is known here, and not only once the loop looks again: `leave` builds on it.
        with self._mutex:
            return self._changed(change, blobs)

    def _changed(self, change: _Change, blobs: Mapping[str, bytes]) -> RunRecord:
        record = evolve(change(self.record), updated_at=datetime.now(UTC))
        self._store.commit(self._lease, record, blobs)
        self.record = record
        return record

    def leave(self, change: _Change) -> RunRecord:
        """Commit once more and give the run back, from any thread.

        For a run whose loop doesn't answer: whatever it still tries to write afterwards is refused.
        """
        with self._mutex:
            try:
                return self._changed(change, {})
            finally:
                self._lease.release()
