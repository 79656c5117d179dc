"""What can be taken into a sprint together, from the verdicts on all candidates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.readiness import BatchReadiness, HeldBack, Readiness, sprint_together

__all__ = ["batch_readiness"]

#: What is of use to somebody by itself comes before what serves the team.
_OF_USE = {"feature": 0, "bug": 0, "tech-debt": 1, "spike": 2}


def batch_readiness(
    candidates: Sequence[Candidate], dependencies: DependencyMap | None, readiness: Mapping[str, Readiness]
) -> BatchReadiness:
    """Who can go into a sprint together, and the smallest set of use; ``readiness`` is by candidate id.

    A candidate without a verdict counts as not ready. Only hard dependencies (blocks, extends) hold anybody back.
    """
    needs = _needs(candidates, dependencies)
    ids = _in_sequence(candidates, needs)
    ready = {id_ for id_ in ids if id_ in readiness and readiness[id_].readiness_status == "ready"}
    together = sprint_together(ids, ready, needs)
    held_back = tuple(
        HeldBack(candidate_id=id_, reason=_reason(id_, ready, needs, readiness)) for id_ in ids if id_ not in together
    )
    viable = _viable(candidates, ids, together, needs, readiness)
    notes = (
        [f"{len(together)} of {len(ids)} candidates can be taken together."] if ids else ["There are no candidates."]
    )
    not_ready = [id_ for id_ in viable if id_ not in together]
    if not_ready:
        notes.append(f"No set of use is ready; the nearest one needs {', '.join(not_ready)} to become ready first.")
    return BatchReadiness(
        can_sprint_together=together, minimum_viable_set=viable, held_back=held_back, notes=tuple(notes)
    )


def _needs(candidates: Sequence[Candidate], dependencies: DependencyMap | None) -> Mapping[str, tuple[str, ...]]:
    known = {candidate.id for candidate in candidates}
    needs: dict[str, list[str]] = {candidate.id: [] for candidate in candidates}
    for edge in dependencies.dependencies if dependencies else ():
        is_hard = edge.strength == "hard" and edge.type != "relates-to"
        if is_hard and edge.source in known and edge.target in known and edge.source != edge.target:
            needs[edge.source].append(edge.target)
    return {id_: tuple(dict.fromkeys(targets)) for id_, targets in needs.items()}


def _in_sequence(candidates: Sequence[Candidate], needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The ids with what is needed before what needs it, else in order of mention; cycles end where they began."""
    ordered: dict[str, None] = {}
    for candidate in candidates:
        if candidate.id not in ordered:
            ordered |= dict.fromkeys(reversed(_with_needs(candidate.id, needs, known=ordered)))
    return tuple(ordered)


def _with_needs(id_: str, needs: Mapping[str, Sequence[str]], known: Collection[str] = frozenset()) -> tuple[str, ...]:
    """The id and all that it needs, directly or not, without ``known``; what is needed comes after what needs it."""
    done: dict[str, None] = {}
    path: list[tuple[str, Iterable[str]]] = [(id_, iter(needs.get(id_, ())))]
    entered = {id_}
    while path:
        current, rest = path[-1]
        for need in rest:
            if need not in entered and need not in known:
                entered.add(need)
                path.append((need, iter(needs.get(need, ()))))
                break
        else:
            done[current] = None
            path.pop()
    return tuple(reversed(done))


def _reason(id_: str, ready: set[str], needs: Mapping[str, Sequence[str]], readiness: Mapping[str, Readiness]) -> str:
    if id_ in ready:
        waits_for = [need for need in _with_needs(id_, needs)[1:] if need not in ready]
        return f"ready, but needs {', '.join(waits_for)}, which is not"
    verdict = readiness.get(id_)
    if verdict is None:
        return "its readiness was not checked"
    first = f": {verdict.blocking_issues[0]}" if verdict.blocking_issues else ""
    return f"{verdict.readiness_status}{first}"


def _viable(
    candidates: Sequence[Candidate],
    ids: Sequence[str],
    together: Sequence[str],
    needs: Mapping[str, Sequence[str]],
    readiness: Mapping[str, Readiness],
) -> tuple[str, ...]:
    """The best candidate with all it needs: one of use to somebody, ready, needing little, mentioned early."""

    def rank(index: int) -> tuple[bool, int, int, int, int]:
        candidate = candidates[index]
        members = _with_needs(candidate.id, needs)
        waiting = [id_ for id_ in members if id_ not in together]
        missing = sum(100 - (readiness[id_].readiness_score if id_ in readiness else 0) for id_ in waiting)
        return bool(waiting), _OF_USE.get(candidate.type, 1), missing, len(members), index

    if not candidates:
        return ()
    best = candidates[min(range(len(candidates)), key=rank)]
    members = set(_with_needs(best.id, needs))
    return tuple(id_ for id_ in ids if id_ in members)
