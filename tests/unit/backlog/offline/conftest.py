"""Small meetings and candidates, made in place so that each test shows the words it is about."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from pipekit.backlog.model.candidate import Candidate, Span
from pipekit.backlog.model.meeting import Meeting, Utterance


class Talk(Protocol):
    def __call__(self, *lines: str) -> Meeting: ...


class About(Protocol):
    def __call__(self, title: str, *lines: int, **fields: Any) -> Candidate: ...


@pytest.fixture
def talk() -> Talk:
    """``talk("Ann: Hello.", "- a bullet")`` is a meeting; a line without a name is a bullet of notes."""

    def make(*lines: str) -> Meeting:
        return Meeting(utterances=tuple(_utterance(line, number) for number, line in enumerate(lines, 1)))

    return make


def _utterance(line: str, number: int) -> Utterance:
    speaker, said, text = line.partition(": ")
    if said and not line.startswith("- "):
        return Utterance(text=text, line=number, last_line=number, speaker=speaker)
    return Utterance(text=line.removeprefix("- "), line=number, last_line=number, kind="bullet", level=1)


@pytest.fixture
def about() -> About:
    """``about("A title", 1, 2)`` is a candidate that was discussed on lines 1 and 2."""

    def make(title: str, *lines: int, **fields: Any) -> Candidate:
        spans = tuple(Span(first=line, last=line) for line in lines)
        given: dict[str, Any] = {
            "id": "candidate-1",
            "title": title,
            "description": title,
            "type": "feature",
            "raw_context": "",
            "verified": True,
            "evidence": spans[:1],
            "discussed": spans,
            "acceptance_criteria": (),
            "mentioned_by": (),
        }
        return Candidate(**{**given, **fields})

    return make
