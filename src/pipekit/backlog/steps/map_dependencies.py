"""After step 2: how the candidates depend on each other."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit import LLM, step
from pipekit.backlog.asked.dependencies import AskedDependencies, all_of, dependencies_from
from pipekit.backlog.asked.shown import candidates_shown, meeting_shown
from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import map_dependencies as rule

__all__ = ["map_dependencies"]


@step(provides="dependencies", offline=rule.map_dependencies)
async def map_dependencies(meeting: Meeting, candidates: Sequence[Candidate], llm: LLM) -> DependencyMap:
    """Who waits for whom, the order that follows, and what can be done side by side."""
    if len(candidates) < 2:
        return dependencies_from(AskedDependencies(dependencies=()), candidates, meeting)
    asked = await llm.ask(
        "map-dependencies",
        returns=AskedDependencies,
        merge=all_of,
        meeting=meeting_shown(meeting),
        candidates=candidates_shown(candidates),
    )
    return dependencies_from(asked, candidates, meeting)
