"""What sentences say about work: that it is wanted, broken, owed, to be found out, turned down, done or the same again.

All words stand in ``languages/<code>.json``, one file a language; what a file lacks is never found. ``cues`` are lists
of regular expressions for whole words, a blank stands for white space; ``shapes`` are expressions as they are;
``words`` are plain words. A language is added by adding a file: `languages/README.md` says what belongs into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["Cues", "cues", "languages", "reading"]


#: Where people who type fast, and programs that write down talk, leave it out: "dont", "lets".
_NO_APOSTROPHE = re.compile(r"(?:(?<=n)(?=\['’\]t)|(?<=let)(?=\['’\]s))\['’\]")
#: What a language's file says nothing of.
_NOTHING = re.compile(r"(?!)")


def _compiled(parts: Iterable[str]) -> re.Pattern[str]:
    # People who type fast, and programs that write down talk, leave out the apostrophe of "don't" and "let's".
    spoken = [
        _NO_APOSTROPHE.sub("['’]?", part.replace("'", "['’]")).replace(" ?", r"\s*").replace(" ", r"\s+")
        for part in parts
    ]
    return re.compile(rf"(?:(?<![\w'’])|(?=['’]s\b))(?:{'|'.join(spoken)})(?!\w)", re.IGNORECASE)


class Cues:
    """The words of one language, its expressions compiled when first asked for."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        #: The language's English name.
        self.language: str = data["language"]
        #: Endings that are cut off a word to compare it, longest first.
        self.endings: tuple[str, ...] = tuple(data["endings"])
        #: So many letters of a word are compared: where words are put together, the first part tells what it is about.
        self.compared: int = data.get("compared", 99)
        #: What number words mean.
        self.numbers: Mapping[str, int] = data["numbers"]
        self._data = data
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._several: dict[str, tuple[re.Pattern[str], ...]] = {}
        self._shapes: dict[str, re.Pattern[str]] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._unsaid = re.compile(rf"(?:{'|'.join(data['cues']['unsaid_before'])})$", re.IGNORECASE)

    def pattern(self, name: str) -> re.Pattern[str]:
        """The expression of a cue: whole words, any case, any kind of apostrophe."""
        if name not in self._patterns:
            parts = self._data["cues"].get(name, ())
            self._patterns[name] = _compiled(parts) if parts else _NOTHING
        return self._patterns[name]

    def each(self, name: str) -> Sequence[re.Pattern[str]]:
        """The expressions of a cue one by one, where all of them have groups of the same names."""
        if name not in self._several:
            self._several[name] = tuple(_compiled([part]) for part in self._data["cues"].get(name, ()))
        return self._several[name]

    def shape(self, name: str) -> re.Pattern[str]:
        """An expression as it stands in the file, in any case."""
        if name not in self._shapes:
            found = self._data["shapes"].get(name)
            self._shapes[name] = re.compile(found, re.IGNORECASE) if found else _NOTHING
        return self._shapes[name]

    def find(self, name: str, text: str) -> str | None:
        """The words of the cue in the text, None where there are none."""
        found = self.pattern(name).search(text[:2000])
        return found.group() if found else None

    def says(self, name: str, text: str) -> str | None:
        """Like :meth:`find`, but not where it is only one of two ways, or denied: "go or no-go", "not park it"."""
        for found in self.pattern(name).finditer(text[:2000]):
            before = text[max(0, found.start() - 20) : found.start()].rstrip()
            if not self._unsaid.search(before):
                return found.group()
        return None

    def opens(self, name: str, text: str) -> bool:
        """Whether the text begins with the cue, quotation marks and brackets aside."""
        return self.pattern(name).match(text[:400].lstrip(" \"'“‘„‚(*_-")) is not None

    def words(self, name: str) -> frozenset[str]:
        """A list that is no expression: plain words."""
        if name not in self._words:
            self._words[name] = frozenset(self._data["words"].get(name, "").split())
        return self._words[name]

    def pairs(self, name: str) -> Mapping[str, str]:
        """A list of words with what stands for each: "built" for "build"."""
        found: Mapping[str, str] = self._data["pairs"].get(name, {})
        return found

    def wording(self, name: str) -> str:
        """The words that a title is given in this language: "Fix: ", "Investigate "."""
        text: str = self._data["wording"].get(name, "")
        return text


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that can be read, English first."""
    folder = resources.files("pipekit.backlog.offline").joinpath("languages")
    codes = sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))
    return ("en", *(code for code in codes if code != "en"))


@cache
def _cues_of(language: str) -> Cues:
    text = resources.files("pipekit.backlog.offline").joinpath(f"languages/{language}.json").read_text("utf-8")
    return Cues(json.loads(text))


_HERE: ContextVar[str] = ContextVar("language that is read", default="en")


def cues(language: str | None = None) -> Cues:
    """The cues of a language; by default of the one that is being read."""
    return _cues_of(language or _HERE.get())


@contextmanager
def reading(language: str) -> Iterator[None]:
    """Read this language inside the block: all rules look at its words."""
    before = _HERE.set(language)
    try:
        yield
    finally:
        _HERE.reset(before)
