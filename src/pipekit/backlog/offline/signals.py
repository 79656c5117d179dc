"""What single sentences of a meeting say: that they ask, doubt, estimate, warn, or give a reason.

Every function here looks at one sentence and knows nothing of candidates. The rules of the judgement steps add up
what these find; none of them is sure, so each rule says which words led to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from pipekit.backlog.offline.amounts import has_measure
from pipekit.backlog.offline.cues import Cues, cues

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


_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, lower case, with plural and verb endings cut off."""
    return _content_words(text, cues())


@lru_cache(maxsize=8192)
def _content_words(text: str, marks: Cues) -> frozenset[str]:
    words = (match.group().casefold() for match in _WORD.finditer(text))
    empty = marks.words("empty")
    return frozenset(_stem(word, marks) for word in words if word not in empty and len(word) > 2)


def _stem(word: str, marks: Cues) -> str:
    word = word.split("'")[0].split("’")[0]
    for ending in marks.endings:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)][: marks.compared]
    return word[: marks.compared]


def asks(sentence: str) -> bool:
    """Whether it is a question, directly."""
    return sentence.rstrip(" \"'”’)*_").endswith("?") and len(sentence.split()) > 1


def indirect_question(sentence: str) -> str | None:
    """The question inside a statement: “nobody knows who owns the key” gives “Who owns the key?”."""
    match = None if asks(sentence) else cues().shape("indirect_question").search(sentence)
    if match is None:
        return None
    clause = match.group("clause").strip(" ,:-–—")
    if cues().shape("whose_question").match(clause):
        return f"{clause[0].upper()}{clause[1:]}?"
    if cues().shape("whether").match(clause):
        return f"Is it settled whether {clause.split(' ', 1)[1]}?"
    return f"Is it known {clause}?"


def is_about_the_meeting(sentence: str) -> bool:
    """Whether a question serves the talk itself (who is next, what is done, how long) and not the product."""
    is_short = len(_WORD.findall(sentence)) < 3 and not cues().shape("asks_something").match(sentence)
    return is_short or bool(cues().pattern("question_about_talk").search(sentence))


def doubts(sentence: str) -> bool:
    """Whether somebody says that they don't know, or that it is open."""
    return bool(cues().pattern("doubt").search(sentence))


def presses(sentence: str) -> bool:
    """Whether it says that something must be settled before work can go on."""
    return bool(cues().pattern("presses").search(sentence))


def is_assent(sentence: str) -> bool:
    """Whether it begins like an answer: yes, no, right, both."""
    return bool(cues().shape("answer_begins").match(sentence))


def warns(sentence: str) -> bool:
    """Whether it names something that may go wrong."""
    return bool(cues().pattern("warning").search(sentence)) and not cues().pattern("no_warning").search(sentence)


def says_severe(sentence: str) -> bool:
    """Whether people, data, money or the law are in danger, or somebody calls it most urgent."""
    return bool(cues().pattern("severe").search(sentence))


def gives_reason(sentence: str) -> bool:
    """Whether it says why: a purpose, a cause, a complaint, a cost."""
    return bool(cues().pattern("reason").search(sentence))


def says_how(sentence: str) -> bool:
    """Whether it names a way to do it."""
    return bool(cues().pattern("way_to_do_it").search(sentence)) and not asks(sentence)


def edge_words(sentence: str) -> bool:
    """Whether it looks at a special case, or at how to test."""
    return bool(cues().pattern("special_case").search(sentence))


def elastic_words(sentence: str) -> tuple[str, ...]:
    """Words that stretch (better, faster, somehow), when no number with a unit stands beside them."""
    if has_measure(sentence):
        return ()
    text = cues().pattern("not_elastic").sub(" ", sentence)
    return tuple(dict.fromkeys(match.group().casefold() for match in cues().pattern("elastic").finditer(text)))


def creep_words(sentence: str) -> Iterable[tuple[str, str]]:
    """(words, severity) of what hints at a scope without bounds; severity is major or moderate."""
    for cue, severity in (("creep_major", "major"), ("creep_moderate", "moderate")):
        for match in cues().pattern(cue).finditer(sentence):
            yield match.group(), severity


def tells_external(sentence: str) -> str | None:
    """Whom outside the team it speaks of: a supplier, the legal department."""
    match = cues().pattern("outsider").search(sentence)
    return match.group() if match else None


def tells_need(sentence: str) -> bool:
    """Whether it says that something has to be there first."""
    return bool(cues().pattern("has_need").search(sentence))


def says_not_now(sentence: str) -> str | None:
    """The words that put it off or call it not ready."""
    match = cues().pattern("put_off").search(sentence)
    return match.group() if match else None


def takes_on(sentence: str) -> str | None:
    """The words that give it to somebody, or say that it can start."""
    match = cues().pattern("taken_on").search(sentence)
    return match.group() if match else None
