"""Acceptance criteria: only those that were stated, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipekit.backlog.model.candidate import Claim, Span
from pipekit.backlog.offline.amounts import has_bound
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.owners import without_owners
from pipekit.backlog.offline.talk import Sentence
from pipekit.backlog.text import span_of

__all__ = ["criteria_positions", "stated_criteria"]

#: Sentences after the question or phrase that opens a list of criteria.
REACH = 5
#: How many sentences make a list of rules that nobody announced, and how soon somebody has to take note of it.
MANY = 2
REPLY = 4
_ENOUGH = 3  # words; less is no criterion

#: A criterion, and the sentence that states it.
_Part = tuple[str, Sentence]


def stated_criteria(sentences: Sequence[Sentence], cues: Cues) -> tuple[Claim, ...]:
    """The criteria in these sentences: after "done when", "the criteria are", or a question for them.

    Where nothing is called so, rules that somebody stated and the others took note of.
    """
    called = _each_once(part for parts, _, _ in _blocks(sentences, cues, called=True) for part in parts)
    return called or _each_once(part for parts, _, _ in _blocks(sentences, cues) for part in parts)


def _each_once(parts: Iterable[_Part]) -> tuple[Claim, ...]:
    found: dict[str, Sentence] = {}
    for text, one in parts:
        found.setdefault(text, one)
    return tuple(Claim(text=text, evidence=(_place(text, one),)) for text, one in found.items())


def _place(text: str, one: Sentence) -> Span:
    """Where a criterion stands: its own words, else the sentence that states it. Its capital is ours."""
    near = [span_of([one.utterance])]
    for said in (text, text[0].lower() + text[1:]):
        span = one.locator.find(said, near, whole_words=True)
        if span is not None and span.match == "exact" and span.first == one.utterance.line:
            return span
    return one.span


def criteria_positions(sentences: Sequence[Sentence], cues: Cues) -> set[int]:
    """Which of these sentences state criteria or ask for them, in words that say so."""
    return {position for parts, begin, end in _blocks(sentences, cues, called=True) for position in range(begin, end)}


def _blocks(
    sentences: Sequence[Sentence], cues: Cues, *, called: bool = False
) -> Iterator[tuple[list[_Part], int, int]]:
    """Stretches of criteria: what they state, their first sentence, and the one after them.

    With ``called``, only those that are called criteria: rules that were merely agreed on may ask for the item, too.
    """
    index = 0
    while index < len(sentences):
        one = sentences[index]
        begin = index
        opened = None if one.is_question else _opened(one, cues)
        if opened is not None:
            parts, index = _listed(sentences, index, opened, cues)
            yield parts, begin, index
        elif one.is_question and cues.find("criteria_ask", one.text):
            parts, index = _following(sentences, index + 1, one, cues)
            yield parts, begin, index if parts else begin + 1
        elif index + 1 < len(sentences) and _is_closed(one, sentences[index + 1], cues):
            index += 2
            yield _stated(one, cues), begin, index
        elif _is_bare(sentences, index, cues):
            index += 1
            yield [(part, one) for part in _split(cues, one.text)], begin, index
        elif not called and (after := _agreed_on(sentences, index, cues)) > index:
            yield [part for other in sentences[index:after] for part in _stated(other, cues)], begin, after
            index = after
        else:
            index += 1


def _is_closed(one: Sentence, after: Sentence, cues: Cues) -> bool:
    """Whether what comes after calls a sentence the criterion: "all tests pass. That's when I'd call it done."."""
    if one.is_question or one.words < _ENOUGH or after.turn != one.turn:
        return False
    return cues.opens("criteria_close", after.text)


def _is_bare(sentences: Sequence[Sentence], index: int, cues: Cues) -> bool:
    """Whether a sentence without a subject says how it shall work, just after it was told: "works offline, too"."""
    one = sentences[index]
    if one.is_question or one.utterance.kind != "speech" or not cues.opens("bare_criterion", one.text):
        return False
    return any(cues.find("story", other.text) for other in sentences[max(0, index - 2) : index])


def _agreed_on(sentences: Sequence[Sentence], index: int, cues: Cues) -> int:
    """The end of a list that nobody called criteria: rules for how it shall be, said on end, and then agreed on.

    Most of the sentences leave no room ("only", "never", "within a minute"), and whoever speaks next takes note of
    them, calls them testable or says how much work they are.
    """
    after = index
    while after < len(sentences) and after < index + REACH and _is_rule(sentences[after], sentences[index], cues):
        after += 1
    count = after - index
    strict = sum(
        has_bound(one.text) or cues.find("special_case", one.text) is not None for one in sentences[index:after]
    )
    if count < MANY or strict * 2 < count:
        return index
    replies = [one for one in sentences[after : after + REPLY] if one.turn > sentences[index].turn]
    noted = any(cues.find(cue, one.text) for one in replies for cue in ("criteria_noted", "estimate"))
    return after if noted else index


def _is_rule(one: Sentence, first: Sentence, cues: Cues) -> bool:
    """Whether a sentence may be one of several rules: no question, request or doubt, and not about people here."""
    if one.turn != first.turn or one.is_question or one.words <= _ENOUGH or one.utterance.kind != "speech":
        return False
    return not any(cues.find(cue, one.text) for cue in ("story", "request", "bug", "doubt", "estimate", "no_rule"))


def _opened(one: Sentence, cues: Cues) -> str | None:
    """What follows the words that open criteria in this sentence; None where there are none."""
    text = without_owners(one)
    match = cues.pattern("criteria_open").search(text[:600])
    if match is None or cues.find("meeting_verb", text[: match.start()]) or match.start() > 60:
        return None
    rest = text[match.end() :].lstrip(" :–—-,")
    word = match.group().lower()
    if not rest and not (
        one.text.rstrip().endswith(":")
        or one.utterance.kind in ("bullet", "heading")
        or cues.shape("criteria_named").search(word)
    ):
        return None
    clause = cues.shape("criteria_clause").search(word)
    if clause or ":" in one.text[match.start() : match.end() + 3] or not rest:
        return rest
    if cues.shape("criteria_named").search(word):
        return cues.shape("criteria_is").sub("", rest)
    return None


def _listed(sentences: Sequence[Sentence], index: int, rest: str, cues: Cues) -> tuple[list[_Part], int]:
    """Criteria that begin in this sentence, and the index after them."""
    one = sentences[index]
    found = [(part, one) for part in _split(cues, rest) if len(part.split()) >= _ENOUGH]
    closes = bool(found) and cues.shape("criteria_when").search(one.text) and ":" not in one.text
    position = index + 1
    while position < len(sentences) and position <= index + REACH:
        other = sentences[position]
        if one.utterance.kind == "bullet":
            if other.utterance.line != one.utterance.line and other.utterance.level <= one.utterance.level:
                break
        elif other.turn != one.turn or closes or not _goes_on(other, cues):
            break
        found += _stated(other, cues)
        position += 1
    return found, position


def _following(sentences: Sequence[Sentence], index: int, asked: Sentence, cues: Cues) -> tuple[list[_Part], int]:
    """Criteria in the answer to a question for them."""
    found: list[_Part] = []
    speaker: str | None = None
    by_when = False  # "when a parent can …": what follows without such a word is something else
    position = index
    while position < len(sentences) and position < index + REACH:
        other = sentences[position]
        own = other.turn == asked.turn and speaker is None and not found
        if own and (other.is_question or not _goes_on(other, cues)):
            position += 1  # whoever asked may answer, too
            continue
        if speaker is not None and other.speaker != speaker:
            break
        if other.is_question:
            break
        if by_when and not any(cues.shape(f"criterion_{way}").match(other.text) for way in ("when", "more")):
            break
        if _goes_on(other, cues):
            by_when = by_when or cues.shape("criterion_when").match(other.text) is not None
            speaker = other.speaker
            found += _stated(other, cues)
        elif found:
            break
        position += 1
    return found, position


def _goes_on(other: Sentence, cues: Cues) -> bool:
    if other.is_question or cues.opens("opener", other.text) or other.words < _ENOUGH:
        return False
    if other.words <= 5 and (cues.opens("assent", other.text) or cues.find("estimate", other.text)):
        return False
    return cues.find("estimate", other.text) is None or other.words > 6


def _stated(one: Sentence, cues: Cues) -> list[_Part]:
    """The criteria in a sentence that may begin with "and" or "then"."""
    bare = cues.shape("criterion_lead").sub("", one.text)
    return [(part, one) for part in _split(cues, bare) if len(part.split()) >= _ENOUGH]


def _split(cues: Cues, text: str) -> list[str]:
    parts = []
    for part in cues.shape("criterion_clauses").split(text):
        part = cues.shape("criterion_head").sub("", part.strip(" .;"))
        part = cues.shape("criterion_tail").sub("", part)
        if part:
            parts.append(part[0].upper() + part[1:])
    return parts
