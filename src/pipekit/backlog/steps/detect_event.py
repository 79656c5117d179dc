"""Step 1: what kind of meeting this was."""

from __future__ import annotations

from pipekit import LLM, step
from pipekit.backlog.asked.event import AskedEvent, event_from, likeliest
from pipekit.backlog.asked.shown import opening_shown
from pipekit.backlog.model.event import Event
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import detect_event as rule

__all__ = ["detect_event"]


@step(provides="event", offline=rule.detect_event)
async def detect_event(meeting: Meeting, llm: LLM) -> Event:
    """What kind of meeting this was, with the phrases that show it."""
    if not meeting.utterances:
        return Event(event_type="other", confidence=0.5)  # no model is asked about nothing: it would find something
    asked = await llm.ask("detect-event", returns=AskedEvent, merge=likeliest, meeting=opening_shown(meeting))
    return event_from(asked, meeting)
