"""Narrowing a plan: only, skip, from, until."""

from __future__ import annotations

from attrs import field, frozen

from pipekit.errors import UsageError

__all__ = ["ALL", "Selection", "step_name"]


def _names(value: object) -> tuple[str, ...]:
    """One name or several, as a tuple of strings; numbers are names too."""
    if value is None:
        return ()
    if isinstance(value, (str, int)):
        return (str(value),)
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    raise UsageError(
        f"a selection names a step or a list of steps, not {value!r}",
        kind="argument",
        hint='write Selection(only=["score-confidence", 4])',
    )


def step_name(value: object) -> str | None:
    """A step as a text: numbers are names too."""
    return None if value is None else str(value)


@frozen(kw_only=True)
class Selection:
    """Which steps of a workflow to run, each by name (``score-confidence``), number (``3``) or ``step3``.

    ``only`` runs these and nothing else, ``skip`` leaves these out, ``until`` stops after this one with the run paused.
    """

    only: tuple[str, ...] = field(default=(), converter=_names)
    skip: tuple[str, ...] = field(default=(), converter=_names)
    until: str | None = field(default=None, converter=step_name)


ALL = Selection()
