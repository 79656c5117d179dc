"""The place in a text that is most like a quote whose words were changed.

Words of the quote that are rare in the text say where to look; there the two are compared letter by letter. So a
place costs what the quote is long, however long the text is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from attrs import frozen

__all__ = ["CLOSE", "CloseMatcher", "Likeness"]

#: From this similarity on, 0–1, a place counts as a close match.
CLOSE = 0.8
#: A quote with fewer words than this is like too many places; one with more is no quote.
LEAST_WORDS, MOST_WORDS = 4, 200
#: A word that stands in more places than this says nothing about where to look.
COMMON = 200
#: So many of the quote's rarest words are asked where to look.
ASKED = 12
#: So many places are compared with the quote; how far, in words, a place may be off.
PLACES, SLACK = 3, 3

#: Words; in scripts that put no blanks between words, each character.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+")


@frozen
class Likeness:
    """A range of the text, and how like the quote it is, 0–1."""

    begin: int
    end: int
    similarity: float


class CloseMatcher:
    """A text whose words are known by their places."""

    def __init__(self, text: str) -> None:
        self._text = text
        found = list(_WORD.finditer(text))
        self._spans = [one.span() for one in found]
        self._words = [one.group() for one in found]
        self._places: dict[str, list[int]] = {}
        for place, word in enumerate(self._words):
            self._places.setdefault(word, []).append(place)

    def closest(self, quote: str) -> list[Likeness]:
        """The places that are like the quote, at least by `CLOSE`, most alike first."""
        words = _WORD.findall(quote)
        if not LEAST_WORDS <= len(words) <= MOST_WORDS:
            return []
        compared = SequenceMatcher(None, "", quote, autojunk=False)
        found: list[Likeness] = []
        for start in self._likely(words):
            begin, end = self._aligned(words, start)
            compared.set_seq1(self._text[begin:end])
            if compared.real_quick_ratio() >= CLOSE and compared.quick_ratio() >= CLOSE:
                similarity = compared.ratio()
                if similarity >= CLOSE:
                    found.append(Likeness(begin, end, similarity))
        return sorted(dict.fromkeys(found), key=lambda one: (-one.similarity, one.begin))

    def _likely(self, words: Sequence[str]) -> list[int]:
        """The places of the words at which the quote may begin, those with most of its rare words first."""
        known = [(self._places[word], offset) for offset, word in enumerate(words) if word in self._places]
        rare = sorted((one for one in known if len(one[0]) <= COMMON), key=lambda one: (len(one[0]), one[1]))[:ASKED]
        votes = Counter(place - offset for places, offset in rare for place in places)
        # What was left out or put in moves the words behind it: neighbouring beginnings are one place.
        near = {
            start: sum(votes.get(start + move, 0) for move in range(-SLACK, SLACK + 1))
            for start, _ in votes.most_common(4 * PLACES)
        }
        taken: list[int] = []
        for start in sorted(near, key=lambda one: (-near[one], -votes[one], one)):
            if all(abs(start - other) > SLACK for other in taken):
                taken.append(start)
        return taken[:PLACES]

    def _aligned(self, words: Sequence[str], start: int) -> tuple[int, int]:
        """The range of the text from the first to the last word that the quote has a counterpart for."""
        low = min(max(0, start - SLACK), len(self._words) - 1)
        high = min(len(self._words), max(low + 1, start + len(words) + SLACK))
        blocks = SequenceMatcher(None, self._words[low:high], words, autojunk=False).get_matching_blocks()
        same = [one for one in blocks if one.size]
        if not same:
            return self._spans[low][0], self._spans[high - 1][1]
        first = low + max(0, same[0].a - same[0].b)
        behind = len(words) - (same[-1].b + same[-1].size)
        last = min(high, low + same[-1].a + same[-1].size + behind) - 1
        return self._spans[first][0], self._spans[last][1]
