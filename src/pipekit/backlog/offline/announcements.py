"""Where people name the next thing and nothing else ("Wheelchairs.", "So, next, parents.", "Ines, the certificates.").

What tells such a name from any other short remark is that it comes back: the talk that follows uses its words, and the
talk before did not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence

__all__ = ["announces", "without_fillers"]

#: How many words a name has at most, and how far its words are looked for: sentences after it, sentences before it.
LONGEST = 7
AFTER = 12
BEFORE = 6
_NUMBER = re.compile(r"\d")


def without_fillers(text: str, people: Collection[str], cues: Cues) -> tuple[str, bool]:
    """The sentence without "okay", "so", "next" and names in front of it; and whether one of them moves on."""
    rest = text.strip(" \"'“”‘’.…,;:–—-")
    moves = False
    while rest:
        name = re.match(r"([\w'’-]+)[,:]?\s+(?:please[,:]?\s+)?", rest)
        if name and name.group(1).lower() in people and len(name.group()) < len(rest):
            rest = rest[name.end() :]
            continue
        filler = cues.pattern("filler").match(rest)
        if filler is None:
            break
        moves = moves or cues.pattern("moves_on").match(filler.group()) is not None
        rest = rest[filler.end() :].lstrip(" ,;:.–—-")
    return rest, moves


def announces(talk: Sequence[Sentence], position: int, people: Collection[str], cues: Cues) -> bool:
    """Whether the sentence at ``position`` names a thing that is talked about from here on."""
    one = talk[position]
    if one.words > LONGEST + 6:
        return False
    bare, moves = without_fillers(one.text, people, cues)
    words = content_words(bare)
    if not words or len(bare.split()) > LONGEST or bare.lower() in people or _NUMBER.search(bare):
        return False
    if cues.find("finite", bare) or cues.find("talk_question", bare) or cues.find("estimate", bare):
        return False
    before = talk[position - 1] if position else None
    if before is not None and not moves:
        if before.is_question and before.turn != one.turn:
            return False  # an answer
        if not one.first and before.words > 3:
            return False  # the end of what somebody tells
        if one.is_question and not cues.opens("also_this", one.text):
            return False  # asks back: "A fridge?"
    later = talk[position + 1 : position + 1 + AFTER]
    earlier = talk[max(0, position - BEFORE) : position]
    comes_back = any(words & content_words(said.text) for said in later if said.turn != one.turn or not said.first)
    is_known = sum(bool(words & content_words(said.text)) for said in earlier) > (2 if moves else 0)
    return comes_back and not is_known
