"""How candidates depend on each other, as a model is asked for it. Order and cycles are computed in the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import evolve, frozen

from pipekit.backlog.asked.quotes import quotes_of
from pipekit.backlog.asked.wording import one_line, shortened
from pipekit.backlog.model.candidate import Sibling
from pipekit.backlog.model.dependency import Dependency, DependencyMap, DependencyType, arrange_candidates
from pipekit.backlog.model.meeting import Meeting

__all__ = ["AskedDependencies", "AskedDependency", "all_of", "dependencies_from", "known_id", "names_of"]


@frozen(kw_only=True)
class AskedDependency:
    """One dependency: the source is the id of the candidate that waits, the target the id of what it waits for.

    The quote is copied from the meeting and says so; empty when the dependency only follows from what the two are.
    """

    quote: str = ""
    source: str
    target: str
    type: DependencyType
    strength: Literal["hard", "soft"]
    reason: str = ""


@frozen(kw_only=True)
class AskedDependencies:
    """All dependencies between the candidates; none is a normal answer."""

    dependencies: tuple[AskedDependency, ...]


def dependencies_from(asked: AskedDependencies, candidates: Sequence[Sibling], meeting: Meeting) -> DependencyMap:
    """The map with its order: ids that nobody has are dropped with a warning, cycles are broken and reported."""
    quotes = quotes_of(meeting)
    ids = [candidate.id for candidate in candidates]
    known = names_of(candidates)
    edges: list[Dependency] = []
    warnings: list[str] = []
    for one in asked.dependencies:
        source, target = known_id(one.source, known), known_id(one.target, known)
        if source is None or target is None:
            ghost = shortened(one.source if source is None else one.target, 40)
            warnings.append(f"dropped a dependency: there is no candidate “{ghost}”")
            continue
        span = quotes.find(one.quote)
        if span is None and one.quote.strip():
            warnings.append(f"{source} on {target}: the words given for it aren't in the meeting")
        edges.append(
            Dependency(
                source=source,
                target=target,
                type=one.type,
                reason=one_line(one.reason) or (span.quote if span else ""),
                strength="soft" if one.type == "relates-to" else one.strength,
                evidence=(span,) if span else (),
            )
        )
    found = arrange_candidates(ids, edges)
    return evolve(found, warnings=(*warnings, *found.warnings))


def known_id(given: str, names: Mapping[str, str]) -> str | None:
    """The id of a candidate that a model names by its id or its title; None for anything else."""
    return names.get(one_line(given).strip(" \"'“”`[]").casefold())


def names_of(candidates: Sequence[Sibling]) -> Mapping[str, str]:
    """What each candidate may be called. An id is never taken for somebody else's title."""
    names: dict[str, str] = {}
    for candidate in candidates:
        names.setdefault(one_line(candidate.title).casefold(), candidate.id)
    for candidate in candidates:
        names[candidate.id.casefold().replace("-", " ")] = candidate.id
        names[candidate.id.casefold()] = candidate.id
    return names


def all_of(answers: Sequence[AskedDependencies]) -> AskedDependencies:
    """What the answers to parts of one meeting name, together."""
    return AskedDependencies(dependencies=tuple(one for answer in answers for one in answer.dependencies))
