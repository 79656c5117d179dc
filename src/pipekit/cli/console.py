"""Progress of a run, fed by its events: live lines on a terminal, plain lines elsewhere, nothing with ``--json``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from pipekit.cli.terminal import one_line, say, talk
from pipekit.events import (
    CallFinished,
    CallRetried,
    CallStarted,
    Event,
    ItemFailed,
    ItemFinished,
    ItemReused,
    ProgressReported,
    QuestionAsked,
    RunResumed,
    RunStarted,
    StepFailed,
    StepFinished,
    StepReused,
    StepSkipped,
    StepStarted,
    WarningGiven,
)
from pipekit.quantities import duration_text, usage_text

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from pipekit.state.record import StepKey

__all__ = ["LiveProgress", "PlainProgress", "Progress", "QuietProgress", "TroubleProgress", "make_progress"]

#: Without a terminal a long step says where it is, but not more often than this (seconds).
_QUIET_FOR = 10.0


class Progress(Protocol):
    """Shows the events of one run while it is entered."""

    def show(self, event: Event) -> None:
        """Show one event."""
        ...

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def make_progress() -> Progress:
    """The display that fits: progress goes to standard error, so that results can be piped."""
    if talk().json:
        return QuietProgress()
    is_live = sys.stderr is not None and sys.stderr.isatty() and not _is_dumb(os.environ)
    return LiveProgress() if is_live else PlainProgress()


def _is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal can't move its cursor: lines that tick would be seen at the end only."""
    return environ.get("TERM", "").lower() in ("dumb", "unknown")


def label(step: str, key: StepKey | None) -> str:
    """How a step is shown: its number where it has one, and its name."""
    return f"{key} {step}" if isinstance(key, int) else step


class _Spent:
    """What the calls of a run took so far, in this attempt."""

    def __init__(self) -> None:
        self.calls = 0
        self.tokens = 0
        self.cost: float | None = 0.0

    def add(self, event: CallFinished) -> None:
        """Count a call."""
        usage = event.usage
        self.calls += 1
        self.tokens += usage.total_tokens
        self.cost = None if self.cost is None or usage.cost is None else self.cost + usage.cost

    def __str__(self) -> str:
        return usage_text(self.calls, self.tokens, self.cost)


class QuietProgress:
    """Shows nothing."""

    def show(self, event: Event) -> None:
        """Ignore the event."""

    def __enter__(self) -> QuietProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class PlainProgress:
    """One line for each thing that is done, for logs and pipes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spoke = clock()
        self._items: dict[str, int] = {}
        self._spent = _Spent()

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @property
    def is_overdue(self) -> bool:
        """Whether nothing was written for so long that a sign of life is due."""
        return self._clock() - self._spoke >= _QUIET_FOR

    def show(self, event: Event) -> None:
        """Write a line where the event is worth one."""
        text = self._line(event)
        if text:
            say(one_line(text), err=True)
            self._spoke = self._clock()

    def _line(self, event: Event) -> str | None:
        match event:
            case RunStarted():
                return f"run {event.run_id}: {event.input_file}, {len(event.steps)} steps"
            case RunResumed():
                kept = f", {len(event.reused)} finished steps kept" if event.reused else ""
                return f"run {event.run_id}: going on with {event.from_step or 'the outputs'}{kept}"
            case StepStarted():
                self._items[event.step] = event.items or 0
            case StepFinished():
                items = self._items.get(event.step)
                count = f"{items} item{'s' if items > 1 else ''}, " if items else ""
                usage = event.usage
                took = f", {usage_text(usage.calls, usage.total_tokens, usage.cost)}" if usage.calls else ""
                return f"{label(event.step, event.key)}: {count}{duration_text(event.duration)}{took}"
            case StepSkipped():
                return f"{label(event.step, event.key)}: skipped, {event.reason}"
            case StepFailed():
                return f"{label(event.step, event.key)}: failed"
            case ItemFinished() | ItemReused() if self.is_overdue:
                return f"{event.step}: {event.done} of {event.total}{f', {self._spent}' if self._spent.calls else ''}"
            case CallFinished():
                self._spent.add(event)
            case ItemFailed():
                return f"{event.step}: {event.item} failed: {event.error}"
            case CallRetried():
                return f"{event.step}: asking {event.model} again in {duration_text(event.wait)}: {event.reason}"
            case QuestionAsked():
                return f"{event.step} asks: {event.question}"
            case WarningGiven():
                return f"warning: {f'{event.step}: ' if event.step else ''}{event.text}"
            case _:
                pass
        return None


class TroubleProgress(PlainProgress):
    """A line for what goes wrong, with the run's name before it: for one of several runs that work at once."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def _line(self, event: Event) -> str | None:
        is_wrong = isinstance(event, (CallRetried, ItemFailed, StepFailed, QuestionAsked, WarningGiven))
        line = super()._line(event)
        return f"{self._name}: {line}" if line and is_wrong else None


