"""What the engine tells its listeners, as facts in the past tense. Listeners never change a run."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from pipekit.state.record import StepKey, Usage

__all__ = [
    "CallFailed",
    "CallFinished",
    "CallRetried",
    "CallStarted",
    "CheckpointWritten",
    "Event",
    "ItemFailed",
    "ItemFinished",
    "ItemReused",
    "ItemStarted",
    "ProgressReported",
    "QuestionAsked",
    "RunFailed",
    "RunFinished",
    "RunPaused",
    "RunResumed",
    "RunStarted",
    "StepFailed",
    "StepFinished",
    "StepReused",
    "StepSkipped",
    "StepStarted",
    "WarningGiven",
]


@frozen(kw_only=True)
class Event:
    """A fact about a run. ``sequence`` counts from 1 within this process's share of the run; ``at`` is UTC."""

    run_id: str
    sequence: int
    at: datetime


@frozen(kw_only=True)
class RunStarted(Event):
    """The run exists on disk: input and record are kept. ``steps`` names what will run, in order."""

    input_file: str
    steps: tuple[str, ...]


@frozen(kw_only=True)
class RunResumed(Event):
    """The run goes on from ``from_step``; ``reused`` finished steps are not run again."""

    from_step: str | None
    reused: tuple[str, ...]


@frozen(kw_only=True)
class RunPaused(Event):
    """The run stopped on purpose and can be resumed; ``reason`` is until, signal, question or budget."""

    reason: str
    next_step: str | None


@frozen(kw_only=True)
class RunFailed(Event):
    """The run stopped for an error; finished steps are kept."""

    step: str | None
    error: str
    code: int


@frozen(kw_only=True)
class RunFinished(Event):
    """All planned steps are done. ``duration`` is in seconds."""

    duration: float
    usage: Usage


@frozen(kw_only=True)
class StepStarted(Event):
    """A step begins; ``items`` is the number of items of a fanned-out step."""

    step: str
    key: StepKey
    items: int | None = None
    model: str | None = None


@frozen(kw_only=True)
class StepReused(Event):
    """A finished step was taken from an earlier attempt."""

    step: str
    key: StepKey


@frozen(kw_only=True)
class StepSkipped(Event):
    """A step is left out; ``reason`` says why."""

    step: str
    key: StepKey
    reason: str


@frozen(kw_only=True)
class StepFailed(Event):
    """A step failed; what was finished before it is kept."""

    step: str
    key: StepKey
    error: str


@frozen(kw_only=True)
class StepFinished(Event):
    """A step is done and its output is durable. ``duration`` is in seconds."""

    step: str
    key: StepKey
    duration: float
    usage: Usage


@frozen(kw_only=True)
class ItemStarted(Event):
    """Work on one item of a fanned-out step begins."""

    step: str
    item: str


@frozen(kw_only=True)
class ItemFailed(Event):
    """One item failed; the others go on."""

    step: str
    item: str
    error: str


@frozen(kw_only=True)
class ItemFinished(Event):
    """One item is done and its result is durable; ``done`` of ``total`` items are."""

    step: str
    item: str
    done: int
    total: int


@frozen(kw_only=True)
class ItemReused(Event):
    """One item's result was taken from an earlier attempt; ``done`` of ``total`` items are."""

    step: str
    item: str
    done: int
    total: int


@frozen(kw_only=True)
class CallStarted(Event):
    """A model is asked."""

    step: str
    model: str
    task: str


@frozen(kw_only=True)
class CallRetried(Event):
    """A call is made again after a failure; ``wait`` is in seconds."""

    step: str
    model: str
    reason: str
    wait: float


@frozen(kw_only=True)
class CallFailed(Event):
    """A model gave nothing of use, and is not asked again; another one may be. ``reason`` begins with the kind."""

    step: str
    model: str
    reason: str


@frozen(kw_only=True)
class CallFinished(Event):
    """A model answered."""

    step: str
    model: str
    usage: Usage


@frozen(kw_only=True)
class CheckpointWritten(Event):
    """A step's output is durable; ``size`` in bytes."""

    step: str
    path: str
    sha256: str
    size: int


@frozen(kw_only=True)
class QuestionAsked(Event):
    """A step needs a person's answer."""

    step: str
    key: str
    question: str


@frozen(kw_only=True)
class ProgressReported(Event):
    """A step says how far it is; ``done`` is a share from 0 to 1."""

    step: str
    done: float
    text: str


@frozen(kw_only=True)
class WarningGiven(Event):
    """Something a person should know; the run goes on."""

    step: str | None
    text: str
