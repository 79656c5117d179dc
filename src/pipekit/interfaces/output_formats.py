"""Output formats: files that people and tools use, made from a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NewType, Protocol, TypeVar, runtime_checkable

from attrs import frozen

from pipekit.serde import JSON
from pipekit.state.record import RunRecord, Usage

__all__ = ["FormatName", "OutputFile", "OutputFormat", "RenderedFile", "Rendering", "RunView"]

T = TypeVar("T")

#: A setting of this type names a registered output format; the plan checks it and what the format needs.
FormatName = NewType("FormatName", str)


@frozen(kw_only=True)
class OutputFile:
    """A file to be: ``path`` relative to the run's output folder, with ``/``, and its bytes."""

    path: str
    content: bytes


@frozen(kw_only=True)
class RenderedFile:
    """A file that was made: ``path`` relative to the run's output folder, the format's name, size in bytes."""

    path: str
    format: str
    size: int


class RunView(Protocol):
    """A run, read only, as output formats and `Pipeline.runs` see it."""

    @property
    def record(self) -> RunRecord:
        """Where the run stands."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Names of all artifacts, the input first, in order of making."""
        ...

    @property
    def steps(self) -> Mapping[str, JSON]:
        """Each finished step's stored value by step name, in order of the plan."""
        ...

    @property
    def original(self) -> bytes:
        """The input as it came."""
        ...

    @property
    def usage(self) -> Usage:
        """Tokens and cost so far."""
        ...

    def artifact(self, name: str, type_: type[T]) -> T:
        """The artifact as a ``type_`` (``Each[T]`` for a fanned-out one); `UsageError` when there is none."""
        ...

    def value(self, name: str) -> JSON:
        """The artifact as plain JSON, as stored; for a fanned-out one a mapping by item id. `UsageError` when none."""
        ...

    def collection(self, name: str) -> str | None:
        """The artifact over which this one was fanned out, or None."""
        ...


@runtime_checkable
class OutputFormat(Protocol):
    """Makes files from a run; it opens none itself."""

    @property
    def needs(self) -> Sequence[str]:
        """Artifacts it reads, ``"name?"`` where it does without; checked by the plan."""
        ...

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """The files; the engine checks the paths and writes them."""
        ...


class Rendering(Protocol):
    """The service with which a step makes output files; they are kept together with the step's own result."""

    def render(self, formats: Sequence[FormatName]) -> Sequence[RenderedFile]:
        """Make the files of these formats from all that was made so far."""
        ...
