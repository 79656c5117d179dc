"""What programs hand to the public calls, looked at before anything is begun: a wrong type is a usage error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipekit.errors import UsageError

__all__ = ["expect"]


def expect(value: object, name: str, types: type | tuple[type, ...], wanted: str) -> Any:
    """``value`` if it is of one of the types, else `UsageError`: ``name must be wanted, not …``."""
    if isinstance(value, types):
        return value
    raise UsageError(
        f"{name} must be {wanted}, not {_shown(value)}",
        kind="argument",
        hint=f"hand over {wanted}; help(pipekit.Pipeline) describes every argument",
    )


def _shown(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, (str, int, float, bool)):
        text = repr(value)
        return text if len(text) <= 60 else f"{text[:60]}…"
    kind = type(value).__name__
    return f"a sequence ({kind})" if isinstance(value, Sequence) else f"a value of type {kind}"
