"""Step 1: what kind of meeting this was."""

from __future__ import annotations

from pipekit import LLM, step
from pipekit.backlog.model.event import Event
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import detect_event as rule

__all__ = ["detect_event"]


@step(provides="event", offline=rule.detect_event)
async def detect_event(meeting: Meeting, llm: LLM) -> Event:
    """What kind of meeting this was, with the phrases that show it."""
    return await llm.ask("detect-event", returns=Event, meeting=meeting)
