"""From a model's text to a validated value: the one JSON value in it, checked strictly, or a list of what is wrong."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from pipekit.serde import JSON, MisfitError, decode, encode, structure

__all__ = ["parse_answer", "without_thinking"]

T = TypeVar("T")

#: No answer that is of use is longer, in characters.
_LONGEST = 4_000_000
_FENCE = re.compile(r"```[ \t]*(?:json[c5]?)?[ \t]*\n", re.IGNORECASE)
_OPENING = re.compile(r"[{\[]")
_MARKS = re.compile(r'\\.|["{}\[\]]', re.DOTALL)
#: Slips in longer JSON are not mended, in characters: that takes a while for each of them.
_LONGEST_MENDED = 200_000
_THINKING = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>"))


def parse_answer(text: str, returns: type[T]) -> T:
    """``text`` as a ``returns``: the text itself for ``str``, else the one JSON value in it; or `MisfitError`.

    Blocks of thinking, a fence and prose around the JSON are passed over, slips such as a comma too many are mended.
    JSON that breaks off and a second value are misfits: nobody can say what was meant.
    """
    if len(text) > _LONGEST:
        raise MisfitError([f"$: the answer is longer than {_LONGEST:,} characters"])
    said = without_thinking(text).strip()
    if not said:
        raise MisfitError(["$: the answer is empty"])
    if returns is str:
        encode(said)
        return said  # type: ignore[return-value]
    return structure(_json_in(said), returns)


def without_thinking(text: str) -> str:
    """The text without what a model thought aloud; thoughts that have no end are all there is."""
    for opening, closing in _THINKING:
        parts: list[str] = []
        position = 0
        while (start := text.find(opening, position)) >= 0:
            parts.append(text[position:start])
            end = text.find(closing, start)
            position = end + len(closing) if end >= 0 else len(text)
        text = "".join([*parts, text[position:]])
        # Some servers give the end alone: the beginning was part of their template.
        if closing in text:
            text = text.rpartition(closing)[2]
    return text


def _json_in(text: str) -> JSON:
    try:
        return _checked(decode(text))
    except MisfitError as error:
        if not isinstance(error.__cause__, json.JSONDecodeError):
            raise  # it is JSON, and says something that JSON can't: a key twice, NaN
    found = _values(_fenced(text) or text)
    if not found:
        raise MisfitError(["$: there is no JSON in the answer"])
    if len(found) > 1:
        raise MisfitError(["$: the answer holds several JSON values; give one"])
    return _mended(found[0])


def _fenced(text: str) -> str:
    """What stands in fenced blocks, all of it; empty when there are none."""
    blocks = [part.partition("```")[0] for part in _FENCE.split(text)[1:]]
    return "\n".join(blocks)


def _values(text: str) -> list[str]:
    """The texts of the JSON objects and lists in a text; `MisfitError` when one of them breaks off."""
    found: list[str] = []
    position = 0
    while (start := _next_opening(text, position)) is not None:
        end = _end_of(text, start)
        if end is None:
            if found or _looks_like_json(text[start : start + 40]):
                raise MisfitError(["$: the JSON breaks off before its end"])
            return found
        if _looks_like_json(text[start:end]):
            found.append(text[start:end])
        position = end
    return found


def _next_opening(text: str, position: int) -> int | None:
    found = _OPENING.search(text, position)
    return None if found is None else found.start()


def _looks_like_json(text: str) -> bool:
    """Whether it begins as JSON does, and not as a remark in brackets."""
    return re.match(r"\{\s*(?:[\"'}]|\w+\s*:|//|/\*)|\[\s*(?:[\[{\"'\]\d-]|true|false|null)", text) is not None


def _end_of(text: str, start: int) -> int | None:
    """Where the bracket at ``start`` is closed; brackets in strings don't count."""
    depth = 0
    in_string = False
    for match in _MARKS.finditer(text, start):
        mark = match.group()
        if mark == '"':
            in_string = not in_string
        elif in_string or mark[0] == "\\":
            continue
        elif mark in "{[":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return match.end()
    return None


def _mended(text: str) -> JSON:
    try:
        return _checked(decode(text))
    except MisfitError as error:
        if not isinstance(error.__cause__, json.JSONDecodeError):
            raise
        problem = str(error)
    if len(text) > _LONGEST_MENDED:
        raise MisfitError([f"$: {problem}"])
    import json_repair

    try:
        value = json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError) as error:
        raise MisfitError([f"$: {problem}"]) from error
    if not isinstance(value, (dict, list)) or not value:
        raise MisfitError([f"$: {problem}"])
    return _checked(value)


def _checked(value: JSON) -> JSON:
    """A value that survives being kept: no lone surrogates, which decode from an escape without a word."""
    encode(value)
    return value
