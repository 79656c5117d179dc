"""What listeners are told, and what they can't do to a run."""

from __future__ import annotations

import logging
import typing

import attrs
import pytest

from pipekit import events
from pipekit.engine import bus
from pipekit.engine.bus import Bus
from pipekit.events import Event, ItemFailed, WarningGiven

KEY = "k3y-of-acme-0815"
#: Texts that are no prose: names, ids, digests, paths.
NAMES = {"run_id", "input_file", "step", "next_step", "from_step", "key", "item", "model", "task", "path", "sha256"}


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_whatever_a_listener_raises_is_logged_and_the_next_one_is_told(
    raised: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Event] = []

    def broken(event: Event) -> None:
        raise raised("no more of this")

    with caplog.at_level(logging.WARNING, "pipekit.events"):
        Bus("run", [broken, told.append]).warn("something")

    assert [type(event) for event in told] == [WarningGiven]
    assert "no more of this" in caplog.text


def test_listeners_and_the_log_are_told_no_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    told: list[Event] = []

    def broken(event: Event) -> None:
        raise RuntimeError(f"can't send with {KEY}")

    one = Bus("run", [told.append, broken])
    one.emit(ItemFailed, step="s", item="i", error=f"401 for {KEY}")
    one.warn(f"asked with {KEY}")

    assert KEY not in repr(told) + repr(one.warnings) + caplog.text
    assert "401 for ***" in repr(told)


@pytest.mark.parametrize("name", events.__all__)
def test_every_free_text_of_an_event_is_masked(name: str) -> None:
    cls = getattr(events, name)
    hints = typing.get_type_hints(cls)
    texts = {field.name for field in attrs.fields(cls) if hints[field.name] in (str, str | None)}
    assert texts <= NAMES | bus._TEXTS
