"""Work items from requests, stories, complaints and headings; what was turned down, and the words for each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from attrs import define, field

from pipekit.backlog.model.candidate import Candidate, CandidateType, Extraction, RejectedItem, RejectedReason, Span
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.criteria import criteria_positions, stated_criteria
from pipekit.backlog.offline.cues import Cues, cues
from pipekit.backlog.offline.language import language_note
from pipekit.backlog.offline.owners import owners_of, without_address, without_owners
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence, people_in, read_talk, span_over
from pipekit.backlog.offline.titles import rejected_title, title_of, title_of_name
from pipekit.backlog.offline.topics import Topic, cut_into_topics
from pipekit.backlog.offline.wishes import ENOUGH, is_private, is_smalltalk, leans, main_clause, only_commits, worth_of
from pipekit.backlog.text import SourceText, fold, span_of

__all__ = ["extract_candidates"]

#: Share of the rarer words of two topics that makes them the same item.
SAME = 0.5
#: A word that more items have tells none of them.
MANY = 40


@define(eq=False)
class _Draft:
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


def extract_candidates(meeting: Meeting) -> Extraction:
    """The work items that the meeting asks for, in order of first mention, and those that it turned down."""
    marks = cues()
    talk = read_talk(meeting)
    places = _Places(meeting, talk)
    drafts: list[_Draft] = []
    topics = cut_into_topics(meeting, talk, marks)
    twins = _Twins(topics, marks)
    latest: _Draft | None = None
    rejected: list[RejectedItem] = []
    for topic in topics:
        if not topic.in_notes and any(marks.find("recap", one.text) for one in topic.sentences[:3]):
            continue
        reason = _turned_down(topic, marks)
        if reason is not None:
            rejected.append(_rejected(topic, reason, marks))
            latest = None
            continue
        # Items of one topic were told apart already; only earlier ones can be the same.
        paired = [(draft, twins.of(draft, topic)) for draft in _drafts_of(topic, marks)]
        if not paired and latest is not None and (topic.is_guess or _goes_on(topic, latest, marks)):
            latest.sentences += topic.sentences
            latest.stretches.append(list(topic.sentences))
        elif not topic.is_guess or paired:
            latest = next((twin or draft for draft, twin in reversed(paired) if twin or not draft.is_weak), None)
        for draft, twin in paired:
            if twin is not None:
                twin.seeds += draft.seeds
                twin.sentences += draft.sentences
                twin.stretches += draft.stretches
                twins.add(draft.words - twin.words, twin)
                twin.words |= draft.words
            elif not draft.is_weak:
                drafts.append(draft)
                twins.add(draft.words, draft)
    drafts.sort(key=lambda draft: draft.sentences[0].index)
    candidates = tuple(_candidate(number, draft, places, marks) for number, draft in enumerate(drafts, start=1))
    return Extraction(
        candidates=candidates, rejected=tuple(rejected), extraction_notes=_notes(talk, candidates, rejected)
    )


def _goes_on(topic: Topic, draft: _Draft, marks: Cues) -> bool:
    """Whether "what about owners without a phone?" is asked about the item at hand: it has a word of it."""
    asked = topic.sentences[0]
    words = frozenset[str]().union(*(content_words(one.text) for one in draft.sentences))
    return marks.opens("goes_on", asked.text) and bool(words & content_words(asked.text))


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
    if agreed and not any(worth_of(one, marks) >= 2 for one in topic.sentences):
        return "agreement"
    return None


def _rejected(topic: Topic, reason: RejectedReason, marks: Cues) -> RejectedItem:
    naming = [one for one in topic.sentences if not _only_judges(one, marks)] or topic.sentences

    def tells(one: Sentence) -> tuple[bool, int, int]:
        words = content_words(one.text)
        return (marks.opens("opener", one.text) and len(words) >= 2, len(words), -one.index)

    telling = max(naming, key=tells)
    text = without_owners(telling)
    if telling.utterance.kind == "bullet" and telling.speaker and _only_judges(telling, marks):
        text = telling.speaker  # "Chat bot: parked" reads like something that Chat Bot says
    title = title_of_name(topic.name, "", marks) if topic.name else rejected_title(text, marks, topic.heading)
    quote = " ".join(one.text for one in topic.sentences)[:300]
    return RejectedItem(title=title, reason=reason, evidence=(span_over(topic.sentences, quote),))


def _only_judges(one: Sentence, marks: Cues) -> bool:
    """Whether it turns something down and leaves to others to say what."""
    for cue in ("refusal", "reject", "park"):
        found = marks.pattern(cue).search(one.text[:2000])
        if found and not content_words(one.text[: found.start()]):
            return True
    return False


def _drafts_of(topic: Topic, marks: Cues) -> list[_Draft]:
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
    main = _Draft(
        seeds=seeds,
        sentences=list(topic.sentences),
        heading=topic.heading,
        name=topic.name,
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
        others = [other for other in main.seeds[:2] if other.index < one.index]
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
        found.append(_Draft(seeds=[one], sentences=stretch, stretches=[stretch]))
        main.seeds = [other for other in main.seeds if other.index < topic.sentences[begin].index] or main.seeds[:1]
        main.sentences = [other for other in main.sentences if other.index < topic.sentences[begin].index]
        main.sentences = main.sentences or list(topic.sentences)
        main.stretches = [main.sentences]
        break
    return found


class _Twins:
    """The drafts so far, found by their words."""

    def __init__(self, topics: Sequence[Topic], marks: Cues) -> None:
        self._by_word: dict[str, list[_Draft]] = {}
        self._marks = marks
        count = Counter(word for topic in topics for word in topic.words)
        often = max(3, len(topics) // 4)
        self._common = content_words(" ".join(sorted(marks.words("common_words")))) | {
            word for word, number in count.items() if number > often and not all(topic.in_notes for topic in topics)
        }

    def add(self, words: frozenset[str], draft: _Draft) -> None:
        for word in words - self._common:
            self._by_word.setdefault(word, []).append(draft)

    def of(self, draft: _Draft, topic: Topic) -> _Draft | None:
        """The earlier draft that this one is about again."""
        said_same = [one.text for one in draft.sentences if self._marks.find("same", one.text)]
        best: tuple[float, _Draft] | None = None
        words = (draft.words | content_words(" ".join(said_same))) - self._common
        for other in self._near(words):
            if topic.in_notes and other.heading and draft.heading and other.heading != draft.heading:
                continue
            others = other.words - self._common
            shared = len(words & others)
            share = shared / max(1, min(len(words), len(others)))
            if shared < 2 and not said_same and share < 1:
                continue
            if best is None or share > best[0]:
                best = (share, other)
        if best is None:
            return None
        strong = any(self._marks.find("story", one.text) for one in draft.seeds)
        needed = 0.1 if said_same else (0.75 if strong else SAME)
        return best[1] if best[0] >= needed else None

    def _near(self, words: frozenset[str]) -> list[_Draft]:
        """Drafts that share a word which few others have, in order of mention."""
        near: dict[int, _Draft] = {}
        for word in sorted(words):
            having = self._by_word.get(word, [])
            if len(having) <= MANY:
                near |= {draft.sentences[0].index: draft for draft in having}
        return [near[index] for index in sorted(near)]


# --- drafts to candidates --------------------------------------------------------------------------------------------


def _candidate(number: int, draft: _Draft, places: _Places, marks: Cues) -> Candidate:
    kind = _kind(draft, marks)
    seed, title = _titled(draft, kind, places.people, marks)
    quotes = [seed, *[one for one in draft.seeds if one is not seed and _belongs(one, seed, draft, marks)]]
    evidence = tuple(places.span(one) for one in sorted(quotes[:6], key=lambda one: one.index))
    speakers = [one.speaker for one in draft.seeds if one.speaker]
    owners = [name for one in draft.sentences if draft.in_notes for name in owners_of(one)]
    return Candidate(
        id=f"candidate-{number}",
        title=title,
        description=_description(draft, seed, marks),
        type=kind,
        raw_context=seed.text,
        verified=places.span(seed).verified,
        evidence=evidence,
        acceptance_criteria=stated_criteria(draft.sentences, marks),
        mentioned_by=tuple(dict.fromkeys([*speakers, *owners])),
        discussed=tuple(span_over(stretch) for stretch in draft.stretches if stretch),
    )


def _belongs(one: Sentence, seed: Sentence, draft: _Draft, marks: Cues) -> bool:
    """Whether a sentence is worth quoting: it asks for work itself, or speaks of what the item is about."""
    return worth_of(one, marks) >= 2 or bool(content_words(one.text) & content_words(f"{seed.text} {draft.name or ''}"))


def _titled(draft: _Draft, kind: CandidateType, people: frozenset[str], marks: Cues) -> tuple[Sentence, str]:
    """The sentence that says what is wanted, and the title made of it: the best one that can stand alone."""
    before = {one.index: said for said, one in pairwise(draft.sentences)}
    ranked = _telling(draft, kind, marks)
    named = title_of_name(draft.name, kind, marks) if draft.name and not draft.heading else None
    for one in ranked:
        if named and (leans(one.text) or marks.find("wants_it", one.text)):
            return one, named
        said = before.get(one.index)
        text = without_address(without_owners(one), people)
        title = title_of(text, kind, marks, draft.heading, said.text if said else None)
        if title is not None:
            names = said is not None and not draft.heading and leans(one.text) and title.startswith("Fix: ")
            return (said if names and said is not None else one), title
    told = [one for one in draft.sentences if one.words >= 4 and not leans(one.text) and not is_smalltalk(one, marks)]
    for one in sorted(told, key=lambda one: (abs(one.index - ranked[0].index), one.index))[:5]:
        title = title_of(without_address(without_owners(one), people), kind, marks)
        if title is not None:
            return one, title
    return ranked[0], title_of(ranked[0].text, kind, marks, alone=True) or "Untitled item"


class _Places:
    """Who was there, and where the sentences stand: each one in its own utterance, looked up once for all."""

    def __init__(self, meeting: Meeting, talk: Sequence[Sentence]) -> None:
        self.people = people_in(meeting)
        self._source = SourceText(meeting)
        self._in_place: set[int] = set()
        folded = ""
        at = 0
        for one in talk:
            if one.first:
                folded, at = fold(one.utterance.text), 0
            found = folded.find(one.text, at)
            if found >= 0:
                self._in_place.add(one.index)
                at = found + len(one.text)

    def span(self, one: Sentence) -> Span:
        """The span of a sentence, unverified where the source hasn't got it word for word."""
        if one.index in self._in_place:
            return span_of([one.utterance], one.text)
        return self._source.find(one.text) or span_of([one.utterance], one.text, verified=False)


