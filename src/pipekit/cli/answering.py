"""Answers to the questions of a paused run: ``pipekit resume RUN --answer KEY=VALUE``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from pipekit.cli.terminal import one_line, say

if TYPE_CHECKING:
    from pipekit.state.record import AskedQuestion, RunRecord

__all__ = ["answers_from", "how_to_answer", "questions_json", "say_questions"]


def answers_from(record: RunRecord, texts: Sequence[str]) -> Mapping[str, object]:
    """The answers by the key of their question; `UsageError` for what nobody asked."""
    found: dict[str, object] = {}
    for text in texts:
        key, value = _parted(record, text)
        if key in found:
            _refuse(record, f"{key} is answered twice")
        found[key] = value
    return found


def _parted(record: RunRecord, text: str) -> tuple[str, object]:
    """Key and value: an open question's key may hold an equals sign itself, so the open ones are tried first."""
    keys = sorted((asked.key for asked in record.questions), key=len, reverse=True)
    key = next((key for key in keys if text.startswith(f"{key}=")), None)
    if key is None:
        key, equals, _ = text.partition("=")
        if not equals:
            _refuse(record, f"--answer needs KEY=VALUE, not {text!r}")
        # A run that failed at an answer of the wrong type asks nothing now, and still wants a better one.
        steps = {planned.name for planned in record.planned}
        if record.questions or key.partition("/")[0] not in steps or "/" not in key:
            _refuse(record, f"{record.run_id} doesn't ask {key!r}")
    return key, _value(text[len(key) + 1 :])


def _value(text: str) -> object:
    """What the text means as JSON, else the text itself."""

    def refused(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refused)
    except (ValueError, RecursionError):
        return text


def _refuse(record: RunRecord, message: str) -> NoReturn:
    from pipekit.errors import UsageError

    if record.questions:
        hint = f"it asks: {', '.join(asked.key for asked in record.questions)}"
    else:
        hint = f"it has no open question; see where it stands: pipekit show {record.run_id}"
    raise UsageError(message, kind="answer", run_id=record.run_id, hint=hint)


def how_to_answer(run_id: str, questions: Sequence[AskedQuestion]) -> str:
    """The command that answers all of these questions, with a place for each value."""
    answers = " ".join(f"--answer {shlex.quote(f'{asked.key}=VALUE')}" for asked in questions)
    return f"pipekit resume {run_id} {answers}".rstrip()


def questions_json(questions: Sequence[AskedQuestion]) -> list[dict[str, Any]]:
    """The questions as ``--json`` gives them."""
    return [{"key": one.key, "step": one.step, "text": one.text, "context": one.context} for one in questions]


def say_questions(questions: Sequence[AskedQuestion]) -> None:
    """Show what is asked, with what helps to answer it, and the key that the answer is given under."""
    for asked in questions:
        say(f"{asked.step} asks: {one_line(asked.text)}")
        if asked.context:
            say(f"  {one_line(asked.context)}")
        say(f"  key: {one_line(asked.key)}")
