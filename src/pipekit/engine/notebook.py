"""The finished pieces of work inside open steps: what is kept already, and how more is kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping

from pipekit.errors import StepError
from pipekit.interfaces.state_stores import Entry
from pipekit.serde import JSON, unstructure
from pipekit.state.ledger import CHARGE, Charge

__all__ = ["Notebook"]


class Notebook:
    """Entries of the attempts that are under way, by step, kind and key."""

    def __init__(
        self,
        entries: Iterable[Entry],
        attempt_of: Callable[[str], int],
        keep: Callable[..., Awaitable[None]],
    ) -> None:
        self._attempt_of = attempt_of
        self._keep = keep
        self._entries: dict[tuple[str, str, str], Entry] = {}
        self._under_way: dict[tuple[str, str], tuple[str, asyncio.Future[None]]] = {}
        for entry in entries:
            self._entries[entry.step, entry.kind, entry.key] = entry

    def find(self, step: str, kind: str, key: str) -> JSON:
        """The kept value, or None; an entry of an earlier attempt counts no more."""
        entry = self._entries.get((step, kind, key))
        return None if entry is None or entry.attempt != self._attempt_of(step) else entry.value

    async def keep(
        self, step: str, kind: str, key: str, value: JSON, *, stays: bool = False, charges: Iterable[Charge] = ()
    ) -> None:
        """Keep a value, and with it what it took: both or neither; durable on return."""
        entry = self._entry(step, kind, key, value, stays=stays)
        await self._keep(*self._charges(step, charges), entry)
        self._entries[step, kind, key] = entry

    async def charge(self, step: str, charges: Iterable[Charge]) -> None:
        """Keep lines of the ledger; durable on return. Of one attempt the last line counts."""
        await self._keep(*self._charges(step, charges))

    def _charges(self, step: str, charges: Iterable[Charge]) -> list[Entry]:
        return [self._entry(step, CHARGE, charge.id, unstructure(charge), stays=True) for charge in charges]

    def _entry(self, step: str, kind: str, key: str, value: JSON, *, stays: bool) -> Entry:
        return Entry(step=step, kind=kind, key=key, value=value, attempt=self._attempt_of(step), stays=stays)

    async def once(self, step: str, key: str, about: Mapping[str, str], work: Callable[[], Awaitable[JSON]]) -> JSON:
        """The kept result of ``work`` under this key, or what it gives now, kept before anybody sees it.

        ``about`` has the digest of the work's ``inputs`` and of the step's own (``basis``): under a key that was used
        with other inputs nothing is done, and with another basis it is done anew.
        """
        inputs = about["inputs"]
        while (under_way := self._under_way.get((step, key))) is not None:
            if under_way[0] != inputs:
                raise _reused(step, key)
            with contextlib.suppress(Exception):  # whoever does the work is told; this one tries itself
                await asyncio.shield(under_way[1])
        kept = self.find(step, "once", key)
        if kept is not None and kept["about"].get("basis") == about.get("basis"):
            if kept["about"]["inputs"] != inputs:
                raise _reused(step, key)
            return kept["result"]
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way[step, key] = (inputs, done)
        try:
            result = await work()
            await self.keep(step, "once", key, {"about": dict(about), "result": result})
            return result
        finally:
            del self._under_way[step, key]
            done.set_result(None)


def _reused(step: str, key: str) -> StepError:
    return StepError(
        f"the key {key!r} of the step {step} was used with other inputs before",
        kind="key-reuse",
        step=step,
        hint=f"give each piece of work a key of its own; if the inputs changed on purpose: --from-step {step}",
    )
