"""The models that a server does have, for somebody who asked it for one that it hasn't."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from pipekit.llm.candidates import Candidate

__all__ = ["near_names"]

#: Seconds that it may take to ask, and what is looked at of the answer: it only makes a message better.
_PATIENCE = 3.0
_MOST = 5000
_LONGEST = 80

_starting = threading.Lock()


async def near_names(candidate: Candidate, *, patience: float = _PATIENCE) -> Sequence[str]:
    """Up to three models of the candidate's provider whose names are near; none where it doesn't say in time.

    It is asked once for each candidate, whoever wants to know. Nothing that goes wrong here is raised.
    """
    with _starting:
        if candidate.listed is None:
            candidate.listed = _listed(candidate)
    try:
        async with asyncio.timeout(patience):
            known = await asyncio.shield(asyncio.wrap_future(candidate.listed))
    except TimeoutError:
        return []
    if candidate.name in known:
        return []  # it isn't the name that is wrong
    near = difflib.get_close_matches(candidate.name, known, n=3, cutoff=0.5)
    return near or (known if len(known) <= 3 else [])


def _listed(candidate: Candidate) -> Future[list[str]]:
    """What the provider lists. A server that hangs keeps neither the loop nor the process: the thread is a daemon."""
    found: Future[list[str]] = Future()

    def ask() -> None:
        names: list[str] = []
        # What was wrong with the call itself is told, and not what is wrong with this one.
        with contextlib.suppress(Exception):
            names = [info.name for info in list(candidate.provider.models())[:_MOST]]
        found.set_result([name for name in names if name.isprintable() and len(name) <= _LONGEST])

    threading.Thread(target=ask, name=f"pipekit models of {candidate.provider_name}", daemon=True).start()
    return found
