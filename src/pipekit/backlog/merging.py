"""Several sources of one meeting: two recordings, the chat beside the talk, or the notes that somebody took."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from pipekit.backlog.model.meeting import Meeting, MeetingSource, Utterance
from pipekit.backlog.speakers import with_one_name_each

__all__ = ["merge_meetings"]


def merge_meetings(meetings: Sequence[Meeting]) -> Meeting:
    """One meeting of all, in this order; every utterance says which source it is of, and where it stands there.

    ``line`` goes on counting from one source to the next, so that no line is two.
    """
    names = _told_apart([one.source for one in meetings])
    said: list[Utterance] = []
    sources: list[MeetingSource] = []
    before = 0
    for meeting, name in zip(meetings, names, strict=True):
        sources.append(MeetingSource(name=name, before=before, format=meeting.format, unit=meeting.unit))
        said += [
            evolve(one, line=one.line + before, last_line=one.last_line + before, source=name, source_line=one.line)
            for one in meeting.utterances
        ]
        before += max((one.last_line for one in meeting.utterances), default=0)
    days = list(dict.fromkeys(one.date for one in meetings if one.date))
    titles = list(dict.fromkeys(one.title for one in meetings if one.title))
    warned = [f"{name}: {text}" for one, name in zip(meetings, names, strict=True) for text in one.warnings]
    told = (f"the inputs are of more than one day ({', '.join(days)}); the meeting has the first",) if days[1:] else ()
    return with_one_name_each(
        Meeting(
            utterances=tuple(said),
            title=" + ".join(titles) or None,
            date=days[0] if days else None,
            attendees=tuple(dict.fromkeys(name for one in meetings for name in one.attendees)),
            source=" + ".join(names),
            format="merged",
            sources=tuple(sources),
            warnings=(*warned, *told),
        )
    )


def _told_apart(names: Sequence[str]) -> list[str]:
    """The last part of each path; where two are alike, the whole of them, and a number where even these are."""
    last = [name.replace("\\", "/").rpartition("/")[2] for name in names]
    shown = [name if last.count(short) > 1 else short for name, short in zip(names, last, strict=True)]
    return [
        f"{name} ({shown[: index + 1].count(name)})" if shown.count(name) > 1 else name
        for index, name in enumerate(shown)
    ]
