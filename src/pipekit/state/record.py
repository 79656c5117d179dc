"""The record of a run: where it stands, and what each finished step left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import evolve, field, frozen

__all__ = [
    "HISTORY_KEPT",
    "SCHEMA",
    "AnswerKind",
    "AskedQuestion",
    "BlobRef",
    "ConfigRef",
    "InputPart",
    "InputRef",
    "PastAttempt",
    "PausedReason",
    "PlannedRef",
    "RunRecord",
    "Status",
    "StepKey",
    "StepRecord",
    "Usage",
    "step_file",
]

#: Version of the layout of records and journals on disk.
SCHEMA = 1

#: How many times taken back outputs are kept under ``history/``; older ones go.
HISTORY_KEPT = 5

Status = Literal["running", "completed", "failed", "paused"]
PausedReason = Literal["until", "signal", "question", "budget"]
#: What the answer to a question is, as far as that can be told before the step looks at it.
AnswerKind = Literal["text", "integer", "number", "boolean", "json"]
#: How a step is called in a record: its fixed number, or its name where it has none.
StepKey = int | str


@frozen(kw_only=True)
class Usage:
    """Tokens and cost; ``cost`` is in US dollars, None where it isn't known.

    ``cached_tokens`` are those of the ``input_tokens`` that the vendor had kept from an earlier prompt.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = 0.0

    @property
    def total_tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        known = self.cost is not None and other.cost is not None
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cost=(self.cost or 0.0) + (other.cost or 0.0) if known else None,
        )


@frozen(kw_only=True)
class BlobRef:
    """Bytes that a store keeps for a run: ``path`` inside the run, sha256 of the bytes as stored, size in bytes."""

    path: str
    sha256: str
    size: int


@frozen(kw_only=True)
class InputPart:
    """One of several inputs that were merged; the fields are those of `InputRef`."""

    name: str
    sha256: str
    size: int
    kind: Literal["file", "text", "value"] = "file"
    format: str | None = None


@frozen(kw_only=True)
class InputRef:
    """The input as it came. ``name`` is what the user gave, ``format`` the loader's name.

    ``kind`` is ``file`` for a path or stream, ``text`` for text from a program, ``value`` for a ready value of the
    workflow's input type (kept as JSON), ``merged`` for several inputs, which are kept in one archive and listed in
    ``parts`` in their order.
    """

    name: str
    path: str
    sha256: str
    size: int
    kind: Literal["file", "text", "value", "merged"] = "file"
    format: str | None = None
    parts: tuple[InputPart, ...] = ()


@frozen(kw_only=True)
class ConfigRef:
    """Where the configuration came from and what narrowed the plan, so that a resume reads the same again.

    ``settings`` are the flags ``--set path=value``, ``model`` is the flag ``--model``.
    """

    path: str | None = None
    profile: str | None = None
    model: str | None = None
    settings: Mapping[str, str] = field(factory=dict)
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


@frozen(kw_only=True)
class PlannedRef:
    """A step that the plan held when the run started, and the package and version it came from."""

    key: StepKey
    name: str
    package: str = ""


@frozen(kw_only=True)
class AskedQuestion:
    """A question that waits for a person; ``key`` is what the answer is given under.

    ``item`` is the item that it is about, where the step works item by item. ``takes`` says what the answer has to be,
    ``json`` anything that only the step can judge; ``choices`` are the words that it can be, each with what it means,
    and with ``or_text`` it may be any others. ``default`` is what the step proposes.
    """

    key: str
    step: str
    text: str
    context: str = ""
    item: str | None = None
    takes: AnswerKind = "json"
    choices: Mapping[str, str] = field(factory=dict)
    or_text: bool = False
    default: Any = None


@frozen(kw_only=True)
class StepRecord:
    """What a finished step left: its output file by path and digest, and how it came about.

    ``artifacts``, ``is_whole``, ``each`` and ``item_key`` say how the file holds its artifacts (see
    `pipekit.state.artifacts`), ``fingerprint`` what the output depended on (see `pipekit.state.fingerprint`); of a
    fanned-out step ``items`` holds the digests of what each item depended on beyond that, by item id, parted by spaces
    in the order of ``item_parts``. ``stale`` says what had changed when a person chose to keep the output all the same.
    ``outputs`` are the paths of the files for people that it made. ``duration`` is in seconds on a monotonic clock.
    ``made_by`` is ``human`` once a person corrected the file; ``edited_items`` are those that were edited one by one.
    ``model`` is the one that was planned, and ``answered_by`` counts the answers of each that gave any: a fallback's
    stand here, too.
    """

    key: StepKey
    name: str
    path: str
    sha256: str
    size: int
    started_at: datetime
    duration: float
    model: str | None = None
    usage: Usage = Usage()
    answered_by: Mapping[str, int] = field(factory=dict)
    attempt: int = 1
    made_by: Literal["step", "human"] = "step"
    edited_items: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    is_whole: bool = True
    each: str | None = None
    item_key: str = "itemId"
    fingerprint: Mapping[str, str] = field(factory=dict)
    item_parts: tuple[str, ...] = ()
    items: Mapping[str, str] = field(factory=dict)
    outputs: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