def _telling(draft: _Draft, kind: str, marks: Cues) -> list[Sentence]:
    """Its seeds, those that say best what is wanted first."""
    count = Counter(word for one in draft.sentences for word in content_words(one.text))
    central = {word for word, number in count.most_common(8) if number >= 2} | content_words(draft.name or "")

    def value(one: Sentence) -> tuple[float, int]:
        text = one.text
        score = worth_of(one, marks)
        if marks.find("story", text):
            score += 5
        if "?" in text and not marks.find("request", text):
            score -= 2.0
        if kind == "bug" and marks.find("bug", text):
            score += 1.5
        if kind == "spike" and marks.find("spike", text):
            score += 2.0 if marks.find("open_clause", text) else 0.5
        meaning = len(content_words(text))
        if marks.opens("type_only", text) or (marks.find("commit", text) and not marks.find("request", text)):
            score -= 3.0
        if re.search(r"\b(?:it|that|this|them)\b", text) and meaning < 4:
            score -= 1.5
        if leans(text) and kind != "bug":
            score -= 0.5
        score += 0.4 * min(4, len(central & content_words(text)))
        score += min(meaning, 6) * 0.4 - (2.0 if meaning < 2 else 0.0) - max(0, one.words - 40) * 0.1
        return score, -one.index

    return sorted(draft.seeds, key=value, reverse=True)


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
    scores: dict[CandidateType, float] = {"feature": 0.9, "tech-debt": 0.0, "bug": 0.0, "spike": 0.0}
    cues_of: tuple[tuple[CandidateType, str, float], ...] = (
        ("bug", "bug", 1.0),
        ("spike", "spike", 1.1),
        ("tech-debt", "debt", 1.0),
    )
    for one in draft.seeds:
        scores["feature"] += 1.0 if marks.find("wish", one.text) else 0.0
        asked = main_clause(one.text)
        doing = marks.pattern("doing").search(asked)
        for named, cue, weight in cues_of:
            if named == "bug" and one.is_question:
                continue
            if doing and marks.opens(f"does_{cue}", asked[doing.end() :]):
                scores[named] += 2 * weight  # what is to be done says more than why
            elif marks.find(cue, asked):
                scores[named] += weight
            elif marks.find(cue, one.text):
                scores[named] += 0.5 * weight
    return max(scores, key=lambda name: scores[name])


def _description(draft: _Draft, seed: Sentence, marks: Cues) -> str:
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
