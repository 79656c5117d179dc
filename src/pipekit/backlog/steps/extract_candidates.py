"""Step 2: the work items that were discussed."""

from __future__ import annotations

from pipekit import LLM, step
from pipekit.backlog.asked.candidates import extraction_from
from pipekit.backlog.asked.extraction import AskedExtraction, put_together
from pipekit.backlog.asked.shown import meeting_shown
from pipekit.backlog.model.candidate import Extraction
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import extract_candidates as rule

__all__ = ["extract_candidates"]


@step(provides=("candidates", "rejected", "extraction_notes"), after="detect-event", offline=rule.extract_candidates)
async def extract_candidates(meeting: Meeting, llm: LLM) -> Extraction:
    """The work items that the meeting asks for, and those that it turned down, each with the words that say so."""
    if not meeting.utterances:
        return Extraction(extraction_notes=("nothing was said",))
    asked = await llm.ask(
        "extract-candidates", returns=AskedExtraction, merge=put_together, meeting=meeting_shown(meeting)
    )
    return extraction_from(asked, meeting)
