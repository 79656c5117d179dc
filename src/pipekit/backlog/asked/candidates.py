"""From a model's work items to candidates: located, numbered, each once, with notes on what was mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from attrs import define, evolve, field

from pipekit.backlog.asked.extraction import AskedCandidate, AskedExtraction, AskedRejected
from pipekit.backlog.asked.quotes import Quotes, quotes_of
from pipekit.backlog.asked.stretches import stretches
from pipekit.backlog.asked.wording import each_once, one_line, shortened, title_from, words_of
from pipekit.backlog.evidence.locating import unsupported
from pipekit.backlog.model.candidate import Candidate, Claim, Extraction, RejectedItem, Span
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.reasons import Reason

__all__ = ["extraction_from"]

#: Share of their words that the titles of a candidate and of something turned down have in common when they are one.
SAME_TITLE = 0.8
#: More notes of a model than this are of no use to a reader.
MOST_NOTES = 10
#: More items than this that one quote is given for aren't compared with the next one.
MOST_OF_ONE_QUOTE = 50
_NOWHERE = 10**9


@define(eq=False, slots=False)
class _Item:
    """A candidate while it is being put together."""

    title: str
    asked: AskedCandidate
    quotes: list[tuple[str, tuple[Span, ...]]]
    criteria: dict[str, Claim] = field(factory=dict)
    #: Where it was talked about, evidence or not: the places of its criteria, too.
    places: list[Span] = field(factory=list)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its title."""
        return words_of(self.title)

    @property
    def spans(self) -> list[Span]:
        return [span for _, spans in self.quotes for span in spans]

    @property
    def verified(self) -> list[Span]:
        return [span for span in self.spans if span.verified]

    @property
    def first(self) -> int:
        """The line of its first mention; items without any come last."""
        spans = self.verified or self.spans
        return min((span.first for span in spans if span.first), default=_NOWHERE)


def extraction_from(asked: AskedExtraction, meeting: Meeting) -> Extraction:
    """The candidates in order of first mention, and what was turned down.

    Every quote is looked up: ``raw_context`` and evidence hold the words of the source, and what isn't there is marked.
    """
    quotes = quotes_of(meeting)
    notes = list(each_once(asked.notes))[:MOST_NOTES]
    rejected = _rejected(asked.rejected, quotes, notes)
    turned_down = [words_of(one.title) for one in rejected if any(span.verified for span in one.evidence)]
    items: list[_Item] = []
    known = _Known()
    left_out: list[str] = []
    for one in asked.candidates:
        item = _item(one, quotes)
        if item is None:
            notes.append("left out an item without a title and without words from the meeting")
            continue
        twin = known.twin_of(item)
        if twin is not None:
            _join(twin, item)
            known.add(twin)
            notes.append(f"joined two mentions of “{twin.title}”")
        elif _was_rejected(item, turned_down):
            notes.append(f"“{item.title}” was turned down in the meeting, so it is no candidate")
        else:
            items.append(item)
            known.add(item)
    items.sort(key=lambda item: item.first)  # stable: items of one line stay as the model gave them
    for item in items:
        left_out += _take_criteria(item, quotes)
    talk = stretches(meeting, [*(item.places + item.verified for item in items), *(one.evidence for one in rejected)])
    people = _labels(meeting)
    candidates = tuple(
        _candidate(number, item, talk[number - 1], people, notes) for number, item in enumerate(items, start=1)
    )
    if left_out:
        notes.append(f"left out criteria that nobody stated: {'; '.join(left_out)}")
    return Extraction(
        candidates=candidates, rejected=rejected, extraction_notes=tuple(notes), why=_why(candidates, rejected)
    )


def _why(candidates: Sequence[Candidate], rejected: Sequence[RejectedItem]) -> tuple[Reason, ...]:
    """A model says which words led to an item, and no more than that."""
    given = [
        Reason(said=span, outcome="candidate", because=f"the model's words for it: {span.match}", candidate=one.id)
        for one in candidates
        for span in one.evidence
    ]
    given += [
        Reason(said=span, outcome="dropped", because=f"{one.reason}, said the model, as “{one.title}”: {span.match}")
        for one in rejected
        for span in one.evidence
    ]
    return tuple(sorted(given, key=lambda reason: reason.said.first or _NOWHERE))


def _item(asked: AskedCandidate, quotes: Quotes) -> _Item | None:
    texts = each_once(asked.quotes)
    located = list(zip(texts, quotes.together(texts), strict=True))
    title = title_from(asked.title) or title_from(located[0][0] if located else "")
    return _Item(title=title, asked=asked, quotes=located) if title else None


def _rejected(asked: Iterable[AskedRejected], quotes: Quotes, notes: list[str]) -> tuple[RejectedItem, ...]:
    found: list[RejectedItem] = []
    for one in asked:
        title = title_from(one.title) or title_from(one.quote)
        spans = quotes.spans(one.quote)
        if not title or not any(span.first for span in spans):
            notes.append(f"left out something turned down that isn't in the meeting: “{shortened(title or '?', 60)}”")
        elif not any(title.casefold() == other.title.casefold() for other in found):
            found.append(RejectedItem(title=title, reason=one.reason, evidence=_in_order(spans)))
    return tuple(found)


