"""Questions written to a file, to be answered in it, and the answers read back: YAML, or JSON in the same shape."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import field, frozen

from pipekit.answers import expected
from pipekit.cli.terminal import clean
from pipekit.config.scalars import resolve_scalar
from pipekit.errors import InputError
from pipekit.yaml_nodes import CORE, MAX_DEPTH, NotYamlError, compose

if TYPE_CHECKING:
    from pipekit.state.record import AskedQuestion

__all__ = ["AnswerFile", "answer_template", "parse_answers", "parse_fields", "questions_document", "read_answers"]

#: A larger file is no list of answers, in bytes.
MAX_BYTES = 1_000_000
#: Values in one file, each counted as often as an alias names it.
_MAX_VALUES = 50_000
_KEYS = ("run", "runId", "answers", "questions")
#: Keys that YAML takes for text as they are.
_PLAIN_KEY = re.compile(r"[A-Za-z][\w./%-]*")
_SHAPE = "answers: {KEY: ANSWER, …}; pipekit review RUN --questions FILE writes such a file"


@frozen(kw_only=True)
class AnswerFile:
    """What a file answers, by the keys of the questions, and the run that it says it is for.

    ``texts`` are the answers that stand on one line as they were written, for questions that take text: nobody has to
    put quotes around 42 or true. ``places`` has line and column of each.
    """

    name: str
    run: str | None = None
    answers: Mapping[str, object] = field(factory=dict)
    texts: Mapping[str, str] = field(factory=dict)
    places: Mapping[str, tuple[int, int]] = field(factory=dict)

    def place(self, key: str) -> str:
        """``file:line:column`` of an answer."""
        return ":".join(str(part) for part in (self.name, *self.places[key]))


# --- written ---------------------------------------------------------------------------------------------------------


def questions_document(run_id: str, questions: Sequence[AskedQuestion]) -> dict[str, Any]:
    """The questions as JSON, each with a place for its answer."""
    return {"runId": run_id, "questions": [{**_plain(asked), "answer": None} for asked in questions]}


def _plain(asked: AskedQuestion) -> dict[str, Any]:
    from pipekit.serde import unstructure

    plain: dict[str, Any] = unstructure(asked)
    return plain


def answer_template(run_id: str, questions: Sequence[AskedQuestion], *, file: str) -> str:
    """The questions as commented YAML, each with an empty place for its answer."""
    lines = [
        f"# What {run_id} asks. Write each answer behind its key; one that is left empty stays open. Then:",
        f"#   pipekit answer {run_id} {file}",
        f"run: {run_id}",
        "answers:",
    ]
    for number, asked in enumerate(questions, start=1):
        lines += ["", *(f"  # {line}".rstrip() for line in _comment(asked, number, len(questions)))]
        lines.append(f"  {_key(asked.key)}:")
    return "\n".join(lines) + "\n"


def _comment(asked: AskedQuestion, number: int, total: int) -> Iterator[str]:
    about = [f"{number} of {total}", asked.item or "", asked.step]
    yield " · ".join(clean(part) for part in about if part)
    yield from clean(asked.text).splitlines()
    yield from (f"  {line}" for line in clean(asked.context).splitlines())
    for word, meaning in asked.choices.items():
        yield clean(f"{word}: {meaning}").replace("\n", " ")
    if asked.or_text:
        yield "or other words"
    elif not asked.choices:
        yield f"takes {expected(asked)}"
    if asked.default is not None:
        yield f"proposed: {clean(json.dumps(asked.default, ensure_ascii=False))}"


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


# --- read ------------------------------------------------------------------------------------------------------------


def parse_answers(content: bytes, name: str) -> AnswerFile:
    """The answers in a file; `InputError` with line and column for what is none. Empty places are left out."""
    return _Reading(name).file(_root(content, name))


def parse_fields(content: bytes, name: str) -> dict[str, object]:
    """The fields of one item in a file, by name; `InputError` with line and column for what are none."""
    return _Reading(name).fields(_root(content, name))


def _root(content: bytes, name: str) -> Any:
    """The root node of the file, None where it is empty."""
    if len(content) > MAX_BYTES:
        raise InputError(
            f"is larger than answers can be, {MAX_BYTES:,} bytes", file=name, hint="is this the right file?"
        )
    try:
        return compose(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8", file=name, line=line, hint="save it as UTF-8") from error
    except NotYamlError as error:
        where = ":".join(str(part) for part in (name, *(error.place or ())))
        raise InputError(
            f"is neither YAML nor JSON: {error.problem}",
            file=name,
            where=where,
            hint="correct the line; an answer with a colon or a # needs quotes around it",
        ) from error


class _Reading:
    """Takes the nodes of one file apart."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def file(self, root: Any) -> AnswerFile:
        if root is None:
            raise InputError("is empty", file=self._name, hint=_SHAPE)
        found: dict[str, Any] = {}
        for key, key_node, value in self._pairs(root, "the file"):
            if key not in _KEYS:
                near = difflib.get_close_matches(key, _KEYS, n=1)
                self._refuse(key_node, f"{key!r} is not known here", f"did you mean {near[0]}?" if near else _SHAPE)
            found[key] = value
        answers: dict[str, tuple[object, Any]] = {}
        for key, _, value in self._pairs(found["answers"], "answers") if "answers" in found else ():
            self._take(answers, key, value, self._value(value))
        if "questions" in found:
            self._questions(found["questions"], answers)
        run = found.get("run", found.get("runId"))
        return AnswerFile(
            name=self._name,
            run=None if run is None else str(self._value(run)),
            answers={key: value for key, (value, _) in answers.items()},
            texts={key: node.value for key, (_, node) in answers.items() if node.id == "scalar"},
            places={key: _place(node) for key, (_, node) in answers.items()},
        )

    def fields(self, root: Any) -> dict[str, object]:
        """Each field with its value as plain JSON."""
        if root is None:
            return {}
        return {key: self._value(value) for key, _, value in self._pairs(root, "the item")}

    def _questions(self, node: Any, answers: dict[str, tuple[object, Any]]) -> None:
        """The other shape: a list of questions, each with its key and its answer."""
        if node.id != "sequence":
            self._refuse(node, "questions takes a list", "questions: [{key: KEY, answer: ANSWER}, …]")
        for entry in node.value:
            parts = {key: value for key, _, value in self._pairs(entry, "a question")}
            if "key" not in parts or parts["key"].id != "scalar":
                self._refuse(entry, "this question has no key", "key: what pipekit show names")
            if "answer" in parts:
                self._take(answers, parts["key"].value, parts["answer"], self._value(parts["answer"]))

    def _take(self, answers: dict[str, tuple[object, Any]], key: str, node: Any, value: object) -> None:
        if value is None:
            return
        if key in answers:
            first = ":".join(map(str, _place(answers[key][1])))
            self._refuse(node, f"{key} is answered twice, first at {first}", "leave one of the two out")
        answers[key] = (value, node)

    def _pairs(self, node: Any, called: str) -> Iterator[tuple[str, Any, Any]]:
        if node.tag == f"{CORE}null":
            return
        if node.id != "mapping":
            self._refuse(node, f"keys and values are expected in {called}", _SHAPE)
        seen: set[str] = set()
        for key, value in node.value:
            if key.id != "scalar":
                self._refuse(key, "a key is a text", _SHAPE)
            if key.value in seen:
                self._refuse(key, f"{key.value} stands here twice", "leave one of the two out")
            seen.add(key.value)
            yield key.value, key, value

    def _value(self, node: Any, depth: int = 0) -> Any:
        """Plain JSON of a node."""
        self._count += 1
        if depth > MAX_DEPTH:
            self._refuse(node, f"the answer is nested deeper than {MAX_DEPTH} levels", "is this the right file?")
        if self._count > _MAX_VALUES:
            self._refuse(node, f"there are more than {_MAX_VALUES:,} values here", "is this the right file?")
        if not node.tag.startswith(CORE) or "/" in node.tag:
            self._refuse(node, f"the tag {node.tag} is not allowed here", "leave the tag out")
        if node.id == "sequence":
            return [self._value(one, depth + 1) for one in node.value]
        if node.id == "mapping":
            return {key: self._value(value, depth + 1) for key, _, value in self._pairs(node, "the answer")}
        if node.style is not None or node.tag == f"{CORE}str":
            return node.value
        value = resolve_scalar(node.value)
        return node.value if isinstance(value, float) and not math.isfinite(value) else value

    def _refuse(self, node: Any, message: str, hint: str) -> NoReturn:
        line, column = _place(node)
        raise InputError(message, file=self._name, line=line, where=f"{self._name}:{line}:{column}", hint=hint)


def _place(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def read_answers(name: str) -> bytes:
    """The bytes of the file, one more than may be; `InputError` where it can't be read."""
    try:
        with Path(name).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"can't be read: {(error.strerror or str(error)).lower()}",
            file=name,
            kind="unreadable",
            hint="name the file with the answers: pipekit answer RUN FILE",
        ) from error
