"""How to go on with a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from pipekit.planning.select import ALL, Selection, step_name

__all__ = ["Resume", "Stale"]

#: What happens to finished steps that no longer hold.
Stale = Literal["stop", "rerun", "keep"]


@frozen(kw_only=True)
class Resume:
    """How to go on with a run.

    ``from_step`` (name or number) runs that step and all after it again; without it the run goes on from the first
    unfinished step. ``stale`` says what happens to finished steps whose version, settings, model, prompt or inputs
    changed: ``stop`` before anything is done, ``rerun`` them (of a fanned-out step only the items that changed), or
    ``keep`` and mark them. ``accept_edits`` takes step files that a person corrected. ``select`` narrows the plan for
    this command. ``answers`` are answers to the run's questions by their key. ``edits`` are what a person corrects, by
    the id of an item of a collection, each the fields that change, named as in JSON: ``{"candidate-2": {"title": …}}``.
    ``budget`` takes the place of what the run may spend on models in all, in ``usd``, ``tokens`` or ``calls``, and
    stays with the run: ``{"usd": 4}``.
    """

    from_step: str | None = field(default=None, converter=step_name)
    stale: Stale = "stop"
    accept_edits: bool = False
    select: Selection = ALL
    answers: Mapping[str, object] = field(factory=dict)
    edits: Mapping[str, Mapping[str, object]] = field(factory=dict)
    budget: Mapping[str, float] = field(factory=dict)
