"""Work items from requests, stories, complaints and headings; what was turned down, and the words for each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, field

from pipekit.backlog.model.candidate import Candidate, CandidateType, Extraction, RejectedItem, RejectedReason, Span
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.criteria import stated_criteria
from pipekit.backlog.offline.cues import Cues, cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence, read_talk, span_over
from pipekit.backlog.offline.titles import title_of
from pipekit.backlog.offline.topics import Topic, cut_into_topics
from pipekit.backlog.text import SourceText

__all__ = ["extract_candidates"]

#: Weight of what a sentence says, and how much a topic needs to be a work item.
ENOUGH = 2.0
#: Share of the rarer words of two topics that makes them the same item.
SAME = 0.5


@define(eq=False)
class _Draft:
    """An item while it is being put together."""

    seeds: list[Sentence]
    sentences: list[Sentence]
    heading: str | None = None
    stretches: list[list[Sentence]] = field(factory=list)
    in_notes: bool = False
    #: Too weak for an item of its own; only more evidence for an earlier one.
    is_weak: bool = False

    @property
    def words(self) -> frozenset[str]:
        return content_words(" ".join([self.heading or "", *(one.text for one in self.seeds)]))


def extract_candidates(meeting: Meeting) -> Extraction:
    """The work items that the meeting asks for, in order of first mention, and those that it turned down."""
    marks = cues()
    talk = read_talk(meeting)
    source = SourceText(meeting)
    drafts: list[_Draft] = []
    rejected: list[RejectedItem] = []
    for topic in cut_into_topics(meeting, talk, marks):
        reason = _turned_down(topic, marks)
        if reason is not None:
            rejected.append(_rejected(topic, reason, marks))
            continue
        found = _drafts_of(topic, marks)
        for draft in found:
            # Items of one topic were told apart already; only earlier ones can be the same.
            twin = _twin(draft, [other for other in drafts if other not in found], topic, marks)
            if twin is None:
                if not draft.is_weak:
                    drafts.append(draft)
            else:
                twin.seeds += draft.seeds
                twin.sentences += draft.sentences
                twin.stretches += draft.stretches
    drafts.sort(key=lambda draft: draft.sentences[0].index)
    candidates = tuple(_candidate(number, draft, source, marks) for number, draft in enumerate(drafts, start=1))
    return Extraction(
        candidates=candidates, rejected=tuple(rejected), extraction_notes=_notes(talk, candidates, rejected)
    )


# --- what a sentence is worth ----------------------------------------------------------------------------------------


def _worth(one: Sentence, marks: Cues) -> float:
    """How strongly a sentence asks for work; 0 for talk about the meeting itself."""
    text = one.text
    if marks.find("story", text):
        return 3.0
    if marks.find("agreement", text) and not marks.find("bug_word", text):
        return 0.0
    worth = 0.0
    asks = marks.find("request", text) is not None and not marks.find("meeting_verb", text)
    if asks and one.words >= 4:
        worth += 1.5 if one.is_question else 2.0
    if marks.find("commit", text) and one.words >= 3:
        worth += 1.0
    for cue, weight in (("bug_word", 1.5), ("debt_word", 1.5), ("spike_word", 1.5)):
        if marks.find(cue, text):
            worth += weight
    if marks.find("bug", text) and not one.is_question and one.words >= 5:
        worth += 1.0
    if marks.find("spike", text) and one.words >= 4:
        worth += 1.0
    if marks.find("debt", text) and one.words >= 4 and not one.is_question:
        worth += 0.5
    return worth


def _is_smalltalk(one: Sentence, marks: Cues) -> bool:
    return one.words <= 2 or (one.words <= 6 and marks.opens("assent", one.text))


# --- topics to drafts ------------------------------------------------------------------------------------------------


def _turned_down(topic: Topic, marks: Cues) -> RejectedReason | None:
    """Why a topic is no work item, or None."""
    known: dict[str, RejectedReason] = {"rejected": "rejected", "parked": "parked", "done": "done"}
    if topic.verdict in known:
        return known[topic.verdict]
    text = " ".join(one.text for one in topic.sentences)
    if topic.in_notes:
        for reason, cue in (("rejected", "reject"), ("parked", "park"), ("done", "done")):
            said = any(marks.find(cue, one.text) for one in topic.sentences)
            if said and not marks.find("story", text) and not marks.find("criteria_open", text):
                return known[reason]
    agreed = any(marks.find("agreement", one.text) for one in topic.sentences)
    if agreed and not any(_worth(one, marks) >= 2 for one in topic.sentences):
        return "agreement"
    return None


def _rejected(topic: Topic, reason: RejectedReason, marks: Cues) -> RejectedItem:
    telling = max(topic.sentences, key=lambda one: (len(content_words(one.text)), -one.index))
    title = title_of(telling.text, "", marks, topic.heading)
    quote = " ".join(one.text for one in topic.sentences)[:300]
    return RejectedItem(title=title, reason=reason, evidence=(span_over(topic.sentences, quote),))


def _drafts_of(topic: Topic, marks: Cues) -> list[_Draft]:
    """The items of one topic: usually one; more where somebody says so or something has to come first."""
    worths = {one.index: _worth(one, marks) for one in topic.sentences}
    seeds = [one for one in topic.sentences if worths[one.index] >= 1.0 and not _is_smalltalk(one, marks)]
    total = sum(sorted(worths.values(), reverse=True)[:4])
    if topic.heading and topic.in_notes:
        seeds = seeds or [one for one in topic.sentences if one.words >= 4][:1]
        total = max(total, ENOUGH)
    if topic.asks and topic.in_notes:
        seeds = seeds or [one for one in topic.sentences if one.words >= 3][:1]
        total = max(total, ENOUGH)
    said_same = any(marks.find("same", one.text) for one in topic.sentences)
    if not seeds or (total < ENOUGH and not said_same):
        return []
    main = _Draft(
        seeds=seeds,
        sentences=list(topic.sentences),
        heading=topic.heading,
        stretches=[list(topic.sentences)],
        in_notes=topic.in_notes,
        is_weak=total < ENOUGH,
    )
    return [main, *_split_off(topic, main, marks)]


def _split_off(topic: Topic, main: _Draft, marks: Cues) -> list[_Draft]:
    """Items inside a topic: "that's an item too", "the queue has to be replaced first"."""
    found: list[_Draft] = []
    for position, one in enumerate(topic.sentences):
        if one.is_question:
            continue
        own_item = marks.find("new_item", one.text) is not None and not topic.in_notes
        first = None if topic.in_notes else marks.pattern("first_need").search(one.text[:400])
        if not own_item and not first:
            continue
        named = first and next((group for group in first.groupdict().values() if group), None)
        words = content_words(named) if named else content_words(one.text)
        others = [other for other in main.seeds if other.index < one.index]
        if not words or (not own_item and not others):
            continue
        elsewhere = content_words(" ".join(other.text for other in others[:2]))
        if words <= elsewhere and not own_item:
            continue
        begin = position
        while begin > 0 and begin > position - 4 and words & content_words(topic.sentences[begin - 1].text):
            if topic.sentences[begin - 1] in others[:1]:
                break
            begin -= 1
        stretch = list(topic.sentences[begin:])
        found.append(_Draft(seeds=[one], sentences=stretch, stretches=[stretch]))
        main.seeds = [other for other in main.seeds if other.index < topic.sentences[begin].index] or main.seeds[:1]
        main.sentences = [other for other in main.sentences if other.index < topic.sentences[begin].index]
        main.sentences = main.sentences or list(topic.sentences)
        main.stretches = [main.sentences]
        break
    return found


def _twin(draft: _Draft, drafts: Sequence[_Draft], topic: Topic, marks: Cues) -> _Draft | None:
    """The earlier draft that this one is about again."""
    said_same = any(marks.find("same", one.text) for one in draft.sentences)
    best: tuple[float, _Draft] | None = None
    words = draft.words
    for other in drafts:
        if topic.in_notes and other.heading and draft.heading and other.heading != draft.heading:
            continue
        shared = words & other.words
        share = len(shared) / max(1, min(len(words), len(other.words)))
        if best is None or share > best[0]:
            best = (share, other)
    if best is None:
        return None
    strong = any(marks.find("story", one.text) for one in draft.seeds)
    needed = 0.1 if said_same else (0.75 if strong else SAME)
    return best[1] if best[0] >= needed else None


# --- drafts to candidates --------------------------------------------------------------------------------------------


def _candidate(number: int, draft: _Draft, source: SourceText, marks: Cues) -> Candidate:
    kind = _kind(draft, marks)
    seed = _telling(draft, kind, marks)
    quotes = [seed, *[one for one in draft.seeds if one is not seed]]
    evidence = tuple(_evidence(one, source) for one in sorted(quotes[:6], key=lambda one: one.index))
    located = source.find(seed.text)
    speakers = dict.fromkeys(one.speaker for one in draft.seeds if one.speaker)
    return Candidate(
        id=f"candidate-{number}",
        title=title_of(seed.text, kind, marks, draft.heading),
        description=_description(draft, seed, marks),
        type=kind,
        raw_context=seed.text,
        verified=located is not None,
        evidence=evidence,
        acceptance_criteria=stated_criteria(draft.sentences, marks),
        mentioned_by=tuple(speakers),
        discussed=tuple(span_over(stretch) for stretch in draft.stretches if stretch),
    )


def _evidence(one: Sentence, source: SourceText) -> Span:
    return source.find(one.text) or Span(
        first=one.utterance.line,
        last=one.utterance.last_line,
        speaker=one.speaker,
        start=one.utterance.start,
        quote=one.text,
        verified=False,
    )


def _telling(draft: _Draft, kind: str, marks: Cues) -> Sentence:
    """The sentence that says best what is wanted."""

    def value(one: Sentence) -> tuple[float, int]:
        text = one.text
        score = _worth(one, marks)
        if marks.find("story", text):
            score += 5
        if "?" in text and not marks.find("request", text):
            score -= 2.0
        if kind == "bug" and marks.find("bug", text):
            score += 1.5
        if kind == "spike" and marks.find("spike", text):
            score += 0.5
        meaning = len(content_words(text))
        if marks.opens("type_only", text) or (marks.find("commit", text) and not marks.find("request", text)):
            score -= 3.0
        if re.search(r"\b(?:it|that|this|them)\b", text) and meaning < 4:
            score -= 1.5
        score += min(meaning, 6) * 0.4 - (2.0 if meaning < 2 else 0.0) - max(0, one.words - 40) * 0.1
        return score, -one.index

    return max(draft.seeds, key=value)


def _kind(draft: _Draft, marks: Cues) -> CandidateType:
    """The type, by what people call it, else by impact and wording."""
    text = " ".join([draft.heading or "", *(one.text for one in draft.sentences)])
    called: list[tuple[int, CandidateType]] = []
    for cue, named in (("debt_word", "tech-debt"), ("bug_word", "bug"), ("spike_word", "spike")):
        count = len(marks.pattern(cue).findall(text[:20_000]))
        if count:
            called.append((count, named))  # type: ignore[arg-type]
    story = any(marks.find("story", one.text) for one in draft.seeds)
    if called and not (story and max(called)[1] != "spike"):
        return max(called, key=lambda one: one[0])[1]
    if story:
        return "feature"
    if draft.heading and draft.heading.rstrip().endswith("?") and marks.find("spike", text):
        return "spike"
    scores: dict[CandidateType, float] = {"feature": 0.9, "bug": 0.0, "tech-debt": 0.0, "spike": 0.0}
    for one in draft.seeds:
        weight = 1.0
        scores["bug"] += weight * (marks.find("bug", one.text) is not None and not one.is_question)
        scores["spike"] += weight * 1.1 * (marks.find("spike", one.text) is not None)
        scores["tech-debt"] += weight * (marks.find("debt", one.text) is not None)
    return max(scores, key=lambda name: scores[name])


def _description(draft: _Draft, seed: Sentence, marks: Cues) -> str:
    """What is wanted and why, in the meeting's own words."""
    reasons = [
        one
        for one in draft.sentences
        if one is not seed
        and not one.is_question
        and one.words >= 5
        and not _is_smalltalk(one, marks)
        and not marks.find("criteria_open", one.text)
    ]
    nearest = sorted(reasons, key=lambda one: (abs(one.index - seed.index), one.index))[:3]
    chosen = sorted({one.index: one for one in (seed, *nearest)}.values(), key=lambda one: one.index)
    text = " ".join(_ended(one.text) for one in chosen)
    return text[:797].rsplit(" ", 1)[0] + " …" if len(text) > 800 else text


def _ended(text: str) -> str:
    text = re.sub(r"^[-*→>\s]+", "", text)
    return text if text[-1:] in ".?!…" else text + "."


def _notes(
    talk: Sequence[Sentence], candidates: Sequence[Candidate], rejected: Sequence[RejectedItem]
) -> tuple[str, ...]:
    notes = [f"read {len(talk)} sentences by rules, without a model"]
    if not candidates:
        notes.append("found nothing that asks for work")
    unverified = [one.id for one in candidates if not one.verified]
    if unverified:
        notes.append(f"quotes that are not word for word in the source: {', '.join(unverified)}")
    if rejected:
        notes.append(f"left out {len(rejected)} items that were rejected, parked, done or agreed on")
    return tuple(notes)
