"""Which language a meeting is in, by its function words: the rules read English, and say so of other ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from pipekit.backlog.offline.talk import Sentence

__all__ = ["language_note"]

_WORDS: Final = {
    "English": """
        the and of to a in is it that for on with as at this we you are be have not what so can will was they do but
        from or there if an our should would my your has when he she them which about just need don't it's i
    """,
    "German": """
        der die das und ist ich wir nicht ein eine einen einem einer zu mit auf für von dem den des im es sie auch wird
        werden haben hat sich aber oder dass wenn als noch nur nach bei aus wie kann müssen sollen sollten wollen möchte
        damit dann mal schon ja nein was wer zum zur am sind war
    """,
    "Dutch": """
        de het een en van ik wij we niet dat dit die is op te met voor zijn aan er ook maar als om naar bij uit nog wel
        kan kunnen moet moeten wil willen hebben heeft zodat dan wat worden wordt geen mijn onze deze al of jij je hij
    """,
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
_LISTS: Final = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_OTHER_LETTERS = re.compile(r"[\u0370-\u1cff\u2c80-\ua69f\ua840-\ufaff]")
#: Words of a sentence that are looked at.
_LOOK = 60
#: Sentences of a long meeting that are looked at, evenly spread.
_ENOUGH = 1000
#: Share of the sentences that makes it the language of the meeting, and share that is worth a word.
_MOSTLY = 0.5
_PARTLY = 0.1


def language_note(talk: Sequence[Sentence]) -> str | None:
    """What a reader must know when the meeting isn't in English, or not all of it; None where it is."""
    looked_at = talk[:: len(talk) // _ENOUGH + 1]
    count = Counter(language for language in (_language_of(one.text) for one in looked_at) if language is not None)
    known = sum(count.values())
    foreign = known - count["English"]
    if foreign == 0:
        return None
    language = min((name for name in count if name != "English"), key=lambda name: (-count[name], name))
    unread = "it may hold work that isn't listed here"
    if foreign >= _MOSTLY * known:
        return f"the rules read English; this meeting seems to be in {language}: {unread}"
    if foreign >= _PARTLY * known and foreign >= 2:
        share = round(100 * foreign / len(looked_at))
        return f"the rules read English; some {share} % of this meeting seem to be in {language}: {unread}"
    return None


def _language_of(text: str) -> str | None:
    """The language of a sentence, None where too little tells it."""
    words = [word.group().casefold().replace("’", "'") for word in _WORD.finditer(text[:600])][:_LOOK]
    if sum(_OTHER_LETTERS.search(word) is not None for word in words) * 2 > len(words):
        return "a language in other letters"
    scores = {language: sum(word in known for word in words) for language, known in _LISTS.items()}
    best = max(scores, key=lambda language: scores[language])
    if scores[best] < 2 or scores[best] * 6 < len(words):
        return None
    return "English" if scores["English"] >= scores[best] else best
