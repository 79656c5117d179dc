"""Names around a request that are no part of it: whom it is said to, and in notes who takes it, in brackets."""

from __future__ import annotations

import re
from collections.abc import Collection

from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.talk import Sentence

__all__ = ["owners_of", "without_address", "without_owners"]

_NAME = r"@?[A-ZÀ-Þ][a-zß-ÿ]+(?:[ -][A-ZÀ-Þ][\w'’-]*\.?)?"
_JOIN = r"\s*(?:,|&|/|\+|\b(?:and|und|en)\b)\s*"
_OWNERS = re.compile(rf"\s*\((?P<names>{_NAME}(?:{_JOIN}{_NAME})*)\)\s*(?P<end>[.!]?)\s*$")


def owners_of(one: Sentence) -> tuple[str, ...]:
    """The names in brackets at the end of a bullet."""
    found = _found(one)
    if found is None:
        return ()
    names = re.split(_JOIN, found.group("names"))
    return tuple(name.lstrip("@") for name in names)


def without_owners(one: Sentence) -> str:
    """The sentence without them."""
    found = _found(one)
    return one.text if found is None else one.text[: found.start()] + found.group("end")


def without_address(text: str, people: Collection[str]) -> str:
    """The sentence without whom it is said to: "Jo, can you look into …"; ``people`` are first names, lower case."""
    found = cues().shape("address").match(text)
    if found is None or found.group("name").lower() not in people:
        return text
    return text[found.end() :]


def _found(one: Sentence) -> re.Match[str] | None:
    if one.utterance.kind != "bullet":
        return None
    tail = len(one.text) - 120
    found = _OWNERS.search(one.text, max(0, tail))
    if found is None or cues().words("not_names") & set(re.findall(r"\w+", found.group("names"))):
        return None
    return found
