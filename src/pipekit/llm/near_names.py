"""The models that a server does have, for somebody who asked it for one that it hasn't."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pipekit.llm.candidates import Candidate

__all__ = ["near_names"]

#: Seconds that it may take to ask, and what is looked at of the answer: it only makes a message better.
_PATIENCE = 3.0
_MOST = 5000
_LONGEST = 80


async def near_names(candidate: Candidate, *, patience: float = _PATIENCE) -> Sequence[str]:
    """Up to three models of the candidate's provider whose names are near; none where it doesn't say in time."""
    listed = (await candidate.listed.answer(patience) or ())[:_MOST]
    known = [name for name in listed if isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST]
    if candidate.name in known:
        return []  # it isn't the name that is wrong
    near = difflib.get_close_matches(candidate.name, known, n=3, cutoff=0.5)
    return near or (known if len(known) <= 3 else [])
