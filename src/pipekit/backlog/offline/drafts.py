"""What a topic asks for, while it is being put together: usually one item, more where somebody says so."""

from __future__ import annotations

from itertools import pairwise

from attrs import define, field

from pipekit.backlog.offline.criteria import criteria_positions
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence
from pipekit.backlog.offline.topics import Topic
from pipekit.backlog.offline.wishes import ENOUGH, is_smalltalk, only_commits, worth_of

__all__ = ["Draft", "drafts_of"]


@define(eq=False)
class Draft:
    """An item while it is being put together."""

    seeds: list[Sentence]
    sentences: list[Sentence]
    heading: str | None = None
    name: str | None = None
    stretches: list[list[Sentence]] = field(factory=list)
    in_notes: bool = False
    #: Too weak for an item of its own; only more evidence for an earlier one.
    is_weak: bool = False
    #: The words of what asks for it.
    words: frozenset[str] = field(init=False)

    @words.default
    def _words_of_seeds(self) -> frozenset[str]:
        return content_words(" ".join([self.heading or "", self.name or "", *(one.text for one in self.seeds)]))


def drafts_of(topic: Topic, marks: Cues) -> list[Draft]:
    """The items of one topic: usually one; more where somebody says so or something has to come first."""
    criteria = criteria_positions(topic.sentences, marks)
    unsaid = {place for place in criteria if not marks.find("story", topic.sentences[place].text)} | {
        place for place, (_, after) in enumerate(pairwise(topic.sentences)) if marks.opens("takes_back", after.text)
    }
    worths = {
        one.index: worth_of(one, marks) if place not in unsaid else 0.0 for place, one in enumerate(topic.sentences)
    }
    seeds = [one for one in topic.sentences if worths[one.index] >= 1.0 and not is_smalltalk(one, marks)]
    total = sum(sorted(worths.values(), reverse=True)[:4])
    if not topic.in_notes and not topic.name and all(only_commits(one, marks) for one in seeds):
        return []  # put on the list: what stands before it
    if topic.heading and topic.in_notes:
        seeds = seeds or [one for one in topic.sentences if one.words >= 4][:1]
        total = max(total, ENOUGH)
    if topic.asks and topic.in_notes:
        seeds = seeds or [one for one in topic.sentences if one.words >= 3][:1]
        total = max(total, ENOUGH)
    if not topic.in_notes:
        total += 1.0 if criteria else 0.0
        total += 0.5 if any(one.words <= 12 and marks.find("estimate", one.text) for one in topic.sentences) else 0.0
    said_same = any(marks.find("same", one.text) for one in topic.sentences)
    if not seeds or (total < ENOUGH and not said_same):
        return []
    main = Draft(
        seeds=seeds,
        sentences=list(topic.sentences),
        heading=topic.heading,
        name=topic.name,
        stretches=[list(topic.sentences)],
        in_notes=topic.in_notes,
        is_weak=total < ENOUGH,
    )
    return [main, *_split_off(topic, main, marks)]


def _split_off(topic: Topic, main: Draft, marks: Cues) -> list[Draft]:
    """Items inside a topic: "that's an item too", "the queue has to be replaced first"."""
    found: list[Draft] = []
    for position, one in enumerate(topic.sentences):
        if one.is_question:
            continue
        own_item = marks.find("new_item", one.text) is not None and not topic.in_notes
        first = None if topic.in_notes else marks.pattern("first_need").search(one.text[:400])
        if not own_item and not first:
            continue
        named = first and next((group for group in first.groupdict().values() if group), None)
        words = content_words(named) if named else content_words(one.text)
        if own_item and only_commits(one, marks) and len(content_words(one.text)) < 4:
            continue
        earlier = [other for other in main.seeds[:2] if other.index < one.index]
        others = [other for other in earlier if not marks.find("blocks_on", other.text)]
        if not words or (not own_item and not others):
            continue
        elsewhere = content_words(" ".join(other.text for other in others))
        if words <= elsewhere and not own_item:
            continue
        begin = position
        while begin > 0 and begin > position - 4 and words & content_words(topic.sentences[begin - 1].text):
            if topic.sentences[begin - 1] in others[:1] or marks.find("story", topic.sentences[begin - 1].text):
                break
            begin -= 1
        stretch = list(topic.sentences[begin:])
        found.append(Draft(seeds=[one], sentences=stretch, stretches=[stretch]))
        main.seeds = [other for other in main.seeds if other.index < topic.sentences[begin].index] or main.seeds[:1]
        main.sentences = [other for other in main.sentences if other.index < topic.sentences[begin].index]
        main.sentences = main.sentences or list(topic.sentences)
        main.stretches = [main.sentences]
        break
    return found
