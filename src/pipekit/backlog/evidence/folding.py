"""Texts without what copying changes: the kind of quotes, dashes and white space, case, and forms of one letter.

What is folded keeps the way back: a stretch of the folded text is a stretch of the text that it was made of, or none
where it would cut a letter in two ("ß" is folded to "ss").
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pipekit.backlog.composing import composed

__all__ = ["Folded", "folded", "says_something"]

_SAME = str.maketrans(dict.fromkeys('‘’‚‛`´ʼ′"“”„‟«»‹›″「」『』', "'") | dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"))
#: Characters that nobody sees: soft hyphens, joiners, marks of direction, and those that choose a glyph.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]"
)


class Folded:
    """Pieces of a text, folded and put together with one blank between, with the way back."""

    def __init__(self, pieces: Iterable[str]) -> None:
        texts: list[str] = []
        # For each folded character: where its letter begins in the text, and whether it is inside of that letter.
        self._origins = array("q")
        self._inside = bytearray()
        position = 0
        for piece in pieces:
            if not piece:
                continue
            if texts:
                texts.append(" ")
                self._origins.append(position - 1)
                self._inside.append(0)
            plain = _plainly(piece)
            if plain is not None:
                texts.append(plain)
                self._origins.extend(range(position, position + len(plain)))
                self._inside.extend(bytes(len(plain)))
            else:
                for at, letter in _letters(piece):
                    part = _folded_letter(letter)
                    texts.append(part)
                    self._origins.extend([position + at] * len(part))
                    self._inside.extend(b"\0" + b"\1" * (len(part) - 1) if part else b"")
            position += len(piece) + 1
        self.text = "".join(texts)
        self._origins.append(max(0, position - 1))
        self._inside.append(0)

    def origin(self, begin: int, end: int) -> tuple[int, int] | None:
        """The range of the text that a range of the folded text was made of; None where it would cut a letter."""
        if self._inside[begin] or self._inside[end]:
            return None
        return self._origins[begin], self._origins[end]

    def is_inside(self, at: int) -> bool:
        """Whether a position lies inside of what one letter of the text was folded to."""
        return bool(self._inside[at])

    def position(self, origin: int) -> int:
        """Where in the folded text a position of the text is."""
        return bisect_left(self._origins, origin)


def folded(text: str) -> str:
    """The text as it is compared: two texts that differ only in what copying changes are the same."""
    plain = _plainly(text)
    return "".join(_folded_letter(letter) for _, letter in _letters(text)) if plain is None else plain


def says_something(text: str) -> bool:
    """Whether there is a letter, a digit or a picture in the text, and not only punctuation."""
    return any(unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" for char in text)


def _plainly(text: str) -> str | None:
    """The folded text where each of its characters stands for one of the text; most texts are like that."""
    same = text.translate(_SAME)
    if same.isascii():
        return same.lower()
    if _UNSEEN.search(same) or not unicodedata.is_normalized("NFKC", same):
        return None
    low = same.casefold()
    return low if len(low) == len(same) and unicodedata.is_normalized("NFKC", low) else None


def _letters(text: str) -> Iterator[tuple[int, str]]:
    """The letters, each with all marks that belong to it, and where they begin. A blank takes no marks."""
    begin = 0
    for at, char in enumerate(text):
        if at and (text[at - 1] == " " or not _joins(char)):
            yield begin, text[begin:at]
            begin = at
    if text:
        yield begin, text[begin:]


@lru_cache(maxsize=4096)
def _joins(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff"


@lru_cache(maxsize=4096)
def _folded_letter(letter: str) -> str:
    known = composed(_UNSEEN.sub("", letter.translate(_SAME)), "NFKC")
    return composed(known.casefold(), "NFKC").translate(_SAME)
