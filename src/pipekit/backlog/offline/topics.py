"""A meeting cut into topics: in notes by headings and bullets, in talk by the phrases with which people change them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, field

from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.announcements import announces, facilitator, without_fillers
from pipekit.backlog.offline.criteria import criteria_positions
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.new_requests import new_requests
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence, people_in
from pipekit.backlog.offline.wishes import ENOUGH, leans, worth_of

__all__ = ["Topic", "cut_into_topics"]

#: How far back from a rejection its proposal is looked for, in sentences.
REACH = 4
#: How many short comments after a rejection still belong to it.
TAIL = 6


#: Of how many sentences a topic may consist to be turned down as a whole by what is said at its end.
SHORT = 8

#: So many announced topics make a meeting in which they are announced.
ANNOUNCED = 4


@define
class Topic:
    """A stretch of the meeting about one thing. ``verdict`` says that it was turned down as a whole."""

    sentences: list[Sentence] = field(factory=list)
    heading: str | None = None
    #: What people called it when they came to it: "wheelchairs", "the card limit".
    name: str | None = None
    verdict: str | None = None
    in_notes: bool = False
    #: Its heading asks for work ("Actions", "Bugs"), so that a bullet needs no other words for that.
    asks: bool = False
    #: Cut off because it seems to ask for something else; where it asks for nothing, it belongs to the one before.
    is_guess: bool = False

    @property
    def words(self) -> frozenset[str]:
        """The words that carry its meaning."""
        return content_words(" ".join([self.heading or "", *(one.text for one in self.sentences)]))


def cut_into_topics(meeting: Meeting, talk: Sequence[Sentence], cues: Cues) -> list[Topic]:
    """The topics in order. Notes are cut by their layout, everything else by how people talk."""
    laid_out = sum(one.utterance.kind in ("heading", "bullet") for one in talk)
    if laid_out >= 3 and laid_out * 2 >= len(talk):
        return _by_layout(talk, cues)
    return _by_phrases(meeting, talk, cues)


# --- notes ---------------------------------------------------------------------------------------------------------


def _by_layout(talk: Sequence[Sentence], cues: Cues) -> list[Topic]:
    """One topic for each heading that names a thing; below other headings one for each bullet of the first level."""
    topics: list[Topic] = []
    generic = True
    verdict: str | None = None
    silent = False
    asks = False
    levels = [one.utterance.level for one in talk if one.utterance.kind == "heading"]
    top = min(levels, default=0) if levels.count(min(levels, default=0)) == 1 and len(levels) > 2 else 0
    current: Topic | None = None
    for one in talk:
        utterance = one.utterance
        if utterance.kind == "heading":
            if not one.first:
                continue
            name = utterance.text.strip(" :.*_")
            silent = _is(cues, "silent_heading", name)
            generic = silent or utterance.level == top or _is(cues, "generic_heading", name)
            verdict = next(
                (
                    word
                    for word, cue in (
                        ("rejected", "rejecting_heading"),
                        ("parked", "parking_heading"),
                        ("done", "done_heading"),
                    )
                    if _is(cues, cue, name)
                ),
                None,
            )
            generic = generic or verdict is not None
            asks = _is(cues, "asking_heading", name)
            current = None if generic else Topic(heading=name, in_notes=True)
            if current is not None:
                topics.append(current)
            continue
        if silent:
            continue
        opens_bullet = one.first and (utterance.kind != "bullet" or utterance.level <= 1)
        if generic and (opens_bullet or current is None):
            current = Topic(in_notes=True, verdict=verdict, asks=asks)
            topics.append(current)
        if current is not None:
            current.sentences.append(one)
    return [topic for topic in topics if topic.sentences]


def _is(cues: Cues, cue: str, name: str) -> bool:
    return any(cues.pattern(cue).fullmatch(name[: len(name) - more]) is not None for more in range(min(3, len(name))))


# --- talk ----------------------------------------------------------------------------------------------------------


def _by_phrases(meeting: Meeting, talk: Sequence[Sentence], cues: Cues) -> list[Topic]:
    starts = {0}
    names: dict[int, str] = {}
    announced = 0
    people = people_in(meeting)
    leader = facilitator(talk, people, cues)
    for position, one in enumerate(talk):
        before = talk[position - 1] if position else None
        if announces(talk, position, people, leader, cues):
            starts.add(position)
            announced += 1
            names[position] = without_fillers(one.text, people, cues)[0].rstrip(" ?!.")
        elif _opens(one, before, people, cues):
            starts.add(position)
            bare = without_fillers(one.text, people, cues)[0]
            named = cues.pattern("what_about").match(bare) or cues.pattern("list_is").search(bare[:200])
            if named:
                names[position] = named.group("what").strip(" ,")
    # Where topics are announced, most requests inside one are about it.
    guessed = new_requests(talk, starts, cues, announced=announced >= ANNOUNCED) - starts
    starts |= guessed
    verdicts, resumed = _turned_down(talk, starts, cues)
    topics: list[Topic] = []
    open_topic: Topic | None = None
    for position, one in enumerate(talk):
        if position in resumed and open_topic is not None:
            topic = open_topic
        elif position in starts or not topics:
            topic = Topic(verdict=verdicts.get(position), name=names.get(position), is_guess=position in guessed)
            if topic.verdict and topics and _only_named(topics[-1], cues):
                before_it = topics.pop()
                topic.name, topic.sentences = before_it.name, before_it.sentences
            topics.append(topic)
        topic.sentences.append(one)
        open_topic = topic if topic.verdict is None else open_topic
    return _joined(topics)


def _only_named(topic: Topic, cues: Cues) -> bool:
    """Whether a topic is hardly more than its name, so that a verdict right after it is about all of it."""
    if not topic.name or topic.verdict or len(topic.sentences) > 2 + REACH:
        return False
    return all(worth_of(one, cues) < 2 for one in topic.sentences)


def _opens(one: Sentence, before: Sentence | None, people: frozenset[str], cues: Cues) -> bool:
    """Whether a topic begins here: by a phrase, by handing over, or by naming a thing and nothing else."""
    text = one.text
    if cues.opens("opener", text) or cues.opens("opener", without_fillers(text, people, cues)[0]):
        return True
    bare = text.strip(" ?.!,").lower()
    if bare in people and one.is_question:
        return True
    addressed = re.match(rf"([A-Z][\w'’-]+), (?:{cues.shape('handed_over').pattern})", text)
    if addressed and addressed.group(1).lower() in people:
        return True
    return cues.find("story", text) is not None and one.first and before is not None and before.words <= 3


def _turned_down(talk: Sequence[Sentence], starts: set[int], cues: Cues) -> tuple[dict[int, str], set[int]]:
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
    if begin == position or cues.find("stands_for_before", one.text) or leans(one.text):
        return False
    if any(other.is_question or other.words <= 4 for other in talk[max(begin, position - 2) : position]):
        return False
    named = content_words(one.text)
    for cue in ("reject", "park", "done", "not_now"):
        named -= content_words(" ".join(found.group() for found in cues.pattern(cue).finditer(one.text[:600])))
    return bool(named) and not any(named & content_words(other.text) for other in talk[begin:position])


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
    if before is not None and cues.opens("refusal", one.text) and _names_only(before, cues):
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


def _joined(topics: list[Topic]) -> list[Topic]:
    """Scraps put with what went before: an opener alone is no topic."""
    joined: list[Topic] = []
    for topic in topics:
        words = sum(one.words for one in topic.sentences)
        if joined and topic.verdict is None and words <= 4 and joined[-1].verdict is None and not joined[-1].words:
            joined[-1].sentences.extend(topic.sentences)
            joined[-1].name = joined[-1].name or topic.name
        elif joined and joined[-1].verdict is None and sum(one.words for one in joined[-1].sentences) <= 4:
            # "First thing." belongs to what it announces.
            topic.sentences = [*joined[-1].sentences, *topic.sentences]
            topic.name = topic.name or joined[-1].name
            joined[-1] = topic
        else:
            joined.append(topic)
    return joined
