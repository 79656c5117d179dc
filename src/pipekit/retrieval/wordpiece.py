"""Text as the numbers of its word pieces, in the way of BERT's uncased vocabularies.

A word is the longest pieces of the vocabulary that make it up, from its beginning on; all but the first are marked
with ``##``. Accents and case are dropped, every punctuation mark and Chinese character is a word of its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

__all__ = ["WordPieces"]

#: A longer word is no word; it is unknown as a whole, which also bounds what a hostile text costs.
LONGEST_WORD = 100
#: Characters of a text that are looked at for each number that is wanted: no word piece is longer.
CHARACTERS_EACH = 40
#: The blocks of Chinese characters: each stands for itself, with no spaces between words.
_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


class WordPieces:
    """A vocabulary, one piece a line: its place is its number. `KeyError` where BERT's own marks are not in it."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(pieces)}
        self._unknown = self._numbers["[UNK]"]
        self._first, self._last = self._numbers["[CLS]"], self._numbers["[SEP]"]

    def numbers(self, text: str, most: int) -> list[int]:
        """Between the marks of beginning and end the pieces of ``text``, cut so that all are ``most`` at most."""
        found = [self._first]
        for word in _words(text[: most * CHARACTERS_EACH]):
            found += self._pieces(word)
            if len(found) >= most:
                break
        return [*found[: most - 1], self._last]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > LONGEST_WORD:
            return [self._unknown]
        found: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            for end in range(len(word), start, -1):
                number = self._numbers.get(f"{mark}{word[start:end]}")
                if number is not None:
                    break
            else:
                return [self._unknown]
            found.append(number)
            start = end
        return found


def _words(text: str) -> Iterator[str]:
    letters: list[str] = []
    for sign in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(sign)
        alone = _is_punctuation(sign, category) or _is_ideograph(sign)
        if alone or sign.isspace():
            if letters:
                yield "".join(letters)
                letters.clear()
            if alone:
                yield sign
        # Accents, control characters and the sign for what couldn't be decoded say nothing.
        elif category != "Mn" and category[0] != "C" and sign != "\ufffd":
            letters.append(sign)
    if letters:
        yield "".join(letters)


def _is_punctuation(sign: str, category: str) -> bool:
    # ASCII's own signs all count, also those that Unicode calls symbols: $, +, <, ^, ` …
    return category[0] == "P" or ("!" <= sign <= "~" and not sign.isalnum())


def _is_ideograph(sign: str) -> bool:
    return sign > "\u33ff" and any(first <= ord(sign) <= last for first, last in _IDEOGRAPHS)
