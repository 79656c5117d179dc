"""What people say about a candidate after the meeting: the acceptance criteria that are stated in it."""

from __future__ import annotations

from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.offline.criteria import stated_criteria
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.spoken import in_its_language
from pipekit.backlog.offline.talk import read_talk

__all__ = ["criteria_in"]


@in_its_language
def criteria_in(note: str, meeting: Meeting) -> tuple[str, ...]:  # noqa: ARG001 - its language is the note's
    """The criteria that a note states in the words that a meeting would ("done when …"), in the meeting's language."""
    lines = enumerate(filter(None, map(str.strip, note.splitlines())), start=1)
    said = tuple(Utterance(text=text, line=line, last_line=line, speaker="note") for line, text in lines)
    return tuple(one.text for one in stated_criteria(read_talk(Meeting(utterances=said)), cues()))
