"""Which words of the meeting tell best what an item is: its sentence, its title, its type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from pipekit.backlog.model.candidate import CandidateType
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.drafts import Draft
from pipekit.backlog.offline.owners import without_address, without_owners
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence
from pipekit.backlog.offline.titles import title_of, title_of_name, without_asking
from pipekit.backlog.offline.wishes import is_private, is_smalltalk, leans, main_clause, worth_of

__all__ = ["kind_of", "subject_of", "titled"]

#: How many words an item is about, but for those that are said equally often.
MOST = 5
#: How much a sentence that asks for nothing is behind one that does, and how many words with a meaning it has at least.
OTHERS = 2.0
LEAST = 3
#: What each technical thing that is talked about says of an item's being technical debt, and all of them together.
TECHNICAL, MOST_TECHNICAL = 0.5, 1.5


def titled(draft: Draft, kind: CandidateType, people: frozenset[str], marks: Cues) -> tuple[Sentence, str]:
    """The sentence that says what is wanted, and the title made of it: the best one that can stand alone."""
    before = {one.index: said for said, one in pairwise(draft.sentences)}
    ranked = _telling(draft, kind, marks)
    heading = draft.heading
    if heading is not None and len(content_words(heading)) < 2 and marks.find("story", ranked[0].text):
        heading = None  # "Bookings": the story says what is wanted of them
    if heading is None:
        found = _told_alone(draft, ranked, kind, people, marks)
        led_to = next((one for one in draft.seeds if found is not None and before.get(one.index) is found[0]), None)
        if found is not None and led_to is not None and found[0] not in draft.seeds and leans(led_to.text):
            # "Customers book by phone. They'd like to do it on the website.": the second one is wanted.
            wanted = title_of(without_address(without_owners(led_to), people), kind, marks, None, found[0].text)
            known = content_words(wanted or "") & content_words(found[0].text)
            found = (led_to, wanted) if wanted is not None and len(known) >= 2 else found
        if found is not None:
            return found
    for one in ranked:
        said = before.get(one.index)
        text = without_address(without_owners(one), people)
        title = title_of(text, kind, marks, heading, said.text if said else None)
        if title is not None:
            names = said is not None and not heading and leans(one.text) and title.startswith("Fix: ")
            return (said if names and said is not None else one), title
    told = [one for one in draft.sentences if one.words >= 4 and not leans(one.text) and not is_smalltalk(one, marks)]
    for one in sorted(told, key=lambda one: (abs(one.index - ranked[0].index), one.index))[:5]:
        title = title_of(without_address(without_owners(one), people), kind, marks)
        if title is not None:
            return one, title
    return ranked[0], title_of(ranked[0].text, kind, marks, alone=True) or "Untitled item"


def _told_alone(
    draft: Draft, ranked: Sequence[Sentence], kind: CandidateType, people: frozenset[str], marks: Cues
) -> tuple[Sentence, str] | None:
    """A title from a sentence that needs no other to be understood and speaks of the subject, else from its name."""
    subject = subject_of(draft)

    def title(one: Sentence, *, alone: bool = False) -> str | None:
        return title_of(without_address(without_owners(one), people), kind, marks, alone=alone)

    def stands(one: Sentence) -> bool:
        if marks.find("wants_it", one.text) or marks.opens("type_only", one.text):
            return False
        return not leans(without_asking(one.text, marks))

    for one in ranked:
        found = title(one) if stands(one) and (not draft.name or subject & content_words(one.text)) else None
        if found is not None and len(content_words(found)) >= 2:
            return one, found
    if not draft.name and any(stands(one) for one in ranked):
        return None
    for one in draft.sentences[:8] if kind == "bug" or not draft.name else ():
        words = content_words(one.text)
        if len(words) >= 4 and not one.is_question and stands(one) and not is_private(one, marks) and words & subject:
            return one, title(one, alone=True) or one.text
    return (ranked[0], title_of_name(draft.name, kind, marks)) if draft.name else None


def subject_of(draft: Draft) -> set[str]:
    """The words that an item is about: its name, and what is said about it more than once."""
    count = Counter(word for one in draft.sentences for word in content_words(one.text))
    # What was said most; of words said equally often none goes before another, the order of a set being no order.
    least = max(2, sorted(count.values(), reverse=True)[:MOST][-1]) if count else 2
    return {word for word, number in count.items() if number >= least} | content_words(draft.name or "")


def _telling(draft: Draft, kind: str, marks: Cues) -> list[Sentence]:
    """Its seeds, those that say best what is wanted first."""
    central = subject_of(draft)

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
        if marks.shape("vague_it").search(text) and meaning < 4:
            score -= 1.5
        if leans(text) and kind != "bug":
            score -= 0.5
        if marks.shape("it_is").search(text):
            score -= 0.7
        score += 0.4 * min(4, len(central & content_words(text)))
        score += min(meaning, 6) * 0.4 - (2.0 if meaning < 2 else 0.0) - max(0, one.words - 40) * 0.1
        return score, -one.index

    told = (
        []
        if draft.in_notes and not draft.heading
        else [one for one in draft.sentences if one not in draft.seeds and _tells(one, marks)]
    )
    values = {one.index: value(one) for one in draft.seeds}
    for one in told:
        worth, place = value(one)
        values[one.index] = (worth - OTHERS, place)
    return sorted([*draft.seeds, *told], key=lambda one: values[one.index], reverse=True)


def _tells(one: Sentence, marks: Cues) -> bool:
    """Whether a sentence that asks for nothing may say best what an item is: a statement with a meaning of its own."""
    if one.is_question or leans(one.text) or is_smalltalk(one, marks) or is_private(one, marks):
        return False
    if len(content_words(one.text)) < LEAST:
        return False
    return not marks.find("criteria_open", one.text) and not marks.opens("assent", one.text)


def kind_of(draft: Draft, marks: Cues) -> CandidateType:
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
        ("bug", "bug", 0.95),
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
    # Of whom it is for nobody says a word: it is about servers, tables, tests.
    things = {found.group().casefold()[:5] for found in marks.pattern("technical").finditer(text[:20_000])}
    scores["tech-debt"] += min(MOST_TECHNICAL, TECHNICAL * len(things))
    return max(scores, key=lambda name: scores[name])
