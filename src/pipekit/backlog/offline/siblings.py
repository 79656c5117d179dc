"""What the other candidates of the meeting take care of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipekit.backlog.model.candidate import Sibling
from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.offline.signals import content_words

__all__ = ["by_id", "needed_by", "sibling_named_in", "sibling_that_covers"]

#: Share of a text's words that a sibling's text must hold to cover it.
COVERED = 0.6


def by_id(candidates: Iterable[Sibling]) -> Mapping[str, Sibling]:
    """The candidates by id."""
    return {candidate.id: candidate for candidate in candidates}


def needed_by(candidate: Sibling, dependencies: DependencyMap | None) -> Sequence[Dependency]:
    """The dependencies that ``candidate`` has, in their order."""
    return [edge for edge in (dependencies.dependencies if dependencies else ()) if edge.source == candidate.id]


def sibling_that_covers(text: str, candidate: Sibling, candidates: Iterable[Sibling]) -> Sibling | None:
    """The sibling that states nearly all that ``text`` is about, as a criterion, its title or in its own words.

    Naming a sibling is not enough: what is asked has to be said there.
    """
    words = content_words(text)
    if len(words) < 2:
        return None
    for sibling in candidates:
        if sibling.id == candidate.id:
            continue
        for stated in (*sibling.acceptance_criteria, sibling.title, sibling.raw_context):
            if len(words & content_words(stated)) >= max(2, COVERED * len(words)):
                return sibling
    return None


def sibling_named_in(text: str, candidate: Sibling, candidates: Iterable[Sibling]) -> Sibling | None:
    """The sibling whose title's words ``text`` uses most, at least two of them and more than this candidate's own."""
    words = content_words(text)
    own = content_words(candidate.title)
    best: tuple[float, Sibling] | None = None
    for sibling in candidates:
        title = content_words(sibling.title) - own
        shared = len(words & title)
        if sibling.id != candidate.id and title and shared >= min(2, len(title)):
            share = shared / len(title)
            if best is None or share > best[0]:
                best = (share, sibling)
    return best[1] if best else None
