"""Whether two texts speak of the same thing: by stems that have to occur, and by the words that they share."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["evened", "mentions", "overlap"]

#: Characters that people and programs write in several ways, each as the plainest of them; some only as nothing.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a", "'"),
        **dict.fromkeys("\u201c\u201d\u201e", '"'),
        **dict.fromkeys("\u2010\u2011\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u200b\u200d\ufe0f\ufeff"),
        "\u2192": "->",
        "\u2026": "...",
    }
)
_WORD = re.compile(r"\w{2,}")
#: A stem of fewer letters has to begin a word: "app" is not in "happen".
_FREE_STEM = 5
#: Words of English that say nothing of what a sentence is about.
_EMPTY = frozenset(
    {"an", "and", "are", "as", "at", "be", "by", "can", "do", "for", "if", "in", "is", "it", "not", "of", "on", "or"}
    | {"so", "that", "the", "this", "to", "was", "we", "will", "with", "you"}
)


def evened(text: str) -> str:
    """Lower case, one form for quotes, dashes and composed letters, white space as single blanks."""
    text = unicodedata.normalize("NFKC", html.unescape(text).translate(_PLAIN)).translate(_PLAIN)
    return " ".join(text.split()).lower()


def mentions(groups: Sequence[Sequence[object]], text: str) -> float:
    """The share of the groups of which a stem occurs in an evened text, 0–1."""
    hits = sum(any(_occurs(evened(str(stem)), text) for stem in group) for group in groups)
    return hits / len(groups) if groups else 0.0


def _occurs(stem: str, text: str) -> bool:
    if len(stem) >= _FREE_STEM or not stem[:1].isalnum():
        return stem in text
    return re.search(rf"(?<!\w){re.escape(stem)}", text) is not None


def overlap(quote: str, passages: Iterable[str]) -> float:
    """The largest share of the words of a passage that a quote has, 0–1."""
    words = _words(quote)
    shares = [len(words & wanted) / len(wanted) for passage in passages if (wanted := _words(passage))]
    return max(shares, default=0.0)


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(evened(text)) if word not in _EMPTY}
