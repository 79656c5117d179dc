"""Who waits for whom, from what people say: "can't … until", "builds on", "after", "needs … first"."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.dependency import Dependency, DependencyMap, DependencyType, arrange_candidates
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline.cues import Cues, cues
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.spoken import in_its_language
from pipekit.backlog.offline.talk import Sentence, read_talk
from pipekit.backlog.text import utterances_of

__all__ = ["map_dependencies"]

#: How surely words must name an item where the cue alone says little: "needs a …".
SURE = 2.0
_KINDS: tuple[tuple[str, DependencyType], ...] = (
    ("extends_on", "extends"),
    ("blocks_on", "blocks"),
    ("relates_on", "relates-to"),
)


@in_its_language
def map_dependencies(meeting: Meeting, candidates: Sequence[Candidate]) -> DependencyMap:
    """The stated dependencies between the candidates, and the order that follows from them."""
    marks = cues()
    talk = read_talk(meeting)
    lines = {one.id: {utterance.line for utterance in utterances_of(meeting, one)} for one in candidates}
    keys = _keys(candidates)
    found: list[Dependency] = []
    for one in talk:
        if one.is_question:
            continue
        ordered = _ordered(one, candidates, keys, lines, marks)
        if ordered is not None:
            _add(found, ordered)
            continue
        for cue, kind in _KINDS:
            match = marks.pattern(cue).search(one.text[:600])
            if match is None:
                continue
            edge = _edge(one, match.start(), match.end(), kind, candidates, keys, lines, marks)
            if edge is not None:
                _add(found, edge)
                break
    return arrange_candidates([one.id for one in candidates], found)


def _ordered(
    one: Sentence,
    candidates: Sequence[Candidate],
    keys: dict[str, dict[str, float]],
    lines: dict[str, set[int]],
    marks: Cues,
) -> Dependency | None:
    """What "first … then", "no … without" and the like put in order; the item at hand stands for what isn't named."""
    for pattern in marks.each("first_then"):
        said = pattern.search(one.text[:600])
        if said is None:
            continue
        then, first = (_named(said.group(part), candidates, keys) for part in ("then", "first"))
        here = [candidate for candidate in candidates if one.utterance.line in lines[candidate.id]]
        if first is not None and then is None:
            then = next((candidate for candidate in here if candidate is not first), None)
        if first is not None and then is not None and first is not then:
            return _stated(one, "blocks", then, first, soft=marks.find("soft_need", one.text) is not None)
    return None


def _stated(one: Sentence, kind: DependencyType, source: Candidate, target: Candidate, *, soft: bool) -> Dependency:
    return Dependency(
        source=source.id,
        target=target.id,
        type=kind,
        reason=one.text,
        strength="soft" if soft else "hard",
        evidence=(one.span,),
    )


def _add(found: list[Dependency], edge: Dependency) -> None:
    """Keep what was said first about two items."""
    if not any({edge.source, edge.target} == {other.source, other.target} for other in found):
        found.append(edge)


def _keys(candidates: Sequence[Candidate]) -> dict[str, dict[str, float]]:
    """The words of each candidate with their weight: words that few candidates share weigh more."""
    words = {one.id: content_words(f"{one.title} {one.title} {one.raw_context}") for one in candidates}
    title = {one.id: content_words(one.title) for one in candidates}
    count: dict[str, int] = {}
    for found in words.values():
        for word in found:
            count[word] = count.get(word, 0) + 1
    return {
        one: {word: (2.0 if word in title[one] else 1.0) / count[word] for word in found}
        for one, found in words.items()
    }


def _edge(
    one: Sentence,
    start: int,
    end: int,
    kind: DependencyType,
    candidates: Sequence[Candidate],
    keys: dict[str, dict[str, float]],
    lines: dict[str, set[int]],
    marks: Cues,
) -> Dependency | None:
    """The dependency that a sentence states: what stands behind the cue is waited for, the topic at hand waits."""
    text = one.text
    here = [candidate for candidate in candidates if one.utterance.line in lines[candidate.id]]
    reverse = marks.find("reverse_need", text) is not None
    named = _named(text[end:], candidates, keys)
    ahead = _named(text[:start], candidates, keys)
    if reverse:
        named = _named(text[start:end], candidates, keys) or ahead
        ahead = _named(text[end:], candidates, keys)
    if named is not None and marks.find("weak_need", text[start:end]) and _weight(text[end:], named, keys) < SURE:
        return None
    target = named
    source = ahead if ahead is not None and ahead is not target else None
    if target is not None and source is None:
        source = next((candidate for candidate in here if candidate is not target), None)
    if target is None or source is None or source is target:
        return None
    soft = marks.find("soft_need", text) is not None or kind == "relates-to"
    return _stated(one, kind, source, target, soft=soft)


def _named(part: str, candidates: Sequence[Candidate], keys: dict[str, dict[str, float]]) -> Candidate | None:
    """The candidate that a part of a sentence names, None where no word points to one alone."""
    best = max(candidates, key=lambda one: _weight(part, one, keys), default=None)
    return best if best is not None and _weight(part, best, keys) >= 1.0 else None


def _weight(part: str, one: Candidate, keys: dict[str, dict[str, float]]) -> float:
    words = content_words(part)
    return sum(weight for word, weight in keys[one.id].items() if word in words)
