"""Where the talk turns to another thing without a phrase that says so.

An item has a course: it is brought up, talked about, settled ("five points", "noted", "good"). After that the talk goes
on with other words, which come back among themselves and had not been said before. Each of these signs counts a little;
a place where enough of them come together is one where something new begins.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from attrs import define, field

from pipekit.backlog.offline.criteria import criteria_positions
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence
from pipekit.backlog.offline.wishes import ENOUGH, leans, worth_of

__all__ = ["turning_points"]

#: How many signs make a turning point.
NEEDED = 2.75
#: How many sentences after a place are looked at, and at most how many of the topic before it.
AHEAD = 10
BEHIND = 30
#: How near before a place something has to be settled, and how near it may be to a better one.
CLOSE = 4
NEAR = 3
#: So many sentences a topic has at least.
SHORTEST = 3
#: The share of words said before that tells neither way.
NEITHER = 0.3


def turning_points(talk: Sequence[Sentence], starts: set[int], leader: str | None, cues: Cues) -> set[int]:
    """The positions, none of them in ``starts``, where another thing begins. ``leader`` leads through the meeting."""
    signs = _Signs(talk, criteria_positions(talk, cues), leader, cues)
    found: set[int] = set()
    begin = 0
    ends = _ends(len(talk), starts)
    for position in range(len(talk)):
        if position in starts:
            begin = position
        elif position - begin >= SHORTEST:
            here = signs.sum(begin, position, ends[position])
            nearby = range(position + 1, min(position + NEAR, ends[position]))
            if here >= NEEDED and all(signs.sum(begin, later, ends[position]) <= here for later in nearby):
                found.add(position)
                begin = position
    return found


def _ends(length: int, starts: set[int]) -> list[int]:
    """For each position, how far the talk after it is looked at: to the next topic that is known, or `AHEAD`."""
    ends = [length] * length
    following = length
    for position in range(length - 1, -1, -1):
        ends[position] = min(following, position + AHEAD)
        if position in starts:
            following = position
    return ends


@define
class _Signs:
    """What each place of a talk shows of something new beginning there."""

    talk: Sequence[Sentence]
    criteria: set[int]
    leader: str | None
    cues: Cues
    words: list[frozenset[str]] = field(init=False)
    worth: list[float] = field(init=False)
    #: How rare a word is in this meeting.
    weight: dict[str, float] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.words = [content_words(one.text) for one in self.talk]
        self.worth = [
            0.0 if place in self.criteria else worth_of(one, self.cues) for place, one in enumerate(self.talk)
        ]
        count = Counter(word for own in self.words for word in own)
        self.weight = {word: math.log((1 + len(self.talk)) / (1 + number)) for word, number in count.items()}

    def sum(self, begin: int, position: int, end: int) -> float:
        """The signs at ``position`` together, where the topic before began at ``begin``."""
        if position in self.criteria or max(self.worth[position:end], default=0.0) < 1.0:
            return 0.0  # nothing is asked for here
        said = frozenset[str]().union(*self.words[max(begin, position - BEHIND) : position])
        closed = max(self._closes(place) * (1 if position - place <= 2 else 0.5) for place in self._before(position))
        asked = any(worth >= ENOUGH for worth in self.worth[begin:position])
        return closed + 0.5 * asked + self._newness(position, end, said) + self._opening(position, said)

    def _before(self, position: int) -> range:
        return range(max(0, position - CLOSE), position)

    def _closes(self, place: int) -> float:
        """How much a sentence settles what was talked about."""
        one, cues = self.talk[place], self.cues
        if one.is_question:
            return 0.0
        estimated = one.words <= 8 and cues.find("estimate", one.text) is not None
        if estimated or cues.find("commit", one.text) or cues.find("taken_on", one.text):
            return 1.0
        if one.words <= 12 and any(cues.says(cue, one.text) for cue in ("reject", "park", "done")):
            return 1.0
        return 0.7 if one.words <= 3 and cues.opens("assent", one.text) else 0.0

    def _newness(self, position: int, end: int, said: frozenset[str]) -> float:
        """How much the talk after goes on in words that weren't said before, and how often these come back."""
        after = Counter(word for own in self.words[position:end] for word in own)
        total = sum(self.weight[word] for word in after)
        if not total:
            return 0.0
        known = sum(self.weight[word] for word in after if word in said) / total
        again = sum(self.weight[word] for word, number in after.items() if number > 1 and word not in said) / total
        return (NEITHER - known) / NEITHER + 0.5 * min(1.0, 4 * again)

    def _opening(self, position: int, said: frozenset[str]) -> float:
        """How much the sentence itself looks like a beginning, and not like an answer or one that goes on."""
        one, before, own = self.talk[position], self.talk[position - 1], self.words[position]
        score = 0.5 if self.leader is not None and one.speaker == self.leader else 0.0
        if one.turn != before.turn:
            score += 0.5 - before.is_question
        elif not one.first:
            score -= 0.3
        if leans(one.text):
            score -= 1.5
        if self.cues.opens("assent", one.text):
            score -= 0.5
        if one.words <= 5 and self._closes(position):
            score -= 1.5  # "a spike then": it ends what stands before it
        if not own:
            return score - 2.0 * (one.words <= 3)
        return score - len(own & said) / len(own)
