"""Progress tells tokens and cost as they grow, on a terminal and in a log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from pipekit.cli.console import LiveProgress, PlainProgress
from pipekit.events import CallFinished, ItemFinished, StepFinished
from pipekit.state.record import Usage

ABOUT: dict[str, Any] = {"run_id": "run-1", "sequence": 1, "at": datetime(2026, 1, 1, tzinfo=UTC), "step": "judge"}


def call(cost: float | None) -> CallFinished:
    return CallFinished(**ABOUT, model="a/m", usage=Usage(calls=1, input_tokens=1000, output_tokens=200, cost=cost))


def finished(calls: int) -> StepFinished:
    usage = Usage(calls=calls, input_tokens=1000 * calls, output_tokens=200 * calls, cost=0.02 * calls)
    return StepFinished(**ABOUT, key=1, duration=3.0, usage=usage)


def test_a_log_tells_what_a_step_took_and_what_was_spent_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    progress = PlainProgress(lambda: now[0])
    for _ in range(2):
        progress.show(call(0.02))
    now[0] = 60.0
    progress.show(ItemFinished(**ABOUT, item="a", done=2, total=5))
    progress.show(finished(2))
    progress.show(finished(0))
    assert capsys.readouterr().err.splitlines() == [
        "judge: 2 of 5, 2 calls, 2,400 tokens, $0.0400",
        "1 judge: 3.0 s, 2 calls, 2,400 tokens, $0.0400",
        "1 judge: 3.0 s",
    ]


@pytest.mark.parametrize(("cost", "words"), [(0.02, "1 call, 1,200 tokens, $0.0200"), (None, "cost not known")])
def test_a_terminal_shows_what_was_spent_so_far_and_nothing_before(cost: float | None, words: str) -> None:
    progress = LiveProgress()
    assert "spent" not in rendered(progress)
    progress.show(call(cost))
    assert "spent" in rendered(progress)
    assert words in rendered(progress)


def rendered(progress: LiveProgress) -> str:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(progress._render())
    return captured.get()
