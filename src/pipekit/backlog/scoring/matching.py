"""Which candidate of a run is which item of a gold file: one to one, by key words and by what is quoted."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.scoring.assignment import best_pairs
from pipekit.backlog.scoring.gold import Gold, GoldCandidate
from pipekit.backlog.scoring.wording import evened, mentions, overlap

__all__ = ["Matching", "match"]

# No text counts beyond these characters: who quotes the whole meeting would match everything.
_TITLE, _DESCRIPTION, _QUOTE = 200, 600, 500
#: So short that it is about one thing.
_SHORT = 300
#: What a pair is worth before its likeness: as many pairs as can be, those that have to be found before the others.
_REQUIRED, _OPTIONAL = 1000.0, 200.0


@frozen(kw_only=True)
class Matching:
    """The pairs: index of a gold item → index of a candidate, and the other way round."""

    found: dict[int, int]

    @property
    def meant(self) -> dict[int, int]:
        """Index of a candidate → index of the gold item that it is."""
        return {candidate: gold for gold, candidate in self.found.items()}


def match(gold: Gold, candidates: Sequence[Candidate]) -> Matching:
    """The pairs that are the most, and the likest."""
    texts = [_Texts.of(one) for one in candidates]
    worth = [[_worth(item, text) for text in texts] for item in gold.candidates]
    return Matching(found=best_pairs(worth))


@frozen
class _Texts:
    """What a candidate says, evened once for all items that it is compared with."""

    title: str
    description: str
    quote: str

    @classmethod
    def of(cls, candidate: Candidate) -> _Texts:
        return cls(
            evened(candidate.title)[:_TITLE],
            evened(candidate.description)[:_DESCRIPTION],
            evened(candidate.raw_context)[:_QUOTE],
        )

    @property
    def own(self) -> str:
        """Title and description."""
        return f"{self.title} \n {self.description}"


def _worth(item: GoldCandidate, texts: _Texts) -> float:
    likeness = _likeness(item, texts)
    return likeness + (_OPTIONAL if item.optional else _REQUIRED) if likeness else 0.0


def _likeness(item: GoldCandidate, texts: _Texts) -> float:
    """How much a candidate is about the item; 0 when it isn't.

    It is when all key words occur and title or description carry them, be it partly beside the right quote; and when it
    quotes the passage itself, with half of the key words.
    """
    in_title = mentions(item.must_mention, texts.title)
    in_own = mentions(item.must_mention, texts.own)
    anywhere = mentions(item.must_mention, f"{texts.own} \n {texts.quote}")
    quoted = overlap(texts.quote, item.evidence)
    if anywhere >= 1.0:
        said = in_own >= 1.0 and (in_title > 0 or len(texts.description) <= _SHORT)
        said_in_part = in_own > 0 and quoted >= 0.3
        said_together = in_title > 0 and len(texts.quote) <= _SHORT
        is_it = said or said_in_part or said_together
    else:
        is_it = False
    is_it = is_it or (anywhere >= 0.5 and (quoted >= 0.8 or (quoted >= 0.6 and in_own > 0)))
    return 1.0 + 3.0 * in_title + in_own + anywhere + 3.0 * quoted if is_it else 0.0
