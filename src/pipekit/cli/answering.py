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

#: More questions than this are easier to answer in a file.
_IN_ONE_COMMAND = 3


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
    asked = next((asked for asked in record.questions if asked.key == key), None)
    return key, _value(text[len(key) + 1 :], is_text=asked is not None and asked.takes == "text")


def _value(text: str, *, is_text: bool) -> object:
    """What the text means as JSON, else the text itself; to a question that takes text nothing but quoted text is."""

    def refused(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        value = json.loads(text, parse_constant=refused)
    except (ValueError, RecursionError):
        return text
    return text if is_text and not isinstance(value, str) else value


def _refuse(record: RunRecord, message: str) -> NoReturn:
    from pipekit.errors import UsageError

    if record.questions:
        hint = f"it asks: {', '.join(asked.key for asked in record.questions)}"
    else:
        hint = f"it has no open question; see where it stands: pipekit show {record.run_id}"
    raise UsageError(message, kind="answer", run_id=record.run_id, hint=hint)


def how_to_answer(run_id: str, questions: Sequence[AskedQuestion]) -> str:
    """The line that offers to answer without a terminal: with one command, or from a file where it would be long."""
    if len(questions) > _IN_ONE_COMMAND:
        return f"or from a file: pipekit review {run_id} --questions answers.yaml; pipekit answer {run_id} answers.yaml"
    answers = " ".join(f"--answer {shlex.quote(f'{asked.key}=VALUE')}" for asked in questions)
    return f"answer, and go on: pipekit resume {run_id} {answers}".rstrip()


def questions_json(questions: Sequence[AskedQuestion]) -> list[dict[str, Any]]:
    """The questions as ``--json`` gives them."""
    from pipekit.serde import unstructure

    return [unstructure(one) for one in questions]


def say_questions(questions: Sequence[AskedQuestion]) -> None:
    """Show what is asked, with what helps to answer it, and the key that the answer is given under."""
    from pipekit.answers import expected

    for asked in questions:
        say(f"{asked.step} asks: {one_line(asked.text)}")
        for line in asked.context.splitlines():
            say(f"  {one_line(line)}")
        takes = "" if asked.takes == "json" and not asked.choices else f" ({one_line(expected(asked))})"
        say(f"  key: {one_line(asked.key)}{takes}")
