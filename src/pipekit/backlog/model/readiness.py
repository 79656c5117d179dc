"""Whether candidates meet the Definition of Ready. The verdicts are computed here, whoever made the checks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from attrs import evolve, field, frozen, validators

__all__ = [
    "BatchReadiness",
    "CheckStatus",
    "DorCheck",
    "DorChecks",
    "HeldBack",
    "Readiness",
    "ReadinessStatus",
    "complete_checks",
    "readiness_of",
    "readiness_score",
    "readiness_status",
    "sprint_together",
]

ReadinessStatus = Literal["ready", "needs-refinement", "not-ready"]
CheckStatus = Literal["pass", "fail", "partial", "unchecked"]

_PERCENT = validators.and_(validators.instance_of(int), validators.ge(0), validators.le(100))


@frozen(kw_only=True)
class DorCheck:
    """One criterion of the Definition of Ready and how it came out; ``unchecked`` waits for a model or a person."""

    criterion: str
    status: CheckStatus
    notes: str = ""


@frozen(kw_only=True)
class DorChecks:
    """All checks, in the order of the team's file."""

    required: tuple[DorCheck, ...] = ()
    recommended: tuple[DorCheck, ...] = ()


@frozen(kw_only=True)
class Readiness:
    """Whether one candidate can be started: status and score (0–100) follow from the checks."""

    readiness_status: ReadinessStatus
    readiness_score: int = field(validator=_PERCENT)
    dor_checks: DorChecks
    blocking_issues: tuple[str, ...] = ()
    improvement_actions: tuple[str, ...] = ()


@frozen(kw_only=True)
class HeldBack:
    """A candidate that can't be taken into the sprint, and why."""

    candidate_id: str
    reason: str


@frozen(kw_only=True)
class BatchReadiness:
    """What can be taken into a sprint together.

    ``can_sprint_together``: ids of all ready candidates whose blocking dependencies are ready too, first one first.
    ``minimum_viable_set``: ids of the smallest set of them that is of use to somebody, with all it depends on; the
    nearest such set when nothing is ready, which ``notes`` then says.
    """

    can_sprint_together: tuple[str, ...] = ()
    minimum_viable_set: tuple[str, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    notes: tuple[str, ...] = ()


_WORTH: Mapping[CheckStatus, float] = {"pass": 1.0, "partial": 0.5, "fail": 0.0, "unchecked": 0.0}
_ACTIONS: Mapping[CheckStatus, str] = {"fail": "make true", "partial": "complete", "unchecked": "have somebody check"}


def complete_checks(checks: DorChecks, *, required: Sequence[str], recommended: Sequence[str]) -> DorChecks:
    """The checks for exactly these criteria, in this order; one that nobody made is ``unchecked``.

    Criteria are compared without case and outer blanks. Of two checks of one criterion the worse counts; checks of
    unknown criteria are dropped, so that no reply can add an easy one.
    """
    return DorChecks(
        required=_in_order(required, checks.required), recommended=_in_order(recommended, checks.recommended)
    )


def _in_order(criteria: Sequence[str], checks: Sequence[DorCheck]) -> tuple[DorCheck, ...]:
    found: dict[str, DorCheck] = {}
    for check in checks:
        key = check.criterion.strip().casefold()
        if key not in found or _WORTH[check.status] < _WORTH[found[key].status]:
            found[key] = check
    result: list[DorCheck] = []
    for criterion in criteria:
        made = found.get(criterion.strip().casefold())
        if made is None:
            result.append(DorCheck(criterion=criterion, status="unchecked", notes="nobody checked this"))
        else:
            result.append(evolve(made, criterion=criterion))
    return tuple(result)


def readiness_status(checks: DorChecks) -> ReadinessStatus:
    """``ready`` only when every required check passes, and there is one; ``not-ready`` when half or less is met.

    A partial check counts half, a failed or unchecked one nothing. Recommended checks never change the status.
    """
    statuses = [check.status for check in checks.required]
    if statuses and all(status == "pass" for status in statuses):
        return "ready"
    met = sum(_WORTH[status] for status in statuses)
    return "needs-refinement" if met > len(statuses) / 2 else "not-ready"


def readiness_score(checks: DorChecks) -> int:
    """0–100: the share of checks met, a required one counting three times a recommended one.

    Recommended checks that are unchecked are left out; what keeps a candidate from being ready caps the score at 89.
    """
    weighted = [(check.status, 3.0) for check in checks.required]
    weighted += [(check.status, 1.0) for check in checks.recommended if check.status != "unchecked"]
    total = sum(weight for _, weight in weighted)
    if not total:
        return 0
    score = int(100 * sum(_WORTH[status] * weight for status, weight in weighted) / total + 0.5)
    return score if readiness_status(checks) == "ready" else min(score, 89)


def readiness_of(checks: DorChecks, blockers: Sequence[str] = ()) -> Readiness:
    """The verdict that follows from the checks, whoever made them.

    ``blockers`` are open questions (`pipekit.backlog.model.question.readiness_blockers`): they add to what blocks a
    candidate that isn't ready, and never make one that passes all required checks unready.
    """
    status = readiness_status(checks)
    issues = [
        f"{check.criterion}: {check.notes or check.status}" for check in checks.required if check.status != "pass"
    ]
    issues += [f"open: {text}" for text in blockers]
    return Readiness(
        readiness_status=status,
        readiness_score=readiness_score(checks),
        dor_checks=checks,
        blocking_issues=() if status == "ready" else tuple(dict.fromkeys(issues)),
        improvement_actions=tuple(
            f"{_ACTIONS[check.status]}: {check.criterion}"
            for check in (*checks.required, *checks.recommended)
            if check.status != "pass"
        ),
    )


def sprint_together(
    ids: Sequence[str], ready: Collection[str], needs: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """The ids, in the given order, that are ready and need nothing, directly or not, that isn't.

    ``needs`` maps an id to those it can't do without; cycles are allowed, unknown ids count as not ready.
    """
    taken = set(ready) & set(ids)
    while True:
        fits = {id_ for id_ in taken if all(need in taken for need in needs.get(id_, ()))}
        if fits == taken:
            return tuple(id_ for id_ in ids if id_ in taken)
        taken = fits
