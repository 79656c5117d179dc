"""What sentences say about work: that it is wanted, broken, owed, to be found out, turned down, done or the same again.

The phrases stand in ``languages/<code>.json``, one list of regular expressions a cue; a blank stands for white space.
A language is added by adding a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

__all__ = ["Cues", "cues"]


#: Where people who type fast, and programs that write down talk, leave it out: "dont", "lets".
_NO_APOSTROPHE = re.compile(r"(?:(?<=n)(?=\['’\]t)|(?<=let)(?=\['’\]s))\['’\]")


class Cues:
    """The phrases of one language, compiled when first asked for."""

    def __init__(self, phrases: Mapping[str, list[str]]) -> None:
        self._phrases = phrases
        self._compiled: dict[str, re.Pattern[str]] = {}
        self._unsaid = re.compile(rf"(?:{'|'.join(phrases['unsaid_before'])})$", re.IGNORECASE)

    def pattern(self, name: str) -> re.Pattern[str]:
        """The expression of a cue: whole words, any case, any kind of apostrophe."""
        if name not in self._compiled:
            # People who type fast, and programs that write down talk, leave out the apostrophe of "don't" and "let's".
            parts = [
                _NO_APOSTROPHE.sub("['’]?", part.replace("'", "['’]")).replace(" ?", r"\s*").replace(" ", r"\s+")
                for part in self._phrases[name]
            ]
            self._compiled[name] = re.compile(rf"(?:(?<![\w'’])|(?=['’]s\b))(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)
        return self._compiled[name]

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
        return self.pattern(name).match(text[:400].lstrip(" \"'“‘(*_-")) is not None

    def words(self, name: str) -> frozenset[str]:
        """A list that is no expression: plain words."""
        return frozenset(self._phrases[name])


@cache
def cues(language: str = "en") -> Cues:
    """The cues of a language."""
    text = resources.files("pipekit.backlog.offline").joinpath(f"languages/{language}.json").read_text("utf-8")
    return Cues(json.loads(text))
