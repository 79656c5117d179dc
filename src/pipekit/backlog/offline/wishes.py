"""How strongly a sentence asks for work, and what it leans on: the same judgement for cutting topics and for items."""

from __future__ import annotations

from functools import lru_cache

from pipekit.backlog.model.reasons import Sign
from pipekit.backlog.offline.cues import Cues, cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Said, Sentence

__all__ = [
    "ENOUGH",
    "asks_for_work",
    "complains",
    "is_private",
    "is_smalltalk",
    "leans",
    "main_clause",
    "only_commits",
    "set_aside",
    "signs_of",
    "worth_of",
]

#: How much a topic needs to be a work item.
ENOUGH = 2.0


def worth_of(one: Sentence, marks: Cues) -> float:
    """How strongly a sentence asks for work; 0 for talk about the meeting itself or about private life."""
    return _worth(one.said, marks)


@lru_cache(maxsize=8192)  # each sentence is asked about several times: while topics are cut, items made, titles found
def _worth(said: Said, marks: Cues) -> float:
    if set_aside(said, marks) is not None:
        return 0.0
    return sum(sign.weight for sign in signs_of(said, marks))


def set_aside(one: Said, marks: Cues) -> Sign | None:
    """What makes a sentence ask for nothing, whatever its words: it is cut off, sums up, agrees, or is private."""
    text = one.text
    if marks.find("story", text):
        return None
    if one.is_speech:
        for cue in ("cut_off", "recap", "list_is"):
            if words := marks.find(cue, text):
                return Sign(rule=cue, words=words, weight=0.0)
    for cue in ("agreement", "private"):
        if (words := marks.find(cue, text)) and not marks.find("bug_word", text):
            return Sign(rule=cue, words=words, weight=0.0)
    return None


def signs_of(one: Said, marks: Cues) -> tuple[Sign, ...]:
    """The rules that find something in a sentence that asks for work, with the words and how much these count."""
    text = one.text
    if words := marks.find("story", text):
        return (Sign(rule="story", words=words, weight=3.0),)
    found: list[Sign] = []

    def add(rule: str, weight: float) -> bool:
        words = marks.find(rule, text)
        if words:
            found.append(Sign(rule=rule, words=words, weight=weight))
        return words is not None

    if words := _request_in(one, marks):
        found.append(Sign(rule="request", words=words, weight=1.0 if marks.find("others_duty", text) else 2.0))
    if one.words >= 3:
        add("commit", 1.0)
    for cue in ("bug_word", "debt_word", "spike_word"):
        add(cue, 1.5)
    if one.words >= 4:
        if not one.is_question:
            add("bug", 1.0)
        if not add("spike", 1.0):
            add("spike_doubt", 0.5)
        if not one.is_question:
            add("debt", 0.5)
    return tuple(found)


def only_commits(one: Sentence, marks: Cues) -> bool:
    """Whether it puts something on the list and doesn't say what: "so that goes into the sprint"."""
    if not marks.find("commit", one.text) or asks_for_work(one, marks):
        return False
    return not any(marks.find(cue, one.text) for cue in ("story", "bug", "debt", "spike"))


def asks_for_work(one: Sentence, marks: Cues) -> bool:
    """Whether its words are those of a request, and not of one about the meeting."""
    return _request_in(one.said, marks) is not None


def _request_in(one: Said, marks: Cues) -> str | None:
    text = one.text
    if one.words < 4 or marks.find("meeting_verb", text):
        return None
    if one.is_question and not marks.find("request_question", text):
        return None
    return marks.find("request", marks.pattern("commit").sub(" ", text[:2000]))


def complains(one: Sentence, marks: Cues) -> bool:
    """Whether it says that something is wrong."""
    return not one.is_question and one.words >= 4 and marks.find("bug", main_clause(one.text)) is not None


def is_private(one: Sentence, marks: Cues) -> bool:
    """Whether it is about food, trips, families or the weather, or advice from one person to another."""
    return marks.find("private", one.text) is not None


def is_smalltalk(one: Sentence, marks: Cues) -> bool:
    """Whether it is too short to say anything, or only agrees."""
    return one.words <= 2 or (one.words <= 6 and marks.opens("assent", one.text))


def leans(text: str) -> bool:
    """Whether its subject, or all it names, stands in a sentence before: "it needs a queue", "we need to fix that"."""
    marks = cues()
    bare = marks.shape("expletive").sub("", marks.shape("lead").sub("", text[:2000].lstrip(" \"'“‘„(*_-")))
    if marks.shape("points_at_end").search(bare) and len(content_words(bare)) < 4:
        return True
    if marks.shape("pronoun_subject").match(bare) and not marks.shape("names_after_all").match(bare):
        return True
    points = marks.shape("points").search(bare)
    if points is not None and len(bare.split()) <= 6:
        return True
    return points is not None and len(content_words(bare[: points.start()])) < 2


def main_clause(text: str) -> str:
    """The sentence without the reason it gives."""
    found = cues().shape("reason_clause").search(text[:2000])
    return text[: found.start()] if found and found.start() >= 12 else text[:2000]
