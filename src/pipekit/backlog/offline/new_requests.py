"""Where a new request begins without a phrase that says so: it asks for something, and for something else.

People seldom announce each item. What tells a new one is that a thing was asked for already, and that the next request
shares hardly any of its words. A sentence that leans on the one before ("it should …"), a criterion, a remark on what
was asked open nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from attrs import define, field

from pipekit.backlog.offline.criteria import criteria_positions
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence
from pipekit.backlog.offline.wishes import (
    ENOUGH,
    asks_for_work,
    complains,
    is_private,
    is_smalltalk,
    leans,
    main_clause,
    worth_of,
)

__all__ = ["new_requests", "verb_of"]

#: Share of its words that a request may have in common with the one before and still be another one.
SHARED = 0.21
#: The same once the one before has criteria or was put on the list.
SHARED_SETTLED = 0.4
#: A story is often a request said again, as a whole; it is another one when it shares less than this.
SHARED_STORY = 0.5
#: How far after a request words of the one before are looked for, and how many say that it goes on.
BACK = 8
RETURNS = 2
#: How far before a request the sentences that lead to it are looked for.
LEAD = 4


@define
class _Stretch:
    """What the topic at hand has asked for so far."""

    begin: int = 0
    words: set[str] = field(factory=set)
    asked: bool = False
    told: bool = False
    complained: bool = False
    settled: bool = False
    worth: float = 0.0
    verbs: set[str] = field(factory=set)


def new_requests(talk: Sequence[Sentence], starts: set[int], cues: Cues, *, announced: bool = False) -> set[int]:
    """The positions where a request begins that is about other things than the one before.

    In a meeting whose topics are ``announced`` only a story or an outright wish is taken for one.
    """
    criteria = criteria_positions(talk, cues)
    common = _common_words(talk, cues)
    found: set[int] = set()
    stretch = _Stretch()
    lead: set[str] = set()
    for position, one in enumerate(talk):
        if position in starts:
            stretch = _Stretch(begin=position)
            lead = set()
        worth = worth_of(one, cues)
        if position in criteria:
            stretch.settled = True
            continue
        own = content_words(main_clause(one.text)) - common
        kind = _kind(one, cues)
        if kind == "story":
            own = content_words(main_clause(one.text))
        if announced and kind is not None and kind != "story" and not cues.find("wish", one.text):
            kind = None
        if kind is None:
            if not stretch.asked:
                lead |= content_words(one.text)
            elif cues.find("commit", one.text) or cues.find("bug_word", one.text):
                stretch.settled = True
            stretch.worth += worth
            continue
        begin = position
        if leans(one.text):
            begin = _said_before(talk, position, stretch, criteria)
            own = own | (content_words(talk[begin].text) - common if begin < position else set())
            if begin == position and kind != "story":
                _take(stretch, kind, own | lead, worth)
                continue
        if kind == "complaint" and stretch.asked and _replies(talk, begin, cues):
            continue
        verb = verb_of(one, cues)
        again = kind == "wish" and verb in stretch.verbs and 2 * len(own & stretch.words) <= len(own)
        other = again or _is_other(kind, one, talk[begin], own, stretch, position - 1 in criteria, cues)
        if stretch.asked and other and not _comes_back(talk, begin, stretch, starts, common, kind):
            begin = _with_lead(talk, begin, own, stretch, criteria, cues)
            found.add(begin)
            stretch = _Stretch(begin=begin)
            lead = set()
        _take(stretch, kind, own | lead, worth)
        if verb:
            stretch.verbs.add(verb)
    return found


def _comes_back(
    talk: Sequence[Sentence], position: int, stretch: _Stretch, starts: set[int], common: frozenset[str], kind: str
) -> bool:
    """Whether the talk after a request still has the words of the one before: then it is about the same thing."""
    if kind == "story" or stretch.settled:
        return False
    before = frozenset[str]().union(*(content_words(one.text) for one in talk[stretch.begin : position])) - common
    seen = 0
    for later in range(position + 1, min(len(talk), position + 1 + BACK)):
        if later in starts:
            break
        seen += len(before & content_words(talk[later].text))
    return seen >= RETURNS


def verb_of(one: Sentence, cues: Cues) -> str | None:
    """What is to be done: "replace" in "we need to replace the library"."""
    doing = cues.pattern("doing").search(one.text[:2000])
    word = re.match(r"\s*(\w+)", one.text[doing.end() :]) if doing else None
    return word.group(1).casefold() if word else None


def _common_words(talk: Sequence[Sentence], cues: Cues) -> frozenset[str]:
    """Words that tell no two items apart: those of any product, and those that this meeting says all the time."""
    count = Counter(word for one in talk for word in content_words(one.text))
    often = max(4, len(talk) // 6)
    return frozenset(word for word, number in count.items() if number > often) | content_words(
        " ".join(sorted(cues.words("common")))
    )


def _kind(one: Sentence, cues: Cues) -> str | None:
    """What sort of request it is: a story, a wish, a question for one, a complaint; None for any other sentence."""
    text = one.text
    if cues.find("story", text):
        return "story"
    if cues.find("bug_word", text) and leans(text):
        return "complaint"  # "that's a bug": what stands before it is one
    if is_smalltalk(one, cues) or is_private(one, cues) or cues.find("agreement", text):
        return None
    if cues.find("others_duty", text):
        return None
    clause = main_clause(text)
    if asks_for_work(one, cues) and cues.find("request", clause):
        return "question" if one.is_question else "wish"
    if not one.is_question and cues.find("spike", clause) and cues.find("plan", clause):
        return "wish"
    return "complaint" if complains(one, cues) else None


def _take(stretch: _Stretch, kind: str, words: set[str] | frozenset[str], worth: float) -> None:
    stretch.words |= words
    stretch.worth += worth
    stretch.settled = stretch.settled or (kind == "wish" and stretch.complained)
    stretch.complained = stretch.complained or (kind == "complaint" and not stretch.asked)
    stretch.asked = True
    stretch.told = stretch.told or kind == "story"


def _is_other(
    kind: str,
    one: Sentence,
    opening: Sentence,
    own: set[str] | frozenset[str],
    stretch: _Stretch,
    after_criteria: bool,
    cues: Cues,
) -> bool:
    """Whether this asks for something else than the topic at hand."""
    shared = own & stretch.words
    if kind == "story":
        return len(shared) < SHARED_STORY * len(own) if stretch.told or stretch.settled else not shared
    if len(own) < 2 or len(shared) > (SHARED_SETTLED if stretch.settled else SHARED) * len(own):
        return False
    if kind == "question":
        proposes = cues.shape("proposes").match(one.text)
        return (stretch.settled or proposes is not None) and not shared
    if kind == "complaint":
        adds = cues.shape("adds").match(one.text) is not None
        if not (adds or after_criteria or opening.first):
            return False
        return adds or stretch.settled or not stretch.complained or stretch.worth >= ENOUGH
    return True


def _replies(talk: Sequence[Sentence], position: int, cues: Cues) -> bool:
    """Whether a sentence answers a question or agrees to what was said, and so brings up nothing."""
    one, before = talk[position], talk[position - 1]
    return (before.is_question and before.turn != one.turn) or cues.opens("assent", one.text)


def _said_before(talk: Sequence[Sentence], position: int, stretch: _Stretch, criteria: set[int]) -> int:
    """For a sentence that leans ("fix that"): the one before, where it could begin something new; else itself."""
    before = position - 1
    if before <= stretch.begin or before in criteria:
        return position
    said = talk[before]
    apart = said.turn != talk[before - 1].turn or before - 1 in criteria or said.first
    return before if apart and said.words >= 4 and not said.is_question and not leans(said.text) else position


def _with_lead(
    talk: Sequence[Sentence],
    begin: int,
    own: set[str] | frozenset[str],
    stretch: _Stretch,
    criteria: set[int],
    cues: Cues,
) -> int:
    """Where the sentences begin that lead to a request: of the same speaker, about the same things, asking nothing."""
    first = begin
    for back in range(begin - 1, max(stretch.begin, begin - 1 - LEAD), -1):
        said = talk[back]
        if said.turn != talk[begin].turn or back in criteria or _kind(said, cues) is not None:
            break
        if own & content_words(said.text) or (said.words <= 4 and said.first and not is_smalltalk(said, cues)):
            first = back
    return first
