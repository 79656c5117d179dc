"""Step 2: the work items that were discussed."""

from __future__ import annotations

from pipekit import LLM, step
from pipekit.backlog.asked.candidates import extraction_from
from pipekit.backlog.asked.extraction import AskedExtraction, put_together
from pipekit.backlog.asked.shown import meeting_shown
from pipekit.backlog.model.candidate import Extraction
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import extract_candidates as rule
from pipekit.backlog.orders import told_of_orders

__all__ = ["extract_candidates"]


def _by_rule(meeting: Meeting) -> Extraction:
    return told_of_orders(rule.extract_candidates(meeting), meeting)


@step(provides=("candidates", "rejected", "extraction_notes"), after="detect-event", offline=_by_rule)
async def extract_candidates(meeting: Meeting, llm: LLM) -> Extraction:
    """The work items that the meeting asks for, and those that it turned down, each with the words that say so."""
    if not meeting.utterances:
        return Extraction(extraction_notes=("nothing was said",))
    asked = await llm.ask(
        "extract-candidates", returns=AskedExtraction, merge=put_together, meeting=meeting_shown(meeting)
    )
    return told_of_orders(extraction_from(asked, meeting), meeting)
