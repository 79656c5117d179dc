"""Whether a candidate is an item that exists already, adds to one, or is new: by its title, and by items it names.

Careful on purpose: people act on *duplicate*, so it takes titles of nearly the same words, the same numbers and the
same kind of work. What is only near is shown as similar work and called new.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import get_args

from pipekit.backlog.model.candidate import Candidate, CandidateType, Sibling
from pipekit.backlog.model.context import Repetition, RepetitionVerdict
from pipekit.backlog.offline.signals import content_words
from pipekit.interfaces.retrievers import Hit

__all__ = ["NO_WORK", "is_of_a_sibling", "repetition_of"]

#: Share of the words of two titles together that both must have to be the same.
SAME = 0.75
#: Share of an item's title that must come back in a candidate that adds to it.
EXTENDED = 0.75
#: Titles of fewer words in common say nothing; the shorter title must have one more to be called a part of the longer.
FEWEST_SHARED = 2
#: Kinds of hits that are no work items.
NO_WORK = ("adr", "doc", "lesson")

_TYPES = get_args(CandidateType)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
#: Ids that pipekit gives out itself begin anew in every run.
_OWN_ID = re.compile(r"DRAFT-\d+", re.IGNORECASE)


def repetition_of(candidate: Candidate, hits: Sequence[Hit]) -> Repetition:
    """What the candidate is to the work items among ``hits``: the closest of them decides."""
    found = [one for hit in hits if hit.kind not in NO_WORK if (one := _compared(candidate, hit))]
    for verdict in ("duplicate", "extends"):
        first = next((one for one in found if one.verdict == verdict), None)
        if first is not None:
            return first
    work = [hit for hit in hits if hit.kind not in NO_WORK]
    reason = f"the nearest, “{work[0].title}”, has another title" if work else "no earlier item was found"
    return Repetition(verdict="new", reason=reason)


def is_of_a_sibling(hit: Hit, candidate: Candidate, siblings: Sequence[Sibling]) -> Sibling | None:
    """The sibling whose title says what an earlier item is about, when the candidate itself hardly does."""
    words = content_words(hit.title)
    own = content_words(f"{candidate.title} {candidate.description}")
    if hit.kind in NO_WORK or len(words) < FEWEST_SHARED or 2 * len(words & own) >= len(words):
        return None
    for sibling in siblings:
        shared = len(words & content_words(sibling.title)) if sibling.id != candidate.id else 0
        if shared >= FEWEST_SHARED and shared >= EXTENDED * len(words):
            return sibling
    return None


def _compared(candidate: Candidate, hit: Hit) -> Repetition | None:
    own, theirs = content_words(candidate.title), content_words(hit.title)
    shared = own & theirs
    speak = f"both titles speak of {_quoted(candidate.title, shared)}"
    if len(shared) >= FEWEST_SHARED and len(shared) >= SAME * len(own | theirs):
        different = _difference(candidate, hit)
        if different is None:
            return _told("duplicate", hit, speak)
        return _told("extends", hit, f"{speak}, but {different}")
    if _names(candidate, hit.id):
        return _told("extends", hit, f"the meeting names {hit.id}")
    if len(shared) >= FEWEST_SHARED and len(shared) >= EXTENDED * len(theirs) and len(own) > len(theirs):
        return _told("extends", hit, f"{speak}, and this one of more")
    if len(shared) > FEWEST_SHARED and own < theirs:
        return _told("extends", hit, f"{speak}, and that one of more")
    return None


def _told(verdict: RepetitionVerdict, hit: Hit, reason: str) -> Repetition:
    status = hit.attributes.get("status", "")
    source = f"{hit.id} ({hit.source})" if hit.id and hit.id not in hit.source else hit.source
    return Repetition(
        verdict=verdict,
        title=hit.title,
        source=source,
        reason=f"{reason}; its status is {status}" if status else reason,
    )


def _difference(candidate: Candidate, hit: Hit) -> str | None:
    """What makes two items of the same title two: other numbers, or another kind of work."""
    mine, its = set(_NUMBER.findall(candidate.title)), set(_NUMBER.findall(hit.title))
    if mine != its:
        return f"the numbers differ ({', '.join(sorted(mine)) or 'none'} and {', '.join(sorted(its)) or 'none'})"
    type_ = re.sub(r"[\s_]+", "-", hit.attributes.get("type", "").strip().casefold())
    if type_ in _TYPES and type_ != candidate.type:
        return f"this is a {candidate.type} and that a {type_}"
    return None


def _quoted(title: str, stems: frozenset[str]) -> str:
    words = (word.strip(".,:;!?()“”\"'") for word in title.split())
    return ", ".join(dict.fromkeys(f"“{word}”" for word in words if content_words(word) & stems))


def _names(candidate: Candidate, id_: str) -> bool:
    if len(id_) < 3 or not any(c.isdigit() for c in id_) or not any(c.isalpha() for c in id_) or _OWN_ID.fullmatch(id_):
        return False
    said = f"{candidate.title}\n{candidate.raw_context}"
    return re.search(rf"(?<![\w-]){re.escape(id_)}(?![\w-])", said, re.IGNORECASE) is not None
