"""Step 2: the work items that were discussed."""

from __future__ import annotations

from pipekit import LLM, step
from pipekit.backlog.model.candidate import Extraction
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import extract_candidates as rule

__all__ = ["extract_candidates"]


@step(provides=("candidates", "rejected", "extraction_notes"), after="detect-event", offline=rule.extract_candidates)
async def extract_candidates(meeting: Meeting, llm: LLM) -> Extraction:
    """The work items that the meeting asks for, and those that it turned down, each with the words that say so."""
    return await llm.ask("extract-candidates", returns=Extraction, meeting=meeting)
