"""Texts that come from a model: put on one line, shortened, compared. No language is taken for granted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from pipekit.backlog.text import fold

__all__ = ["MAX_TITLE", "each_once", "one_line", "share_of_words", "shortened", "title_from", "words_of"]

#: The longest title, in characters.
MAX_TITLE = 80
#: Words are compared by their beginnings, which stay the same in most languages when the rest is inflected.
_STEM = 6
_WORD = re.compile(r"\w+")


def one_line(text: str) -> str:
    """The text on one line, white space folded, without control characters."""
    return "".join(char for char in fold(text) if unicodedata.category(char) != "Cc")


def shortened(text: str, length: int) -> str:
    """The text on one line, cut at a word when it is longer than ``length`` characters."""
    line = one_line(text)
    if len(line) <= length:
        return line
    head = line[: length - 1]
    cut = head if line[length - 1] == " " else head.rpartition(" ")[0]
    # A word that is longer than half of what is there is cut itself: better half a word than nearly nothing.
    return (cut if len(cut) > length // 2 else head).rstrip(" ,;:–-") + "…"


def title_from(text: str) -> str:
    """A title of at most `MAX_TITLE` characters; empty when there is no letter or digit in the text."""
    line = one_line(text).strip(' "“”„#*-–')
    return shortened(line, MAX_TITLE) if _WORD.search(line) else ""


def each_once(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts on one line each, in order, without blank ones and without doubles."""
    found: dict[str, str] = {}
    for text in texts:
        line = one_line(text)
        if _WORD.search(line):
            found.setdefault(line.casefold(), line)
    return tuple(found.values())


def words_of(text: str) -> frozenset[str]:
    """The beginnings of the words that say something: those of three letters and more, and numbers."""
    words = (match.group() for match in _WORD.finditer(fold(text).casefold()))
    return frozenset(word[:_STEM] for word in words if len(word) > 2 or word.isdigit() or not word.isascii())


def share_of_words(text: str, other: str) -> float:
    """How many of the words of ``text`` stand in ``other``, 0–1; a text without words shares nothing."""
    words = words_of(text)
    return len(words & words_of(other)) / len(words) if words else 0.0
