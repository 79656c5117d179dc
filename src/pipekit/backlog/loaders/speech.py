"""The people whom a line lists, and turns put together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import evolve

from pipekit.backlog.model.meeting import Utterance

__all__ = ["attendees_in", "join_cues"]


def attendees_in(text: str) -> tuple[str, ...]:
    """The people listed behind ``There:``, ``Attendees:`` and the like, roles kept."""
    found = re.search(r"(?i)\b(?:there|attendees|participants|present|aanwezig|teilnehmer)\s*:\s*([^\n]{1,500})", text)
    if not found:
        return ()
    listed = re.split(r"(?i)\.\s|\*|\bnotes?\s*:", found.group(1))[0]
    names = re.split(r"\s*[,;]\s*|\s+(?:and|en|und|&)\s+", listed.strip(" .*_"))
    return tuple(name.strip(" .*_") for name in names if name.strip(" .*_"))


def join_cues(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Cues of one speaker put together while the words don't end a sentence."""
    joined: list[Utterance] = []
    for utterance in utterances:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.speaker == utterance.speaker
            and before.text[-1:] not in '.?!…:"”'
            and len(before.text) < 2000
        ):
            joined[-1] = evolve(before, text=f"{before.text} {utterance.text}", last_line=utterance.last_line)
        else:
            joined.append(utterance)
    return joined
