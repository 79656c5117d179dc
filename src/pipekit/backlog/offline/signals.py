"""What single sentences of a meeting say: that they ask, doubt, estimate, warn, or give a reason.

Every function here looks at one sentence and knows nothing of candidates. The rules of the judgement steps add up
what these find; none of them is sure, so each rule says which words led to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from pipekit.backlog.offline import phrases
from pipekit.backlog.offline.amounts import has_measure

__all__ = [
    "asks",
    "content_words",
    "creep_words",
    "doubts",
    "edge_words",
    "elastic_words",
    "gives_reason",
    "indirect_question",
    "is_about_the_meeting",
    "is_assent",
    "presses",
    "says_how",
    "says_not_now",
    "says_severe",
    "takes_on",
    "tells_external",
    "tells_need",
    "warns",
]


_ASKS_SOMETHING = re.compile(r"\W*(?:which|whose|how many|until when|since when)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


@lru_cache(maxsize=4096)
def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, lower case, with plural and verb endings cut off."""
    words = (match.group().casefold() for match in _WORD.finditer(text))
    return frozenset(_stem(word) for word in words if word not in phrases.EMPTY_WORDS and len(word) > 2)


def _stem(word: str) -> str:
    word = word.split("'")[0].split("’")[0]
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def asks(sentence: str) -> bool:
    """Whether it is a question, directly."""
    return sentence.rstrip(" \"'”’)*_").endswith("?") and len(sentence.split()) > 1


def indirect_question(sentence: str) -> str | None:
    """The question inside a statement: “nobody knows who owns the key” gives “Who owns the key?”."""
    match = None if asks(sentence) else phrases.INDIRECT.search(sentence)
    if match is None:
        return None
    clause = match.group("clause").strip(" ,:-–—")
    if re.match(r"(?:who|whose|which \w+)\b", clause, re.IGNORECASE):
        return f"{clause[0].upper()}{clause[1:]}?"
    if re.match(r"(?:if|whether)\b", clause, re.IGNORECASE):
        return f"Is it settled whether {clause.split(' ', 1)[1]}?"
    return f"Is it known {clause}?"


def is_about_the_meeting(sentence: str) -> bool:
    """Whether a question serves the talk itself (who is next, what is done, how long) and not the product."""
    is_short = len(_WORD.findall(sentence)) < 3 and not _ASKS_SOMETHING.match(sentence)
    return is_short or bool(phrases.MEETING.search(sentence))


def doubts(sentence: str) -> bool:
    """Whether somebody says that they don't know, or that it is open."""
    return bool(phrases.DOUBT.search(sentence))


def presses(sentence: str) -> bool:
    """Whether it says that something must be settled before work can go on."""
    return bool(phrases.PRESS.search(sentence))


def is_assent(sentence: str) -> bool:
    """Whether it begins like an answer: yes, no, right, both."""
    return bool(phrases.ASSENT.match(sentence))


def warns(sentence: str) -> bool:
    """Whether it names something that may go wrong."""
    return bool(phrases.WARN.search(sentence)) and not phrases.NO_WARNING.search(sentence)


def says_severe(sentence: str) -> bool:
    """Whether people, data, money or the law are in danger, or somebody calls it most urgent."""
    return bool(phrases.SEVERE.search(sentence))


def gives_reason(sentence: str) -> bool:
    """Whether it says why: a purpose, a cause, a complaint, a cost."""
    return bool(phrases.REASON.search(sentence))


def says_how(sentence: str) -> bool:
    """Whether it names a way to do it."""
    return bool(phrases.HOW.search(sentence)) and not asks(sentence)


def edge_words(sentence: str) -> bool:
    """Whether it looks at a special case, or at how to test."""
    return bool(phrases.TEST.search(sentence))


def elastic_words(sentence: str) -> tuple[str, ...]:
    """Words that stretch (better, faster, somehow), when no number with a unit stands beside them."""
    if has_measure(sentence):
        return ()
    text = phrases.NOT_ELASTIC.sub(" ", sentence)
    return tuple(dict.fromkeys(match.group().casefold() for match in phrases.ELASTIC.finditer(text)))


def creep_words(sentence: str) -> Iterable[tuple[str, str]]:
    """(words, severity) of what hints at a scope without bounds; severity is major or moderate."""
    for pattern, severity in ((phrases.CREEP_MAJOR, "major"), (phrases.CREEP_MODERATE, "moderate")):
        for match in pattern.finditer(sentence):
            yield match.group(), severity


def tells_external(sentence: str) -> str | None:
    """Whom outside the team it speaks of: a supplier, the legal department."""
    match = phrases.EXTERNAL.search(sentence)
    return match.group() if match else None


def tells_need(sentence: str) -> bool:
    """Whether it says that something has to be there first."""
    return bool(phrases.NEED.search(sentence))


def says_not_now(sentence: str) -> str | None:
    """The words that put it off or call it not ready."""
    match = phrases.NOT_NOW.search(sentence)
    return match.group() if match else None


def takes_on(sentence: str) -> str | None:
    """The words that give it to somebody, or say that it can start."""
    match = phrases.TAKE_ON.search(sentence)
    return match.group() if match else None
