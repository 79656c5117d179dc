"""Results of items that an earlier attempt at a step made and that still hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from attrs import field, frozen

from pipekit.errors import StateError
from pipekit.planning.plan import PlannedStep
from pipekit.serde import JSON, MisfitError, decode
from pipekit.state.artifacts import Fanned, from_file
from pipekit.state.fingerprint import Dependence, changes
from pipekit.state.record import RunRecord, StepRecord

__all__ = ["PastResults", "past_results"]


@frozen
class PastResults:
    """Results by item id, and the prompts that they came from, as parts of a fingerprint."""

    results: Mapping[str, JSON] = field(factory=dict)
    prompts: Mapping[str, str] = field(factory=dict)


def past_results(
    record: RunRecord,
    planned: PlannedStep,
    now: Callable[[StepRecord], Dependence],
    read: Callable[[str], bytes],
) -> PastResults:
    """What the attempt just before this one has for items that haven't changed; nothing after ``--from-step``.

    A file of the history that is damaged gives nothing: the work is done again.
    """
    before = next((past for past in reversed(record.history) if past.step.name == planned.name), None)
    if (
        before is None
        or planned.step.each is None
        or not before.is_reusable
        or before.step.attempt != record.attempt_of(planned.name) - 1
    ):
        return PastResults()
    depends = now(before.step)
    if changes(before.step.fingerprint, depends.parts):
        return PastResults()
    fanned = _fanned(before.step, read)
    holding = {
        item: fanned.results[item]
        for item, digests in depends.items.items()
        if before.step.items.get(item) == digests and item in fanned.results
    }
    prompts = {part: found for part, found in before.step.fingerprint.items() if part.startswith("prompt ")}
    return PastResults(holding, prompts if holding else {})


def _fanned(step: StepRecord, read: Callable[[str], bytes]) -> Fanned:
    try:
        data = read(step.path)
        if hashlib.sha256(data).hexdigest() != step.sha256:
            return Fanned({})
        made = from_file(
            decode(data),
            provides=step.artifacts,
            is_whole=step.is_whole,
            is_fanned=True,
            id_key=step.item_key,
            name=step.name,
        )
    except (StateError, MisfitError):
        return Fanned({})
    value = made[step.artifacts[0]]
    return value if isinstance(value, Fanned) else Fanned({})
