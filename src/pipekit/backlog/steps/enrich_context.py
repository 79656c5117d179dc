"""Step 4: what the past says about each candidate."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import Retrieval, step
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.review import Review, reviewed
from pipekit.backlog.offline import enrich_context as rule
from pipekit.backlog.settings import ContextSettings
from pipekit.interfaces import Hit

__all__ = ["enrich_context"]


@step(provides="context", each="candidates")
async def enrich_context(
    candidate: Candidate,
    candidates: Sequence[Sibling],
    retrieval: Retrieval,
    settings: ContextSettings,
    dependencies: DependencyMap | None = None,
    review: Review | None = None,
) -> Context:
    """Similar work, decisions, documents and lessons that the configured retrievers find, and related siblings."""
    candidate = reviewed(candidate, review)
    hits: list[Hit] = []
    if retrieval.sources:
        for query in rule.context_queries(candidate):
            hits.extend(await retrieval.search(query, limit=settings.rag_top_k))
    return rule.enrich_context(candidate, hits, candidates, dependencies, settings, sources=retrieval.sources)
