"""Whether a question that is asked again is the same one: what a person was shown, word for word."""

from __future__ import annotations

from pipekit.serde import encode, unstructure
from pipekit.state.fingerprint import digest
from pipekit.state.record import AskedQuestion

__all__ = ["wording_of"]


def wording_of(asked: AskedQuestion) -> str:
    """A digest of all that a person is shown of the question; not of where it is asked."""
    shown = (asked.text, asked.context, asked.takes, dict(asked.choices), asked.or_text, unstructure(asked.default))
    return digest(encode(list(shown)))
