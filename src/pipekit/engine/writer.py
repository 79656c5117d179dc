"""Every change to one run, one after the other. Entries that wait at the same time are kept together."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from attrs import evolve

from pipekit.engine.threads import in_thread, uncancelled
from pipekit.interfaces.state_stores import Entry, Lease, StateStore
from pipekit.state.record import RunRecord

__all__ = ["Writer"]


class Writer:
    """Changes a held run: commits in turn, and entries in groups, so that many items share one forced write."""

    def __init__(self, store: StateStore, lease: Lease, record: RunRecord) -> None:
        self.record = record
        self._store = store
        self._lease = lease
        self._turn = asyncio.Lock()
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._keeper: asyncio.Task[None] | None = None

    async def keep(self, entry: Entry) -> None:
        """Keep an entry; durable on return, also when cancelled meanwhile."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, kept))
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_waiting(), name="entries")
        await uncancelled(kept)

    async def _keep_waiting(self) -> None:
        while self._waiting:
            async with self._turn:
                group, self._waiting = self._waiting, []
                entries = [entry for entry, _ in group]
                try:
                    await in_thread(functools.partial(self._store.append, self._lease, entries))
                except BaseException as error:  # noqa: BLE001 - everyone who waits is told
                    for _, kept in group:
                        kept.set_exception(error)
                else:
                    for _, kept in group:
                        kept.set_result(None)

    async def commit(
        self, change: Callable[[RunRecord], RunRecord], blobs: Mapping[str, bytes] | None = None
    ) -> RunRecord:
        """Keep what ``change`` makes of the newest record, together with new blobs; durable on return."""
        return await uncancelled(self._commit(change, blobs or {}))

    async def _commit(self, change: Callable[[RunRecord], RunRecord], blobs: Mapping[str, bytes]) -> RunRecord:
        async with self._turn:
            record = evolve(change(self.record), updated_at=datetime.now(UTC))
            await in_thread(functools.partial(self._store.commit, self._lease, record, blobs))
            self.record = record
            return record
