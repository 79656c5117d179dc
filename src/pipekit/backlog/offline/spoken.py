"""Every rule reads the meeting in the language that is spoken in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.cues import reading
from pipekit.backlog.offline.language import language_of

__all__ = ["in_its_language"]

P = ParamSpec("P")
R = TypeVar("R")


def in_its_language(rule: Callable[P, R]) -> Callable[P, R]:
    """The rule with the cues of the language of the meeting that it is given."""

    @wraps(rule)
    def read(*args: P.args, **kwargs: P.kwargs) -> R:
        meeting = next((one for one in (*args, *kwargs.values()) if isinstance(one, Meeting)), None)
        with reading(language_of(meeting) if meeting else "en"):
            return rule(*args, **kwargs)

    return read
