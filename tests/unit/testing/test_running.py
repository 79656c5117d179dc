"""One step, run by itself."""

from __future__ import annotations

from pipekit import step
from pipekit.testing import run_step


@step(after="check-readiness", before=("write-output", "nobody-s"), provides="length")
def measure(text: str) -> int:
    """How long a text is."""
    return len(text)


def test_a_step_that_wants_to_stand_beside_others_runs_without_them() -> None:
    assert run_step(measure, text="four") == 4
    assert (measure.after, measure.before) == (("check-readiness",), ("write-output", "nobody-s"))
