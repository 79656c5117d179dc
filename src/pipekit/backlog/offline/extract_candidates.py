"""Work items from requests, stories, complaints and headings; what was turned down, and the words for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from pipekit.backlog.model.candidate import Candidate, Extraction, RejectedItem
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.criteria import stated_criteria
from pipekit.backlog.offline.cues import Cues, cues
from pipekit.backlog.offline.drafts import Draft, drafts_of
from pipekit.backlog.offline.language import language_note
from pipekit.backlog.offline.new_requests import verb_of
from pipekit.backlog.offline.owners import owners_of
from pipekit.backlog.offline.reasons import Reasons
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.spoken import in_its_language
from pipekit.backlog.offline.talk import Sentence, people_in, read_talk, span_over
from pipekit.backlog.offline.telling import kind_of, subject_of, titled
from pipekit.backlog.offline.topics import Topic, cut_into_topics
from pipekit.backlog.offline.twins import Twins
from pipekit.backlog.offline.verdicts import rejected_item, turned_down
from pipekit.backlog.offline.wishes import is_private, is_smalltalk, leans, only_commits, worth_of

__all__ = ["extract_candidates"]

#: How many words with a meaning a sentence has at least that asks for something by itself, and which share is new.
LEAST = 3
NEW = 0.5
#: Sentences of a description beside the one that asks for the item.
TOLD = 3
#: Words that are said of any item: "a spike, two days, okay".
_SAYS_NOTHING = ("estimate", "spike_word", "debt_word", "bug_word", "commit", "assent")


@in_its_language
def extract_candidates(meeting: Meeting) -> Extraction:
    """The work items that the meeting asks for, in order of first mention, and those that it turned down."""
    marks = cues()
    talk = read_talk(meeting)
    people = people_in(meeting)
    drafts: list[Draft] = []
    topics = cut_into_topics(meeting, talk, marks)
    twins = Twins(topics, marks)
    latest: Draft | None = None
    rejected: list[RejectedItem] = []
    reasons = Reasons(marks)
    for topic in topics:
        if not topic.in_notes and any(marks.find("recap", one.text) for one in topic.sentences[:3]):
            reasons.recapped(topic)
            continue
        reason = turned_down(topic, marks)
        if reason is not None:
            rejected.append(rejected_item(topic, reason, marks))
            reasons.turned_down(topic, reason)
            gone = [draft for draft in drafts if _takes_back(topic, draft, marks)]
            reasons.taken_back(gone, topic)
            drafts = [draft for draft in drafts if draft not in gone]
            latest = None
            continue
        # Items of one topic were told apart already; only earlier ones can be the same.
        paired = [(draft, twins.of(draft, topic)) for draft in drafts_of(topic, marks)]
        if topic.is_guess and latest is not None and paired and not _is_own(paired[0][0], latest, marks):
            paired = []
        if not paired and latest is not None and (topic.is_guess or _goes_on(topic, latest, marks)):
            latest.sentences += topic.sentences
            latest.stretches.append(list(topic.sentences))
        elif not topic.is_guess or paired:
            reasons.too_weak([] if paired else topic.sentences)
            latest = next((twin or draft for draft, twin in reversed(paired) if twin or not draft.is_weak), None)
        for draft, twin in paired:
            if twin is not None:
                reasons.said_again(draft, twin)
                twin.seeds += draft.seeds
                twin.sentences += draft.sentences
                twin.stretches += draft.stretches
                twins.add(draft.words - twin.words, twin)
                twin.words |= draft.words
            elif not draft.is_weak:
                drafts.append(draft)
                twins.add(draft.words, draft)
            else:
                reasons.too_weak(draft.seeds)
    drafts.sort(key=lambda draft: draft.sentences[0].index)
    candidates = tuple(_candidate(number, draft, people, marks) for number, draft in enumerate(drafts, start=1))
    return Extraction(
        candidates=candidates,
        rejected=tuple(rejected),
        extraction_notes=_notes(talk, candidates, rejected),
        why=reasons.of(drafts, candidates),
    )


def _takes_back(topic: Topic, draft: Draft, marks: Cues) -> bool:
    """Whether what was turned down is an item that was asked for earlier, called by the same name."""
    name = content_words(draft.name or "")
    return bool(name) and any(name <= content_words(one.text) and _verdict_in(one, marks) for one in topic.sentences)


def _is_own(draft: Draft, latest: Draft, marks: Cues) -> bool:
    """Whether what was cut off asks for something by itself, in words that were not said of the item before."""
    known = frozenset[str]().union(*(content_words(one.text) for one in latest.sentences))
    done = {verb_of(one, marks) for one in latest.seeds} - {None}
    called = {after.index: one for one, after in pairwise(draft.sentences) if not one.is_question}
    for seed in draft.seeds:
        # "That's a bug.": what was said before it is one.
        one = called.get(seed.index, seed) if leans(seed.text) and marks.find("bug_word", seed.text) else seed
        if marks.find("story", one.text):
            return True
        own = content_words(one.text)
        for cue in _SAYS_NOTHING:
            own -= content_words(" ".join(found.group() for found in marks.pattern(cue).finditer(one.text[:600])))
        new = len(own - known) >= NEW * len(own)
        if len(own) >= LEAST and new and not leans(one.text) and not only_commits(one, marks):
            return True
        if own - known and verb_of(one, marks) in done:
            return True  # "replace the map library", "replace the payment library"
    return False


def _verdict_in(one: Sentence, marks: Cues) -> bool:
    return any(marks.says(cue, one.text) for cue in ("reject", "park", "done"))


def _goes_on(topic: Topic, draft: Draft, marks: Cues) -> bool:
    """Whether "what about owners without a phone?" is asked about the item at hand: it has a word of it."""
    asked = topic.sentences[0]
    words = frozenset[str]().union(*(content_words(one.text) for one in draft.sentences))
    return marks.opens("goes_on", asked.text) and bool(words & content_words(asked.text))


def _candidate(number: int, draft: Draft, people: frozenset[str], marks: Cues) -> Candidate:
    kind = kind_of(draft, marks)
    seed, title = titled(draft, kind, people, marks)
    quotes = [seed, *[one for one in draft.seeds if one is not seed and _belongs(one, seed, draft, marks)]]
    evidence = tuple(one.span for one in sorted(quotes[:6], key=lambda one: one.index))
    said = seed.span
    speakers = [one.speaker for one in draft.seeds if one.speaker]
    criteria = stated_criteria(draft.sentences, marks)
    owners = [name for one in draft.sentences if draft.in_notes for name in owners_of(one)]
    return Candidate(
        id=f"candidate-{number}",
        title=title,
        description=_description(draft, seed, marks),
        type=kind,
        raw_context=said.quote if said.verified else seed.text,
        verified=said.verified,
        evidence=evidence,
        acceptance_criteria=tuple(one.text for one in criteria),
        criteria_evidence=criteria,
        mentioned_by=tuple(dict.fromkeys([*speakers, *owners])),
        discussed=tuple(span_over(stretch) for stretch in draft.stretches if stretch),
    )


def _belongs(one: Sentence, seed: Sentence, draft: Draft, marks: Cues) -> bool:
    """Whether a sentence is worth quoting: it asks for work itself, or speaks of what the item is about."""
    return worth_of(one, marks) >= 2 or bool(content_words(one.text) & content_words(f"{seed.text} {draft.name or ''}"))


def _description(draft: Draft, seed: Sentence, marks: Cues) -> str:
    """What is wanted and why, in the meeting's own words."""
    reasons = [
        one
        for one in draft.sentences
        if one is not seed
        and not one.is_question
        and one.words >= 5
        and not is_smalltalk(one, marks)
        and not is_private(one, marks)
        and not marks.find("criteria_open", one.text)
    ]
    subject = subject_of(draft)

    def farness(one: Sentence) -> tuple[float, int]:
        return abs(one.index - seed.index) / 2 - len(content_words(one.text) & subject), one.index

    telling = sorted(reasons, key=farness)[:TOLD]
    chosen = sorted({one.index: one for one in (seed, *telling)}.values(), key=lambda one: one.index)
    text = " ".join(_ended(one.text) for one in chosen)
    return text[:797].rsplit(" ", 1)[0] + " …" if len(text) > 800 else text


def _ended(text: str) -> str:
    text = re.sub(r"^[-*→>\s]+", "", text)
    return text if text[-1:] in ".?!…" else text + "."


def _notes(
    talk: Sequence[Sentence], candidates: Sequence[Candidate], rejected: Sequence[RejectedItem]
) -> tuple[str, ...]:
    notes = [f"read {len(talk)} sentences by rules, without a model"]
    language = language_note(talk)
    if language is not None:
        notes.append(language)
    elif not candidates:
        notes.append("found nothing that asks for work")
    unverified = [one.id for one in candidates if not one.verified]
    if unverified:
        notes.append(f"quotes that are not word for word in the source: {', '.join(unverified)}")
    if rejected:
        notes.append(f"left out {len(rejected)} items that were rejected, parked, done or agreed on")
    return tuple(notes)
