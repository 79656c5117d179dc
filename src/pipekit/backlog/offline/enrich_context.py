"""What the past says about a candidate: hits of the retrievers by what they are, and the sibling candidates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.context import (
    Context,
    LessonLearned,
    RelevantAdr,
    SiblingRelationship,
    SiblingWork,
    SimilarWork,
    TechnicalDoc,
)
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.offline.discussion import sentences, shortened
from pipekit.backlog.offline.repetition import NO_WORK, is_of_a_sibling, repetition_of
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.settings import ContextSettings
from pipekit.interfaces.retrievers import Hit

__all__ = ["context_queries", "enrich_context"]

#: Words that two candidates must share to be called related, beyond what the map of dependencies says.
SHARED_WORDS = 3

_RELATIONSHIPS: dict[str, tuple[SiblingRelationship, SiblingRelationship]] = {
    "blocks": ("depends-on", "needed-by"),
    "extends": ("extends", "extended-by"),
    "relates-to": ("relates-to", "relates-to"),
}


def context_queries(candidate: Candidate) -> tuple[str, ...]:
    """What to search the past for: the title alone, which is sharp, and all that was said, which is broad.

    The hits of both go into `enrich_context` together; it keeps the better one of each document.
    """
    said = "\n".join((candidate.title, candidate.description, *candidate.acceptance_criteria))
    return tuple(dict.fromkeys((candidate.title, said)))


def enrich_context(
    candidate: Candidate,
    hits: Sequence[Hit],
    candidates: Sequence[Sibling],
    dependencies: DependencyMap | None,
    settings: ContextSettings,
    sources: Sequence[str] | None = None,
) -> Context:
    """The hits worth keeping, by their kind, with the siblings that ``candidate`` has to do with.

    At most ``rag_top_k`` hits, none below ``rag_threshold``, each document once, and no work items that a sibling is
    about. ``sources`` names what was searched: empty says that nothing is configured, None that it isn't known.
    """
    near = _near(hits, settings)
    theirs = {id(hit): sibling for hit in near if (sibling := is_of_a_sibling(hit, candidate, candidates))}
    kept = [hit for hit in near if id(hit) not in theirs][: settings.rag_top_k]
    siblings = tuple(_siblings(candidate, candidates, dependencies))
    return Context(
        similar_work=tuple(
            SimilarWork(title=hit.title, source=_source(hit), relevance=_share(hit), snippet=hit.snippet)
            for hit in kept
            if hit.kind not in NO_WORK
        ),
        relevant_adrs=tuple(
            RelevantAdr(
                id=hit.id or hit.source,
                title=hit.title,
                decision=hit.attributes.get("decision") or hit.snippet,
                relevance=_share(hit),
            )
            for hit in kept
            if hit.kind == "adr"
        ),
        technical_docs=tuple(
            TechnicalDoc(title=hit.title, source=_source(hit), snippet=hit.snippet) for hit in kept if hit.kind == "doc"
        ),
        lessons_learned=tuple(
            LessonLearned(title=hit.title, source=_source(hit), lesson=_lesson(hit.snippet))
            for hit in kept
            if hit.kind == "lesson"
        ),
        sibling_work=siblings,
        repetition=None if sources is not None and not sources else repetition_of(candidate, kept),
        context_summary=" ".join(
            (
                _summary(kept, len(hits) - len(near), siblings, settings, sources),
                *(f"“{hit.title}” is left to {theirs[id(hit)].id}." for hit in near if id(hit) in theirs),
            )
        ),
    )


def _near(hits: Sequence[Hit], settings: ContextSettings) -> Sequence[Hit]:
    """Each document once, by its better hit, best first."""
    best: dict[tuple[str, str], Hit] = {}
    for hit in sorted(hits, key=lambda hit: -hit.relevance):
        if hit.relevance >= settings.rag_threshold:
            best.setdefault((hit.source, hit.title), hit)
    return list(best.values())


def _share(hit: Hit) -> float:
    return max(0.0, min(1.0, hit.relevance))


def _source(hit: Hit) -> str:
    return f"{hit.id} ({hit.source})" if hit.id and hit.id not in hit.source else hit.source


def _lesson(snippet: str) -> str:
    """The sentence that says what to do, when there is one."""
    told = [text for text in sentences(snippet) if {"recommend", "lesson", "learn", "better"} & content_words(text)]
    return told[0] if told else snippet


def _siblings(
    candidate: Candidate, candidates: Sequence[Sibling], dependencies: DependencyMap | None
) -> Iterable[SiblingWork]:
    named: set[str] = set()
    others = {other.id: other for other in candidates if other.id != candidate.id}
    for edge in dependencies.dependencies if dependencies else ():
        forward, backward = _RELATIONSHIPS[edge.type]
        for mine, theirs, relationship in ((edge.source, edge.target, forward), (edge.target, edge.source, backward)):
            if mine == candidate.id and theirs in others and theirs not in named:
                named.add(theirs)
                yield _sibling(others[theirs], relationship, edge.reason or f"the map of dependencies says {edge.type}")
    own = content_words(f"{candidate.title} {candidate.description}")
    for other in others.values():
        shared = own & content_words(f"{other.title} {other.raw_context}")
        if other.id not in named and len(shared) >= SHARED_WORDS and own & content_words(other.title):
            yield _sibling(other, "relates-to", f"both speak of {', '.join(sorted(shared)[:5])}")


def _sibling(other: Sibling, relationship: SiblingRelationship, reason: str) -> SiblingWork:
    return SiblingWork(
        candidate_id=other.id,
        title=other.title,
        relationship=relationship,
        reason=reason,
        relevant_context=shortened(other.raw_context, 200),
    )


def _summary(
    kept: Sequence[Hit],
    found: int,
    siblings: Sequence[SiblingWork],
    settings: ContextSettings,
    sources: Sequence[str] | None,
) -> str:
    parts: list[str] = []
    if sources is not None and not sources:
        parts.append("No sources of earlier work are configured.")
    elif not kept and found:
        parts.append(f"Nothing in the sources comes as near as {settings.rag_threshold:g} ({found} further away).")
    elif not kept:
        parts.append("Nothing in the sources has to do with it.")
    else:
        first = kept[0]
        more = f" and {len(kept) - 1} more" if len(kept) > 1 else ""
        parts.append(f"Found “{first.title}” ({_source(first)}, relevance {first.relevance:.2f}){more}.")
    relations = (
        f"{sibling.relationship.replace('-', ' ').capitalize()} {sibling.candidate_id} “{sibling.title}”."
        for sibling in siblings[:3]
    )
    return " ".join((*parts, *relations))