@frozen(kw_only=True)
class PastAttempt:
    """A finished step that was taken back: its record with the file's place in the history, and why.

    ``number`` is that of the folder under ``history/``. ``is_reusable`` says that results of its items may be taken
    over where they still hold; after ``--from-step`` they may not.
    """

    number: int
    step: StepRecord
    reason: str
    replaced_at: datetime
    is_reusable: bool = False


@frozen(kw_only=True)
class RunRecord:
    """Where a run stands. ``state.json`` is this value; `pipekit.serde` gives its JSON.

    ``completed_steps`` lists keys in order of completion, ``step_outputs`` is keyed by the same keys as strings,
    ``current_step`` is the step under way or next and None when completed. ``paused_reason`` is set exactly when
    ``status`` is ``paused``. ``outputs`` are the files made for people, under ``output/``. ``attempts`` counts, by step
    name, how often a step was begun anew (1 where it says nothing), ``replaced`` how often outputs were taken back, and
    ``history`` holds those that are still kept, oldest first.
    """

    run_id: str
    input_file: str
    started_at: datetime
    updated_at: datetime
    status: Status
    current_step: StepKey | None
    completed_steps: tuple[StepKey, ...] = ()
    step_outputs: Mapping[str, StepRecord] = field(factory=dict)
    paused_reason: PausedReason | None = None
    error: str | None = None
    error_code: int | None = None
    workflow: str = ""
    input: InputRef | None = None
    config: ConfigRef = ConfigRef()
    planned: tuple[PlannedRef, ...] = ()
    outputs: tuple[BlobRef, ...] = ()
    questions: tuple[AskedQuestion, ...] = ()
    attempts: Mapping[str, int] = field(factory=dict)
    history: tuple[PastAttempt, ...] = ()
    replaced: int = 0
    parent_run_id: str | None = None
    owner_pid: int | None = None
    owner_host: str | None = None
    pipekit_version: str = ""
    schema: int = SCHEMA

    def is_done(self, key: StepKey) -> bool:
        """Whether the step has a committed output."""
        return str(key) in self.step_outputs

    def with_step(self, step: StepRecord, *, next_step: StepKey | None, now: datetime) -> RunRecord:
        """This record after ``step`` has been committed."""
        kept = self.completed_steps
        if step.key in kept:
            kept = tuple(key for key in kept if key != step.key)
        return evolve(
            self,
            completed_steps=(*kept, step.key),
            step_outputs={**self.step_outputs, str(step.key): step},
            current_step=next_step,
            updated_at=now,
        )

    def attempt_of(self, name: str) -> int:
        """The number of the attempt at a step that is under way, next, or finished."""
        return self.attempts.get(name, 1)

    def anew(self, names: Iterable[str]) -> RunRecord:
        """This record with a new attempt at each of these steps: what was finished inside them counts no more."""
        return evolve(self, attempts={**self.attempts, **{name: self.attempt_of(name) + 1 for name in names}})

    def taken_back(self, reasons: Mapping[str, str], *, now: datetime, reusable: Collection[str] = ()) -> RunRecord:
        """This record with finished steps taken back, name → reason; their files go to the history together.

        Results of the items of ``reusable`` steps may be taken over by the next attempt.
        """
        gone = [step for step in self.step_outputs.values() if step.name in reasons]
        if not gone:
            return self
        number = self.replaced + 1
        past = [
            PastAttempt(
                number=number,
                step=evolve(step, path=f"history/{number}/{step.path}"),
                reason=reasons[step.name],
                replaced_at=now,
                is_reusable=step.name in reusable,
            )
            for step in gone
        ]
        keys = {str(step.key) for step in gone}
        made = {path for step in gone for path in step.outputs}
        return evolve(
            self.anew(step.name for step in gone),
            completed_steps=tuple(key for key in self.completed_steps if str(key) not in keys),
            step_outputs={key: step for key, step in self.step_outputs.items() if key not in keys},
            outputs=tuple(ref for ref in self.outputs if ref.path not in made),
            history=(*(one for one in self.history if one.number > number - HISTORY_KEPT), *past),
            replaced=number,
            updated_at=now,
        )

    def answers_hold(self, name: str, attempt: int) -> bool:
        """Whether what people answered in this attempt at a step may count in the one that is next.

        It may when the attempts since were only taken back because what they were made of had changed.
        """
        past = {one.step.attempt for one in self.history if one.step.name == name and one.is_reusable}
        return all(number in past for number in range(attempt, self.attempt_of(name)))

    @property
    def usage(self) -> Usage:
        """Tokens and cost of all finished steps."""
        return sum((step.usage for step in self.step_outputs.values()), start=Usage())


def step_file(key: StepKey) -> str:
    """Path of a step's output inside its run: ``steps/step-1.json``, ``steps/step-map-dependencies.json``."""
    return f"steps/step-{key}.json"
