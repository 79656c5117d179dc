"""How much fits into a model, where only its own server knows."""

from __future__ import annotations

from attrs import evolve

from pipekit.interfaces.llm_providers import ModelInfo
from pipekit.llm.candidates import Candidate

__all__ = ["find_window"]

#: Seconds that a server may take over it; after that its model is asked without.
_PATIENCE = 5.0


async def find_window(candidate: Candidate, *, patience: float = _PATIENCE) -> None:
    """Have the candidate's window known, if its provider can look it up; asked for once, and left open when it can't.

    A server that cuts a prompt to its window does so without a word.
    """
    if candidate.info.window is not None or not callable(getattr(candidate.provider, "look_up", None)):
        return
    found = await candidate.looked_up.answer(patience)
    window = found.window if isinstance(found, ModelInfo) else None
    if type(window) is int and window > 0:
        candidate.info = evolve(candidate.info, window=window)
