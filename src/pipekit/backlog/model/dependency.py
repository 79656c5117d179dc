"""How candidates depend on each other; order and cycles are computed here, whoever named the dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from attrs import evolve, frozen

from pipekit.backlog.model.candidate import Span

__all__ = ["BrokenCycle", "Dependency", "DependencyMap", "DependencyType", "SequencePlace", "arrange_candidates"]

DependencyType = Literal["blocks", "relates-to", "extends"]


@frozen(kw_only=True)
class Dependency:
    """``source`` is the candidate that depends on ``target``. Only blocks and extends say what comes first."""

    source: str
    target: str
    type: DependencyType
    reason: str = ""
    strength: Literal["hard", "soft"] = "hard"
    evidence: tuple[Span, ...] = ()


@frozen(kw_only=True)
class SequencePlace:
    """When a candidate can be done: ``sequence`` 1 is first; it can go beside others of the same place or not."""

    candidate_id: str
    sequence: int
    can_parallelize: bool


@frozen(kw_only=True)
class BrokenCycle:
    """Candidates that wait for each other: ``path`` starts and ends with the same id, ``broken`` was left out."""

    path: tuple[str, ...]
    broken: Dependency


@frozen(kw_only=True)
class DependencyMap:
    """The dependencies, the order that follows from them, and what had to be mended."""

    dependencies: tuple[Dependency, ...] = ()
    sequence: tuple[SequencePlace, ...] = ()
    cycles: tuple[BrokenCycle, ...] = ()
    warnings: tuple[str, ...] = ()


def arrange_candidates(ids: Sequence[str], dependencies: Iterable[Dependency]) -> DependencyMap:
    """The map of these dependencies: unknown ids and doubles dropped, cycles broken at their weakest edge, in order."""
    kept: list[Dependency] = []
    warnings: list[str] = []
    seen: set[tuple[str, str]] = set()
    for one in dependencies:
        unknown = [end for end in (one.source, one.target) if end not in ids]
        if unknown:
            warnings.append(f"dropped a dependency of {one.source} on {one.target}: there is no {unknown[0]}")
        elif one.source == one.target:
            warnings.append(f"dropped a dependency of {one.source} on itself")
        elif (one.source, one.target) not in seen:
            seen.add((one.source, one.target))
            kept.append(one)
    cycles: list[BrokenCycle] = []
    binding = [one for one in kept if one.type != "relates-to"]
    while (cycle := _find_cycle(ids, binding)) is not None:
        weakest = min(cycle, key=lambda one: (one.strength == "hard", one.type == "blocks", -kept.index(one)))
        path = (*(one.source for one in cycle), cycle[0].source)
        cycles.append(BrokenCycle(path=path, broken=weakest))
        waits = " → ".join(path)
        warnings.append(f"candidates wait for each other: {waits}; left out {weakest.source} on {weakest.target}")
        binding.remove(weakest)
        kept[kept.index(weakest)] = evolve(weakest, type="relates-to", strength="soft")
    return DependencyMap(
        dependencies=tuple(kept), sequence=_places(ids, binding), cycles=tuple(cycles), warnings=tuple(warnings)
    )


def _find_cycle(ids: Sequence[str], edges: Sequence[Dependency]) -> list[Dependency] | None:
    """The edges of one cycle in order, found without recursion; None when there is none."""
    following: dict[str, list[Dependency]] = {id_: [] for id_ in ids}
    for edge in edges:
        following[edge.source].append(edge)
    done: set[str] = set()
    for start in ids:
        path: list[Dependency] = []
        stack = [(start, iter(following[start]))]
        on_path = {start}
        while stack:
            node, edges_left = stack[-1]
            step = next(edges_left, None)
            if step is None:
                stack.pop()
                on_path.discard(node)
                done.add(node)
                if path:
                    path.pop()
            elif step.target in on_path:
                nodes = [place for place, _ in stack]
                return [*path[nodes.index(step.target) :], step]
            elif step.target not in done:
                path.append(step)
                stack.append((step.target, iter(following[step.target])))
                on_path.add(step.target)
    return None


def _places(ids: Sequence[str], edges: Sequence[Dependency]) -> tuple[SequencePlace, ...]:
    """Each candidate one place after the last of those it waits for."""
    waits: dict[str, set[str]] = {id_: set() for id_ in ids}
    for edge in edges:
        waits[edge.source].add(edge.target)
    level: dict[str, int] = {}
    left = list(ids)
    while left:
        ready = [id_ for id_ in left if all(other in level for other in waits[id_])]
        for id_ in ready:
            level[id_] = 1 + max((level[other] for other in waits[id_]), default=0)
        left = [id_ for id_ in left if id_ not in level]
    per_level = {number: sum(1 for other in level.values() if other == number) for number in level.values()}
    return tuple(
        SequencePlace(candidate_id=id_, sequence=level[id_], can_parallelize=per_level[level[id_]] > 1) for id_ in ids
    )
