"""Where something is rejected, parked or done, and how much of the talk before and after belongs to that."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit.backlog.offline.criteria import criteria_positions
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence
from pipekit.backlog.offline.wishes import ENOUGH, leans, worth_of

__all__ = ["REACH", "turned_down_in"]

#: How far back from a rejection its proposal is looked for, in sentences.
REACH = 4
#: How many short comments after a rejection still belong to it.
TAIL = 6
#: Of how many sentences a topic may consist to be turned down as a whole by what is said at its end.
SHORT = 8
#: How many words a reply has at most that refuses and does nothing else.
CURT = 8


def turned_down_in(talk: Sequence[Sentence], starts: set[int], cues: Cues) -> tuple[dict[int, str], set[int]]:
    """Where something is rejected, parked or done: its stretch becomes a topic of its own, with the verdict.

    The second set says where the topic goes on in the middle of which something else was turned down.
    """
    verdicts: dict[int, str] = {}
    resumed: set[int] = set()
    criteria = criteria_positions(talk, cues)
    after = 0
    for position, one in enumerate(talk):
        before = talk[position - 1] if position else None
        verdict = _verdict(one, before, cues)
        if verdict is None or position in criteria or (position < after and verdict != "parked"):
            continue
        if verdict == "done" and _is_remark_on_work(talk, position, starts, criteria, cues):
            continue
        begin = _proposal_before(talk, position, starts, cues)
        if _names_its_own(talk, begin, position, cues):
            begin = position
        elif _verdict_said(one, cues):
            begin = _whole_topic(talk, begin, position, starts, criteria, cues)
        if any(cues.find("story", other.text) for other in talk[begin : position + 1]) and verdict != "rejected":
            continue
        inside = begin not in starts
        starts.add(begin)
        verdicts[begin] = verdict
        for inner in range(begin + 1, position + 1):
            starts.discard(inner)
            verdicts.pop(inner, None)
        after = position + 1
        while after < min(len(talk), position + 1 + TAIL) and _belongs_to_verdict(talk[after], one, starts, cues):
            after += 1
        if inside and after not in starts:
            resumed.add(after)
        starts.add(after)
    return verdicts, resumed


def _verdict_said(one: Sentence, cues: Cues) -> bool:
    """Whether it says more than "no", which answers the question before and nothing else."""
    return any(cues.says(cue, one.text) for cue in ("reject", "park", "done", "not_now"))


def _is_remark_on_work(
    talk: Sequence[Sentence], position: int, starts: set[int], criteria: set[int], cues: Cues
) -> bool:
    """Whether "we have the hours in the portal already" is said of what a wanted thing is built with, not asked for."""
    if position in starts or (position and talk[position - 1].is_question):
        return False
    begin = max((start for start in starts if start <= position), default=0)
    return any(other in criteria or worth_of(talk[other], cues) >= ENOUGH for other in range(begin, position))


def _names_its_own(talk: Sequence[Sentence], begin: int, position: int, cues: Cues) -> bool:
    """Whether what is turned down is named in the sentence itself and nowhere before: "the sauna is postponed"."""
    one = talk[position]
    if begin == position:
        return False
    named = _named_in(one.text, cues)
    # "No chat, we said no to that.": what is pointed at stands in the sentence itself.
    is_named_first = cues.opens("none_of", one.text)
    if not is_named_first and (leans(one.text) or cues.find("stands_for_before", one.text)):
        return False
    for other in talk[max(begin, position - 2) : position]:
        calls_it = cues.opens("type_only", other.text) or cues.find("estimate", other.text)
        if other.is_question or (other.words <= 4 and not calls_it):
            return False
    return bool(named) and not any(named & content_words(other.text) for other in talk[begin:position])


def _named_in(text: str, cues: Cues) -> frozenset[str]:
    """The words of a sentence beside those that turn something down."""
    named = content_words(text)
    for cue in ("reject", "park", "done", "not_now"):
        named -= content_words(" ".join(found.group() for found in cues.pattern(cue).finditer(text[:600])))
    return named


def _whole_topic(
    talk: Sequence[Sentence], begin: int, position: int, starts: set[int], criteria: set[int], cues: Cues
) -> int:
    """Where the topic begins that is turned down: all of it, if it is short and nothing in it was taken on before."""
    start = max((start for start in starts if start <= position), default=0)
    if start >= begin or position - start > SHORT:
        return begin
    said = talk[start:begin]
    alive = any(one.index in criteria or cues.find("commit", one.text) or cues.find("story", one.text) for one in said)
    asks_more = talk[begin].is_question and any(worth_of(one, cues) >= ENOUGH for one in said)  # "and by weight?"
    estimated = any(one.words <= 8 and cues.find("estimate", one.text) for one in said)
    return begin if alive or estimated or asks_more else start


def _verdict(one: Sentence, before: Sentence | None, cues: Cues) -> str | None:
    if cues.find("not_now", one.text) and not one.is_question:
        return "parked"
    proposal = before if cues.opens("refusal", one.text) else None
    if proposal is not None and (_names_only(proposal, cues) or _proposes_to(proposal, one, cues)):
        return "parked" if cues.find("park", one.text) else "rejected"
    for verdict, cue in (("rejected", "reject"), ("parked", "park"), ("done", "done")):
        if cues.says(cue, one.text) and one.words > 1:
            if one.is_question or (verdict == "done" and cues.find("criteria_open", one.text)):
                continue
            if verdict != "parked" and cues.find("supposes", one.text):
                continue
            return verdict
    return None


def _names_only(one: Sentence, cues: Cues) -> bool:
    """Whether it only asks "dark mode?": a thing to build, no question about the talk."""
    return (
        one.is_question
        and one.words <= 5
        and bool(content_words(one.text))
        and not cues.find("talk_question", one.text)
        and not cues.find("finite", one.text)
        and not cues.shape("points").search(one.text)
    )


def _proposes_to(one: Sentence, reply: Sentence, cues: Cues) -> bool:
    """Whether it asks somebody else for a thing, and the reply does no more than refuse.

    "Could we also have a dark mode?" – "No, sorry." It isn't so with "No, we'll mend it ourselves.", which
    goes on with another way to do the same.
    """
    return (
        one.is_question
        and one.turn != reply.turn
        and not reply.is_question
        and reply.words <= CURT
        and not any(cues.find(cue, reply.text) for cue in ("finite", "pronoun", "request"))
        and cues.shape("proposes_question").match(one.text) is not None
        and not cues.find("talk_question", one.text)
    )


def _proposal_before(talk: Sequence[Sentence], position: int, starts: set[int], cues: Cues) -> int:
    """The sentence that proposed what is turned down at ``position``; the sentence itself where it names the thing."""
    one = talk[position]
    named = content_words(one.text)
    done = cues.pattern("done").search(one.text)
    if done and len(named) >= 2 and not cues.find("stands_for_before", one.text[: done.start()]):
        return position
    begin = position
    for back in range(position - 1, max(-1, position - 1 - REACH), -1):
        other = talk[back]
        shares = bool(named & content_words(other.text))
        proposes = other.is_question or cues.find("request", other.text) is not None or cues.opens("opener", other.text)
        if shares or (other.turn != one.turn and proposes):
            begin = back
            if other.turn != one.turn and (other.is_question or cues.opens("opener", other.text)):
                asked = content_words(other.text)
                if back and other.words <= 3 and asked and asked <= content_words(talk[back - 1].text):
                    begin = back - 1  # "They want the confetti." – "Confetti?"
                break
        elif other.turn != one.turn and begin < position:
            break
        if back in starts:
            begin = back if begin == position and back == position - 1 else begin
            break
    least = max(0, position - 2 * REACH)
    while begin > least and begin not in starts and talk[begin - 1].turn == talk[begin].turn and talk[begin].words <= 4:
        begin -= 1
    return begin


def _belongs_to_verdict(after: Sentence, verdict: Sentence, starts: set[int], cues: Cues) -> bool:
    """Short words that only comment on what was just turned down."""
    if after.index in starts or cues.opens("opener", after.text):
        return False
    if (after.is_question and after.turn != verdict.turn) or worth_of(after, cues) >= 1.0:
        return False
    return (after.turn - verdict.turn <= 1 and after.words <= 6) or (after.turn == verdict.turn and after.words <= 12)
