"""After step 2: how the candidates depend on each other."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import LLM, step
from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import map_dependencies as rule

__all__ = ["map_dependencies"]


@step(provides="dependencies", offline=rule.map_dependencies)
async def map_dependencies(meeting: Meeting, candidates: Sequence[Candidate], llm: LLM) -> DependencyMap:
    """Who waits for whom, the order that follows, and what can be done side by side."""
    return await llm.ask("map-dependencies", returns=DependencyMap, meeting=meeting, candidates=candidates)
