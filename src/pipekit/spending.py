"""What runs spent on models, added up from their ledgers: by step and by model, and of all runs on a day."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from attrs import frozen

from pipekit.errors import PipekitError
from pipekit.interfaces.state_stores import RunQuery, RunSummary, StateStore
from pipekit.llm.budget import Amount, spent_by
from pipekit.llm.daily import Others
from pipekit.state.ledger import Charge

__all__ = ["Spending", "SpendingPart", "SpentByOthers", "Sum", "spending_of", "spending_of_run"]


@frozen(kw_only=True)
class Sum:
    """Attempts at models, added up; tokens are those that servers told of.

    ``answered``, ``refused`` and ``lost`` part the ``calls`` by how they ended. A refused call costs nothing; of a lost
    one nobody knows whether it is charged for, unless its model is free: ``uncertain`` counts those. ``known_cost``
    adds up what is known, in US dollars, and ``unpriced`` counts the answers whose price isn't.
    """

    calls: int = 0
    answered: int = 0
    refused: int = 0
    lost: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    known_cost: float = 0.0
    unpriced: int = 0
    uncertain: int = 0

    @property
    def cost(self) -> float | None:
        """US dollars, None where the price of an answer isn't known. Calls that are uncertain are not in it."""
        return None if self.unpriced else self.known_cost

    @classmethod
    def of(cls, charges: Iterable[Charge]) -> Sum:
        """These charges, added up."""
        found = list(charges)
        endings = [charge.ending for charge in found]
        return cls(
            calls=len(found),
            answered=endings.count("answered"),
            refused=endings.count("refused"),
            lost=endings.count("lost") + endings.count("under-way"),
            input_tokens=sum(charge.input_tokens or 0 for charge in found),
            output_tokens=sum(charge.output_tokens or 0 for charge in found),
            cached_tokens=sum(charge.cached_tokens or 0 for charge in found),
            known_cost=math.fsum(charge.cost or 0.0 for charge in found),
            unpriced=sum(charge.ending == "answered" and charge.cost is None for charge in found),
            uncertain=sum(charge.ending in ("lost", "under-way") and charge.cost is None for charge in found),
        )


@frozen(kw_only=True)
class SpendingPart:
    """What one step of one run spent on one model."""

    run_id: str
    step: str
    model: str
    sum: Sum


@frozen(kw_only=True)
class Spending:
    """What was spent: in all, by run, step and model, and ``unread``, the runs that couldn't be read, with the reason.

    ``runs`` are those that were looked at and have a ledger.
    """

    total: Sum
    parts: Sequence[SpendingPart]
    runs: Sequence[str]
    unread: Sequence[tuple[str, str]] = ()

    def by(self, key: Callable[[SpendingPart], tuple[str, ...]]) -> dict[tuple[str, ...], Sum]:
        """The parts added up by a key, in order of first coming."""
        found: dict[tuple[str, ...], Sum] = {}
        for part in self.parts:
            found[key(part)] = _added(found.get(key(part), Sum()), part.sum)
        return found


def spending_of_run(store: StateStore, run_id: str, since: datetime | None = None) -> Spending:
    """What one run spent, in all its attempts, or in those since a moment."""
    return _spending({run_id: store.load(run_id).ledger}, since)


def spending_of(store: StateStore, since: datetime | None = None) -> Spending:
    """What all runs of a store spent, newest first. A run that can't be read is named and spoils no sum."""
    ledgers: dict[str, Sequence[Charge]] = {}
    unread: list[tuple[str, str]] = []
    for run in store.find(RunQuery()):
        # A run changes with each of its charges, so what was last changed before then has none since.
        if since is not None and run.status in ("completed", "failed") and run.updated_at and run.updated_at < since:
            continue
        try:
            ledgers[run.run_id] = store.load(run.run_id).ledger
        except PipekitError as error:
            unread.append((run.run_id, error.message))
    return _spending(ledgers, since, unread)


class SpentByOthers:
    """What the other runs of a store spent on a day; asked around every call, and quick the next time.

    Only a run that is under way gets new lines; of any other what was read once holds until its record changes. One
    that can't be read counts as it did last, and as nothing where it never could be.
    """

    def __init__(self, store: StateStore, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._lock = threading.Lock()
        self._read: dict[str, tuple[object, Sequence[Charge]]] = {}

    def __call__(self, day: date) -> Others:
        """What they spent on this day."""
        settled, reserved = Amount(), Amount()
        with self._lock:
            for run in self._store.find(RunQuery()):
                # What last changed before the day has no line of it.
                if run.run_id == self._run_id or _is_older(run, day):
                    continue
                found = [charge for charge in self._ledger(run) if charge.at.date() == day]
                # What a dead process left under way comes to no end any more.
                is_alive = run.status == "running"
                under_way = [charge for charge in found if is_alive and charge.ending == "under-way"]
                reserved += spent_by(under_way)
                settled += spent_by(charge for charge in found if charge not in under_way)
        return Others(settled, reserved)

    def _ledger(self, run: RunSummary) -> Sequence[Charge]:
        about = (run.status, run.updated_at)
        before = self._read.get(run.run_id)
        if before is not None and before[0] == about and run.status != "running":
            return before[1]
        try:
            ledger: Sequence[Charge] = self._store.load(run.run_id).ledger
        except PipekitError:
            return () if before is None else before[1]
        self._read[run.run_id] = (about, ledger)
        return ledger


def _is_older(run: RunSummary, day: date) -> bool:
    ended = run.status in ("completed", "failed", "paused")
    return ended and run.updated_at is not None and run.updated_at.date() < day


def _spending(
    ledgers: dict[str, Sequence[Charge]], since: datetime | None, unread: Sequence[tuple[str, str]] = ()
) -> Spending:
    grouped: dict[tuple[str, str, str], list[Charge]] = {}
    for run_id, ledger in ledgers.items():
        for charge in ledger:
            if since is None or charge.at >= since:
                grouped.setdefault((run_id, charge.step, charge.model), []).append(charge)
    parts = [
        SpendingPart(run_id=run_id, step=step, model=model, sum=Sum.of(charges))
        for (run_id, step, model), charges in grouped.items()
    ]
    return Spending(
        total=Sum.of(charge for charges in grouped.values() for charge in charges),
        parts=parts,
        runs=list(dict.fromkeys(part.run_id for part in parts)),
        unread=unread,
    )


def _added(one: Sum, other: Sum) -> Sum:
    return Sum(
        calls=one.calls + other.calls,
        answered=one.answered + other.answered,
        refused=one.refused + other.refused,
        lost=one.lost + other.lost,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        known_cost=one.known_cost + other.known_cost,
        unpriced=one.unpriced + other.unpriced,
        uncertain=one.uncertain + other.uncertain,
    )
