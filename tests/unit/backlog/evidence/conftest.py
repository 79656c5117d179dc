"""Meetings of a few words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipekit.backlog import Meeting, Utterance


def _meeting(*texts: str) -> Meeting:
    return Meeting(
        utterances=tuple(
            Utterance(text=text, line=n, last_line=n, speaker=f"P{n}", start=float(n))
            for n, text in enumerate(texts, start=1)
        )
    )


@pytest.fixture(scope="session")
def said() -> Callable[..., Meeting]:
    """``said("a", "b")`` is a meeting of two turns of talk, on the lines 1 and 2."""
    return _meeting
