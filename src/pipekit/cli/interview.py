"""Questions asked in the terminal, one after the other: lines of text alone, so that any terminal will do."""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from attrs import frozen

from pipekit.answers import UnfitAnswerError, expected, fitting
from pipekit.cli.terminal import one_line, say

if TYPE_CHECKING:
    from pipekit.state.record import AskedQuestion

__all__ = ["Interview"]

#: Seconds after which a signal is heard at the latest.
_LISTEN_EVERY = 0.1

#: Keeps an answer to a question, durable on return.
Keep = Callable[["AskedQuestion", object], None]


@frozen
class _Action:
    """Something that isn't an answer: go to the next question, or leave."""

    word: str
    meaning: str


_SKIP = _Action("skip", "leave it open, and go to the next")
_STOP = _Action("quit", "stop for now; what was answered is kept")


class Interview:
    """Asks questions, and has each answer kept before it asks the next.

    ``waiting`` is entered while nothing but the next line is waited for: only there may a signal interrupt.
    """

    def __init__(
        self, questions: Sequence[AskedQuestion], keep: Keep, waiting: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._questions = questions
        self._keep = keep
        self._waiting = waiting
        self.answered = 0
        self.is_stopped = False

    def hold(self) -> None:
        """Go through all questions once, until one is answered with a stop."""
        for number, asked in enumerate(self._questions, start=1):
            if not self._ask(asked, number):
                self.is_stopped = True
                return

    def _ask(self, asked: AskedQuestion, number: int) -> bool:
        """Whether to go on with the next question."""
        self._show(asked, number)
        words = _words_for(asked)
        while True:
            line = self._line()
            if line is None:
                return False
            chosen = words.get(line.strip().casefold())
            if isinstance(chosen, _Action):
                return chosen is _SKIP
            if not line.strip() and asked.default is None:
                say(f"  {expected(asked)}; s skips it")
                continue
            try:
                answer = self._answer(asked, line, chosen)
            except UnfitAnswerError as error:
                say(f"  {one_line(error)}")
                continue
            self._keep(asked, answer)
            self.answered += 1
            return True

    def _answer(self, asked: AskedQuestion, line: str, chosen: str | None) -> object:
        if chosen is not None:
            return fitting(asked, chosen)
        if not line.strip():
            return fitting(asked, asked.default)
        if asked.takes == "text":
            return fitting(asked, line)
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = line.strip()
        return fitting(asked, value)

    def _show(self, asked: AskedQuestion, number: int) -> None:
        about = [f"{number} of {len(self._questions)}", asked.item, asked.step]
        say()
        say(" · ".join(one_line(part) for part in about if part))
        for line in asked.text.splitlines():
            say(one_line(line))
        for line in asked.context.splitlines():
            say(f"  {one_line(line)}")
        for letter, word, meaning in _choices(asked):
            say(f"  {letter}  {word}: {one_line(meaning)}")
        if asked.or_text:
            say("  or type the answer")
        elif not asked.choices:
            say(f"  type the answer: {expected(asked)}")
        if asked.default is not None:
            say(f"  an empty line takes what is proposed: {one_line(_as_typed(asked.default))}")
        say(f"  s  {_SKIP.word}: {_SKIP.meaning}")
        say(f"  q  {_STOP.word}: {_STOP.meaning}")

    def _line(self) -> str | None:
        """The next line, None at the end of the input (Ctrl-D)."""
        sys.stdout.write("> ")
        sys.stdout.flush()
        with self._waiting():
            # A signal that comes just before a read would be heard only after it, when the next line has been typed.
            while not select.select([sys.stdin], [], [], _LISTEN_EVERY)[0]:
                pass
            line = sys.stdin.readline()
        if not line:
            say()
            return None
        return line.rstrip("\n")


def _as_typed(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _choices(asked: AskedQuestion) -> list[tuple[str, str, str]]:
    """The choices with a letter for each: its first one that is free, or none."""
    taken = {"s", "q"}
    found: list[tuple[str, str, str]] = []
    for word, meaning in asked.choices.items():
        letter = next((one for one in word.casefold() if one.isalnum() and one not in taken), " ")
        taken.add(letter)
        found.append((letter, word, meaning))
    return found


def _words_for(asked: AskedQuestion) -> Mapping[str, str | _Action]:
    """What can be typed in the place of an answer, and stands for one."""
    words: dict[str, str | _Action] = {"s": _SKIP, _SKIP.word: _SKIP, "q": _STOP, _STOP.word: _STOP}
    for letter, word, _ in _choices(asked):
        words[word.casefold()] = word
        if letter != " ":
            words[letter] = word
    return words
