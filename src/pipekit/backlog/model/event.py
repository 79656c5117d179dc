"""What kind of meeting it was."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators

__all__ = ["Event", "EventType"]

EventType = Literal["refinement", "planning", "standup", "retrospective", "other"]


@frozen(kw_only=True)
class Event:
    """The kind of meeting; ``confidence`` is 0–1, ``indicators`` are short phrases from the meeting that show it."""

    event_type: EventType
    confidence: float = field(validator=[validators.ge(0.0), validators.le(1.0)])
    indicators: tuple[str, ...] = ()
