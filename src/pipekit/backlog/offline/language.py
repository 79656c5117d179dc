"""Which language a meeting is in, by its function words: the rules read some, and say so of other ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.cues import cues, languages
from pipekit.backlog.offline.talk import Sentence

__all__ = ["language_note", "language_of"]

#: Languages that the rules can't read, to say which one it is. Those that they can read say it in their files.
_UNREAD: Final = {
    "French": """
        le la les un une des du de et est que qui pas ne nous vous je il elle on pour dans sur avec au aux ce cette ces
        mais ou où donc plus faut doit peut être avoir sont ça mon notre votre très comme si quand d'un c'est j'ai
    """,
    "Spanish": """
        el la los las un una de del y es que no en por para con se lo su al como más pero o si hay son está esta este
        tenemos necesitamos debe puede nos yo muy cuando también ya qué porque
    """,
    "Italian": """
        il lo la gli le un una di del della e è che non in per con si su al alla come più ma o se sono questo questa
        dobbiamo deve può abbiamo noi io molto quando anche già perché ci da nel
    """,
    "Portuguese": """
        o os a as um uma de do da dos das e é que não em no na por para com se ao como mais mas ou são este esta isso
        precisamos deve pode temos nós eu muito quando também já porque
    """,
    "Swedish": """
        och att det som en ett är på av för med vi jag inte den till har om men de kan ska måste vill så eller när
        från också här var
    """,
    "Danish or Norwegian": """
        og at det som en et er på af av for med vi jeg ikke den til har om men de kan skal må vil så eller når fra
        også her var
    """,
    "Polish": """
        i w na z że nie się to jest do jak o po tak za co ale czy my ja mamy musimy może być są dla od już tylko
        przez przy
    """,
}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_OTHER_LETTERS = re.compile(r"[\u0370-\u1cff\u2c80-\ua69f\ua840-\ufaff]")
#: Words of a sentence that are looked at.
_LOOK = 60
#: Sentences of a long meeting that are looked at, evenly spread; and utterances, to choose the language to read it in.
_ENOUGH = 1000
_ENOUGH_TO_CHOOSE = 150
#: Share of the sentences that makes it the language of the meeting, and share that is worth a word.
_MOSTLY = 0.5
_PARTLY = 0.1


def language_of(meeting: Meeting) -> str:
    """The code of the language to read the meeting in: of those that can be read, the one with most sentences."""
    said = meeting.utterances[:: len(meeting.utterances) // _ENOUGH_TO_CHOOSE + 1]
    count = _counted(one.text for one in said)
    codes = {cues(code).language: code for code in languages()}
    best = max(codes, key=lambda name: count[name])
    return codes[best] if count[best] else "en"


def language_note(talk: Sequence[Sentence]) -> str | None:
    """What a reader must know when the meeting, or a part of it, is in another language than it is read in."""
    looked_at = talk[:: len(talk) // _ENOUGH + 1]
    count = _counted(one.text for one in looked_at)
    read = cues().language
    known = sum(count.values())
    foreign = known - count[read]
    if foreign == 0:
        return None
    language = min((name for name in count if name != read), key=lambda name: (-count[name], name))
    unread = "it may hold work that isn't listed here"
    if foreign >= _MOSTLY * known:
        return f"the rules read {_readable()}; this meeting seems to be in {language}: {unread}"
    if foreign >= _PARTLY * known and foreign >= 2:
        share = round(100 * foreign / len(looked_at))
        return f"this meeting was read as {read}; some {share} % of it seem to be in {language}: {unread}"
    return None


def _readable() -> str:
    names = [cues(code).language for code in languages()]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    read = {cues(code).language: cues(code).words("function") for code in languages()}
    return read | {language: frozenset(words.split()) for language, words in _UNREAD.items()}


def _counted(texts: Iterable[str]) -> Counter[str]:
    """How many of the texts are in which language; those that don't tell are left out."""
    return Counter(language for language in (_language_in(text) for text in texts) if language is not None)


def _language_in(text: str) -> str | None:
    """The language of a sentence, None where too little tells it."""
    words = [word.group().casefold().replace("’", "'") for word in _WORD.finditer(text[:600])][:_LOOK]
    if sum(_OTHER_LETTERS.search(word) is not None for word in words) * 2 > len(words):
        return "a language in other letters"
    scores = {language: sum(word in known for word in words) for language, known in _lists().items()}
    best = max(scores, key=lambda language: scores[language])
    if scores[best] < 2 or scores[best] * 6 < len(words):
        return None
    read = cues().language
    return read if scores.get(read, 0) >= scores[best] else best
