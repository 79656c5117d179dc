"""Why a sentence of the meeting became a work item, or didn't."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from pipekit.backlog.model.places import Span

__all__ = ["Outcome", "Reason", "Sign"]

#: It asks for a candidate, says again what one is about, or was left out.
Outcome = Literal["candidate", "joined", "dropped"]


@frozen(kw_only=True)
class Sign:
    """A rule that found something in a sentence: its name, the words, and how much they count for work."""

    rule: str
    words: str
    weight: float


@frozen(kw_only=True)
class Reason:
    """What was made of a sentence, and ``because`` of what; ``signs`` are what in it asks for work.

    ``candidate`` is the id of the candidate that it belongs to, None where it was dropped.
    """

    said: Span
    outcome: Outcome
    because: str
    candidate: str | None = None
    signs: tuple[Sign, ...] = ()
