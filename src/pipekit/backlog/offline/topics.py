"""A meeting cut into topics: in notes by headings and bullets, in talk by the phrases with which people change them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, field

from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.announcements import announces, facilitator, without_fillers
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.new_requests import new_requests
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence, people_in
from pipekit.backlog.offline.turning_down import REACH, turned_down_in
from pipekit.backlog.offline.turning_points import turning_points
from pipekit.backlog.offline.wishes import worth_of

__all__ = ["Topic", "cut_into_topics"]


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
    #: Cut off although no request begins there: it is an item only where it asks for something by itself.
    is_turn: bool = False

    @property
    def words(self) -> frozenset[str]:
        """The words that carry its meaning."""
        return content_words(" ".join([self.heading or "", *(one.text for one in self.sentences)]))


def cut_into_topics(meeting: Meeting, talk: Sequence[Sentence], cues: Cues) -> list[Topic]:
    """The topics in order. Notes are cut by their layout, everything else by how people talk."""
    laid_out = sum(one.utterance.kind in ("heading", "bullet") for one in talk)
    if laid_out >= 3 and laid_out * 2 >= len(talk) and not _is_talk_in_bullets(talk):
        return _by_layout(talk, cues)
    return _by_phrases(meeting, talk, cues)


def _is_talk_in_bullets(talk: Sequence[Sentence]) -> bool:
    """Whether bullets only stand before what people say, below one heading at most: nothing is laid out by them."""
    headings = {one.utterance.line for one in talk if one.utterance.kind == "heading"}
    bullets = [one for one in talk if one.utterance.kind == "bullet"]
    spoken = sum(one.speaker is not None for one in bullets)
    return len(headings) <= 1 and bool(bullets) and spoken == len(bullets)


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
    turned = turning_points(talk, starts, leader, cues)
    guessed |= turned
    starts |= turned
    verdicts, resumed = turned_down_in(talk, starts, cues)
    topics: list[Topic] = []
    open_topic: Topic | None = None
    for position, one in enumerate(talk):
        if position in resumed and open_topic is not None:
            topic = open_topic
        elif position in starts or not topics:
            topic = Topic(verdict=verdicts.get(position), name=names.get(position))
            topic.is_guess, topic.is_turn = position in guessed, position in turned
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
