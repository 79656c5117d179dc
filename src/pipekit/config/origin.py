"""Where a value came from."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import evolve, frozen

__all__ = ["DEFAULT", "Layer", "Origin"]

#: The layers, lowest first; ``mapping`` stands in the place of ``project`` when a program hands over a mapping, and
#: ``run`` for flags that were given when a run began and that its record kept.
Layer: TypeAlias = Literal["default", "user", "project", "mapping", "profile", "environment", "run", "flag"]


@frozen
class Origin:
    """The place of a value: a file's line and column, an environment variable, a flag, or the defaults.

    ``label`` names places that have no file (``PIPEKIT_LLM__MODEL``, ``--set store``); ``file`` is a path as it is
    shown to people; ``line`` and ``column`` count from 1.
    """

    layer: Layer
    label: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """``pipekit.yaml:14:3``, ``PIPEKIT_LLM__MODEL``, ``--set steps.step3.model`` or ``default``."""
        if self.file is None:
            return self.label or self.layer
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def at(self, line: int | None, column: int | None) -> Origin:
        """The same file at another place."""
        return evolve(self, line=line, column=column)


DEFAULT = Origin("default")
