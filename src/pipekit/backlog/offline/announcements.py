"""Where people name the next thing and nothing else ("Wheelchairs.", "So, next, parents.", "Ines, the certificates.").

What tells such a name from any other short remark is that it comes back: the talk that follows uses its words, and the
talk before did not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence

__all__ = ["announces", "facilitator", "without_fillers"]

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
            moves = moves or "please" in name.group().lower()  # hands over: "Ines, please, the certificates"
            rest = rest[name.end() :]
            continue
        filler = cues.pattern("filler").match(rest)
        if filler is None:
            break
        moves = moves or cues.pattern("moves_on").match(filler.group()) is not None
        rest = rest[filler.end() :].lstrip(" ,;:.–—-")
    return rest, moves


def facilitator(talk: Sequence[Sentence], people: Collection[str], cues: Cues) -> str | None:
    """Who leads through the meeting: the speaker who most often moves on to the next thing."""
    moves = Counter(
        one.speaker
        for one in talk
        if one.speaker and (cues.opens("opener", one.text) or without_fillers(one.text, people, cues)[1])
    )
    return moves.most_common(1)[0][0] if moves else None


def announces(talk: Sequence[Sentence], position: int, people: Collection[str], leader: str | None, cues: Cues) -> bool:
    """Whether the sentence at ``position`` names a thing that is talked about from here on."""
    one = talk[position]
    if one.words > LONGEST + 6:
        return False
    bare, moves = without_fillers(one.text, people, cues)
    if not _names(bare, people, cues):
        return False
    if not moves and not _may_open(talk, position, people, leader, cues):
        return False
    words = content_words(bare)
    later = talk[position + 1 : position + 1 + AFTER]
    earlier = talk[max(0, position - BEFORE) : position]
    called = position > 0 and talk[position - 1].text.strip(" ?!.,").lower() in people
    comes_back = (
        called or cues.find("next_one", one.text) is not None or any(words & content_words(said.text) for said in later)
    )
    is_known = sum(bool(words & content_words(said.text)) for said in earlier) > (2 if moves else 0)
    return comes_back and not is_known


def _names(bare: str, people: Collection[str], cues: Cues) -> bool:
    """Whether words are a name for a thing, and no sentence, greeting, number or person."""
    longest = LONGEST if cues.opens("determiner", bare) else LONGEST // 2
    if not content_words(bare) or len(bare.split()) > longest or _NUMBER.search(bare) or bare.lower() in people:
        return False
    if cues.opens("no_name", bare) or cues.find("greeting", bare) or cues.find("pronoun", bare) or "," in bare:
        return False
    return not any(cues.find(cue, bare) for cue in ("finite", "talk_question", "estimate"))


def _may_open(talk: Sequence[Sentence], position: int, people: Collection[str], leader: str | None, cues: Cues) -> bool:
    """Whether a name without "next" or "so" can be the beginning of something: no answer, no echo, no aside."""
    one = talk[position]
    before = talk[position - 1] if position else None
    if before is None:
        return True
    handed_over = before.text.strip(" ?!.,").lower() in people or cues.opens("opener", before.text)
    if one.is_question:
        return cues.opens("also_this", one.text)  # else it asks back: "A fridge?"
    answers = before.is_question and before.turn != one.turn
    return handed_over or (one.speaker == leader and not answers) or (before.turn == one.turn and before.words <= 3)
