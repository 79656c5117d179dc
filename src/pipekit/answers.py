"""People's answers to the questions of a paused run: what fits a question, and how answers are kept with the run.

An answer is kept as an entry in the run's own journal before anybody acts on it, so that whoever goes on with the run
finds it, whatever happened in between.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve

from pipekit.errors import UsageError
from pipekit.interfaces.state_stores import Entry, Owner, StateStore
from pipekit.serde import JSON, MisfitError, encode, unstructure
from pipekit.state.record import AskedQuestion, RunRecord
from pipekit.state.wording import wording_of

__all__ = [
    "UnfitAnswerError",
    "answer_entries",
    "check_answers",
    "earlier_answers",
    "expected",
    "fitting",
    "keep_answers",
    "open_questions",
]

_SAID = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "json": "a value that JSON can hold",
}


class UnfitAnswerError(ValueError):
    """A value can't be the answer to a question; the message says what can."""


def fitting(asked: AskedQuestion, value: object) -> JSON:
    """The answer as it is kept, as far as that can be told without the step; `UnfitAnswerError` where it is none.

    A choice may be written in any case; text is kept without the blanks around it, and is never empty.
    """
    try:
        plain = unstructure(value)
        encode(plain)
    except MisfitError as error:
        raise UnfitAnswerError(f"it is no {_SAID['json']}: {error}") from error
    if asked.takes in ("text", "json") and isinstance(plain, str) and (asked.choices or asked.takes == "text"):
        return _words(asked, plain)
    whole = isinstance(plain, int) and not isinstance(plain, bool)
    fits = {
        "text": isinstance(plain, str),
        "integer": whole,
        "number": whole or isinstance(plain, float),
        "boolean": isinstance(plain, bool),
        "json": True,
    }
    if not fits[asked.takes]:
        raise UnfitAnswerError(f"it takes {expected(asked)}, not {_shown(plain)}")
    return plain


def _words(asked: AskedQuestion, text: str) -> str:
    words = text.strip()
    if not words:
        raise UnfitAnswerError(f"it takes {expected(asked)}, and this is empty")
    for choice in asked.choices:
        if words.casefold() == choice.casefold():
            return choice
    if asked.choices and not asked.or_text:
        near = difflib.get_close_matches(words.casefold(), list(asked.choices), n=1)
        maybe = f"; did you mean {near[0]}?" if near else ""
        raise UnfitAnswerError(f"it takes {expected(asked)}, not {_shown(words)}{maybe}")
    return words


def expected(asked: AskedQuestion) -> str:
    """What a question takes, in words: ``approve or reject``, ``a whole number``."""
    choices = list(asked.choices)
    if not choices:
        return _SAID[asked.takes]
    if asked.or_text:
        return f"{', '.join(choices)} or other words"
    return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def open_questions(record: RunRecord, entries: Iterable[Entry]) -> tuple[AskedQuestion, ...]:
    """The questions of the record that no entry answers: a run may have been left before its record said so."""
    kept = {
        f"{entry.step}/{entry.key}"
        for entry in entries
        if entry.kind == "answer"
        and entry.attempt == record.attempt_of(entry.step)
        and "earlier" not in entry.value  # that one may be asked all the same, in other words
    }
    return tuple(asked for asked in record.questions if asked.key not in kept)


def check_answers(answers: Mapping[str, object], record: RunRecord, entries: Sequence[Entry]) -> Mapping[str, JSON]:
    """The answers as they are kept; `UsageError` for one that has no question, or doesn't fit it.

    A question is one that is open, or one that was answered before and may be answered better.
    """
    asked = {one.key: one for one in record.questions}
    before = {f"{entry.step}/{entry.key}" for entry in entries if entry.kind == "answer"}
    found: dict[str, JSON] = {}
    for key, value in answers.items():
        if key not in asked and key not in before:
            raise _not_asked(key, record, sorted({*asked, *before}))
        question = asked.get(key) or AskedQuestion(key=key, step=key.partition("/")[0], text="")
        try:
            found[key] = fitting(question, value)
        except UnfitAnswerError as error:
            raise UsageError(
                f"that is no answer: {error}",
                kind="answer",
                where=key,
                run_id=record.run_id,
                hint=f"see what is asked: pipekit show {record.run_id}",
            ) from error
    return found


def _not_asked(key: str, record: RunRecord, known: Sequence[str]) -> UsageError:
    near = difflib.get_close_matches(key, known, n=1)
    open_keys = [asked.key for asked in record.questions]
    asks = f"it asks: {', '.join(open_keys)}" if open_keys else "it has no open question"
    return UsageError(
        f"{record.run_id} doesn't ask this",
        kind="answer",
        where=key,
        run_id=record.run_id,
        hint=f"did you mean {near[0]!r}? {asks}" if near else f"{asks}; see pipekit show {record.run_id}",
    )


def answer_entries(record: RunRecord, answers: Mapping[str, JSON]) -> list[Entry]:
    """The answers as entries of the steps that asked, each with what was asked."""
    entries: list[Entry] = []
    asked = {one.key: wording_of(one) for one in record.questions}
    for key, answer in answers.items():
        step, _, rest = key.partition("/")
        attempt = record.attempt_of(step)
        value: JSON = {"answer": answer, **({"asked": asked[key]} if key in asked else {})}
        entries.append(Entry(step=step, kind="answer", key=rest, value=value, attempt=attempt, stays=True))
    return entries


def earlier_answers(record: RunRecord, entries: Iterable[Entry]) -> list[Entry]:
    """Answers of earlier attempts, for the ones that are next: each counts where the same is asked word for word.

    A step that was begun anew on purpose (``--from-step``) asks everything again.
    """
    found: list[Entry] = []
    for entry in entries:
        attempt = record.attempt_of(entry.step)
        if entry.kind != "answer" or entry.attempt >= attempt or "asked" not in entry.value:
            continue
        if record.answers_hold(entry.step, entry.attempt):
            found.append(evolve(entry, attempt=attempt, value={**entry.value, "earlier": True}))
    return found


def keep_answers(store: StateStore, run_id: str, answers: Mapping[str, object]) -> Sequence[AskedQuestion]:
    """Keep answers with a run without going on with it; the questions that are still open.

    All of them or none: `UsageError` as `check_answers`, `RunBusyError` while somebody works on the run.
    """
    lease = store.acquire(run_id, Owner.this_process())
    try:
        stored = store.load(run_id)
        given = answer_entries(stored.record, check_answers(answers, stored.record, stored.entries))
        if given:
            store.append(lease, given)
        left = open_questions(stored.record, [*stored.entries, *given])
        if left != stored.record.questions:
            store.commit(lease, evolve(stored.record, questions=left, updated_at=datetime.now(UTC)), {})
        return left
    finally:
        lease.release()
