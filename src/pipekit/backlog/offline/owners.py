"""Names around a request that are no part of it: whom it is said to, and in notes who takes it, in brackets."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from pipekit.backlog.offline.talk import Sentence

__all__ = ["owners_of", "without_address", "without_owners"]

_NAME = r"@?[A-ZÀ-Þ][a-zß-ÿ]+(?:[ -][A-ZÀ-Þ][\w'’-]*\.?)?"
_OWNERS = re.compile(rf"\s*\((?P<names>{_NAME}(?:\s*(?:,|&|/|\+|\band\b)\s*{_NAME})*)\)\s*(?P<end>[.!]?)\s*$")
_ADDRESS = re.compile(
    r"(?:(?:and|so|then|okay|ok|right|well|great|good)\b[\s,.–-]*)*(?P<name>[A-ZÀ-Þ][\w'’-]*)"
    r"(?:\s*[,:–-]+\s*|\s+(?=(?:can|could|would|will|please)\b))(?=\w)",
    re.IGNORECASE,
)
#: What stands in brackets at the end, too, and is nobody.
_NOT_NAMES = """
    Android Safari Chrome Firefox Edge Windows Linux Mac Apple Google Jira Slack Today Tomorrow Monday Tuesday
    Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October
    November December Spring Summer Autumn Winter Later Done Parked Rejected Bug Feature Spike Story Optional Urgent
    High Low Medium Small Large Phase Part Step Postgres Redis Python Java Web Mobile Desktop English German French
"""
_NOBODY: Final = frozenset(_NOT_NAMES.split())


def owners_of(one: Sentence) -> tuple[str, ...]:
    """The names in brackets at the end of a bullet."""
    found = _found(one)
    if found is None:
        return ()
    names = re.split(r"\s*(?:,|&|/|\+|\band\b)\s*", found.group("names"))
    return tuple(name.lstrip("@") for name in names)


def without_owners(one: Sentence) -> str:
    """The sentence without them."""
    found = _found(one)
    return one.text if found is None else one.text[: found.start()] + found.group("end")


def without_address(text: str, people: Collection[str]) -> str:
    """The sentence without whom it is said to: "Jo, can you look into …"; ``people`` are first names, lower case."""
    found = _ADDRESS.match(text)
    if found is None or found.group("name").lower() not in people:
        return text
    return text[found.end() :]


def _found(one: Sentence) -> re.Match[str] | None:
    if one.utterance.kind != "bullet":
        return None
    tail = len(one.text) - 120
    found = _OWNERS.search(one.text, max(0, tail))
    if found is None or _NOBODY & set(re.findall(r"\w+", found.group("names"))):
        return None
    return found
