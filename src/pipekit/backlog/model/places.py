"""Places in the meeting, how surely words were found there, and claims that rest on them."""

from __future__ import annotations

from typing import Literal

from attrs import Factory, field, frozen

__all__ = ["Claim", "Match", "Span"]

#: How words were found that are said to come from the meeting: as they are; but for white space, quotes, dashes, case
#: and forms of letters; only nearly; or not at all.
Match = Literal["exact", "folded", "close", "unsupported"]


@frozen(kw_only=True)
class Span:
    """A place in the source: ``first`` and ``last`` line, cue, entry or paragraph, counted from 1.

    ``quote`` are the words found there, empty for a stretch of talk as a whole, and ``from_char`` to ``to_char`` the
    characters of the normalised source that they are (the end not included); ``match`` says how they were found.
    ``verified`` says that they are ``exact`` or ``folded``. Of a ``close`` match ``given`` are the words that were
    looked for, and ``similarity`` (0–1) how like the two are. Words that are ``unsupported`` stand nowhere: the quote
    is what was looked for, and the lines are 0, or those of the talk that is likeliest to be meant.

    Of a meeting that was merged, ``source`` is the input that holds it, and ``source_line`` its first line there.
    """

    first: int
    last: int
    speaker: str | None = None
    start: float | None = None
    quote: str = ""
    verified: bool = True
    # Spans that an earlier version kept say only whether they are verified.
    match: Match = field(default=Factory(lambda self: "exact" if self.verified else "unsupported", takes_self=True))
    similarity: float = 1.0
    from_char: int | None = None
    to_char: int | None = None
    given: str | None = None
    source: str | None = None
    source_line: int | None = None


@frozen(kw_only=True)
class Claim:
    """Something that is said to come from the meeting, and the places that show it: none where nobody says it does."""

    text: str
    evidence: tuple[Span, ...] = ()