class _Row:
    """One step on the live display."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.key: StepKey | None = None
        self.mark, self.style = "·", "dim"
        self.detail = ""
        self.started: float | None = None
        self.duration: float | None = None


_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class LiveProgress:
    """A line for each step that ticks while the step works."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        encoding = (self._console.encoding or "").lower().replace("-", "")
        self._fancy = encoding.startswith("utf")
        self._rows: dict[str, _Row] = {}
        self._spent = _Spent()
        self._live: Live = Live(console=self._console, get_renderable=self._render, refresh_per_second=8)

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        """Bring the display up to the event."""
        match event:
            case RunStarted():
                self._rows.update({name: _Row(name) for name in event.steps})
                self._print(f"run {event.run_id}: {event.input_file}")
            case RunResumed():
                self._print(f"run {event.run_id}: going on with {event.from_step or 'the outputs'}")
            case StepReused():
                self._mark(event.step, event.key, "=", "dim", "kept")
            case StepSkipped():
                self._mark(event.step, event.key, "-", "dim", f"skipped, {event.reason}")
            case StepStarted():
                row = self._mark(event.step, event.key, "", "bold", f"0/{event.items}" if event.items else "")
                row.started = time.monotonic()
            case ItemFinished() | ItemReused():
                self._row(event.step).detail = f"{event.done}/{event.total}"
            case ProgressReported():
                self._row(event.step).detail = f"{event.done:.0%} {event.text}"
            case CallStarted():
                row = self._row(event.step)
                row.detail = f"{row.detail.split(' · ')[0]} · asking {event.model}"
            case CallFinished():
                self._spent.add(event)
            case StepFinished():
                row = self._mark(event.step, event.key, "✓" if self._fancy else "+", "green", None)
                row.detail = row.detail.split(" · ")[0]
                row.duration = event.duration
            case StepFailed():
                self._mark(event.step, event.key, "✗" if self._fancy else "x", "red", "failed")
            case ItemFailed():
                self._print(f"{event.step}: {event.item} failed: {event.error}", "yellow")
            case CallRetried():
                again = f"asking {event.model} again in {duration_text(event.wait)}"
                self._print(f"{event.step}: {again}: {event.reason}", "yellow")
            case QuestionAsked():
                self._print(f"{event.step} asks: {event.question}", "bold")
            case WarningGiven():
                self._print(f"warning: {f'{event.step}: ' if event.step else ''}{event.text}", "yellow")
            case _:
                return
        self._live.refresh()

    def _row(self, step: str) -> _Row:
        return self._rows.setdefault(step, _Row(step))

    def _mark(self, step: str, key: StepKey, mark: str, style: str, detail: str | None) -> _Row:
        row = self._row(step)
        row.key, row.mark, row.style = key, mark, style
        if detail is not None:
            row.detail = detail
        return row

    def _print(self, text: str, style: str = "") -> None:
        from rich.text import Text

        self._console.print(Text(one_line(text), style=style))

    def _render(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 1))
        now = time.monotonic()
        for row in list(self._rows.values()):
            mark, took = row.mark, row.duration
            if not mark:
                mark = _SPINNER[int(now * 8) % len(_SPINNER)] if self._fancy else "*"
                took = now - row.started if row.started is not None else None
            number = str(row.key) if isinstance(row.key, int) else ""
            grid.add_row(
                Text(f" {mark}", style=row.style),
                Text(number, style=row.style),
                Text(row.name, style=row.style if row.style != "green" else ""),
                Text(one_line(row.detail) if row.detail else "", style="dim"),
                Text(duration_text(took) if took is not None else "", style="dim"),
            )
        if self._spent.calls:
            grid.add_row("", "", Text("spent", style="dim"), Text(str(self._spent), style="dim"), "")
        return grid