# --- the same item ---------------------------------------------------------------------------------------------------


@define
class _Known:
    """The items so far by what makes two of them one, so that ten thousand of them are looked at once each.

    One item in other words has the same words in its title, or no others than the longer title has and a common quote.
    A common quote alone is not enough, nor are titles that are nearly alike: one sentence can ask for two exports.
    """

    by_title: dict[str | frozenset[str], _Item] = field(factory=dict)
    by_quote: dict[str, list[_Item]] = field(factory=dict)
    places: dict[int, int] = field(factory=dict)

    def add(self, item: _Item) -> None:
        """Know an item, or what has been added to it."""
        self.places.setdefault(id(item), len(self.places))
        self.by_title.setdefault(item.title.casefold(), item)
        if item.words:
            self.by_title.setdefault(item.words, item)
        for quote in {span.quote for span in item.verified}:
            said = self.by_quote.setdefault(quote, [])
            if item not in said and len(said) < MOST_OF_ONE_QUOTE:
                said.append(item)

    def twin_of(self, item: _Item) -> _Item | None:
        """The first of the known items that this one is, in other words."""
        named = (self.by_title.get(item.title.casefold()), self.by_title.get(item.words))
        found = [one for one in named if one is not None]
        for quote in {span.quote for span in item.verified} if item.words else ():
            found += [
                one
                for one in self.by_quote.get(quote, ())
                if one.words and (one.words <= item.words or item.words <= one.words)
            ]
        return min(found, key=lambda one: self.places[id(one)], default=None)


def _join(item: _Item, twin: _Item) -> None:
    item.quotes += [pair for pair in twin.quotes if pair[0] not in [text for text, _ in item.quotes]]
    item.asked = evolve(
        item.asked,
        description=item.asked.description if item.asked.description.strip() else twin.asked.description,
        acceptance_criteria=(*item.asked.acceptance_criteria, *twin.asked.acceptance_criteria),
        mentioned_by=(*item.asked.mentioned_by, *twin.asked.mentioned_by),
    )


def _was_rejected(item: _Item, turned_down: Sequence[frozenset[str]]) -> bool:
    """Whether the same thing is listed as turned down, with words that really were said."""
    return any(
        len(item.words & words) >= SAME_TITLE * max(len(item.words), len(words)) for words in turned_down if words
    )


# --- items to candidates ---------------------------------------------------------------------------------------------


def _take_criteria(item: _Item, quotes: Quotes) -> list[str]:
    """Keep the criteria that the meeting states; gives the others."""
    others: list[str] = []
    for criterion in item.asked.acceptance_criteria:
        text = one_line(criterion.text)
        if not words_of(text):
            continue
        if quotes.states(text, criterion.quote):
            near = item.verified
            stating = quotes.stating(text, criterion.quote, near)
            item.criteria.setdefault(text.casefold(), Claim(text=text, evidence=stating))
            item.places += [span for span in stating if span.verified]
        else:
            others.append(f"“{shortened(text, 80)}” ({shortened(item.title, 40)})")
    return others


def _candidate(
    number: int, item: _Item, talk: tuple[Span, ...], people: Mapping[str, str], notes: list[str]
) -> Candidate:
    id_ = f"candidate-{number}"
    telling = next((spans for _, spans in item.quotes if spans and all(span.verified for span in spans)), None)
    words = max((span.quote for span in telling), key=len) if telling else (item.quotes[0][0] if item.quotes else "")
    missing = [text for text, spans in item.quotes if not spans or not all(span.verified for span in spans)]
    if not item.quotes:
        notes.append(f"{id_}: no words from the meeting were given for it")
    elif missing:
        told = "; ".join(f"“{shortened(text, 80)}”" for text in missing[:3])
        notes.append(f"{id_}: not in the meeting word for word: {told}")
    return Candidate(
        id=id_,
        title=item.title,
        description=one_line(item.asked.description) or words,
        type=item.asked.type,
        raw_context=words,
        verified=telling is not None,
        evidence=_in_order(item.spans) or (unsupported(""),),
        acceptance_criteria=tuple(one.text for one in item.criteria.values()),
        criteria_evidence=tuple(item.criteria.values()),
        mentioned_by=_people(item, people),
        discussed=talk,
    )


def _in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(dict.fromkeys(spans), key=lambda span: (span.first or _NOWHERE, span.last)))


def _labels(meeting: Meeting) -> Mapping[str, str]:
    """The meeting's own names by what a model may call them."""
    known = [*meeting.attendees, *(one.speaker for one in meeting.utterances if one.speaker)]
    return {label: name for name in reversed(known) for label in (name.casefold(), name.partition(" (")[0].casefold())}


def _people(item: _Item, full: Mapping[str, str]) -> tuple[str, ...]:
    """Who said the words, then whom the model names, as far as the meeting knows them, by the meeting's own names."""
    spoke = [span.speaker for span in _in_order(item.verified) if span.speaker]
    named = [full[label] for name in item.asked.mentioned_by if (label := one_line(name).casefold()) in full]
    return each_once([*spoke, *named])
