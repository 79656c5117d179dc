"""What a plugin raises is told as its own, and a stop that the user asked for is not."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

from pipekit.errors import PluginError, StateError
from pipekit.plugins.calling import calling_plugin
from pipekit.plugins.quarantine import PluginInfo

ACME = PluginInfo(name="acme", package="acme-notes", version="1.0")


class CommandStoppedError(KeyboardInterrupt):
    """A program's own way to stop."""


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def call(work: Callable[[], object]) -> None:
    with calling_plugin("the loader odd", ACME, hook="pipekit_loaders", kind="loader", hint="block it"):
        work()


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def work() -> NoReturn:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no title"), "ValueError: no title"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt: no message"),
        (UnspeakableError(), "UnspeakableError: no message"),
    ],
)
def test_whatever_the_plugin_raises_is_its_own_error(error: BaseException, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        call(raising(error))
    told = caught.value
    assert told.message == f"the loader odd of acme-notes 1.0 raised {said}"
    assert (told.code, told.kind, told.plugin, told.dist, told.version, told.hook, told.hint) == (
        9,
        "loader",
        "acme",
        "acme-notes",
        "1.0",
        "pipekit_loaders",
        "block it",
    )
    assert told.__cause__ is error


def test_an_error_of_our_family_passes_as_it_is() -> None:
    error = StateError("an artifact is missing")
    with pytest.raises(StateError) as caught:
        call(raising(error))
    assert caught.value is error


def test_a_ctrl_c_while_the_plugin_is_at_work_is_the_users() -> None:
    with pytest.raises(KeyboardInterrupt):
        call(lambda: signal.raise_signal(signal.SIGINT))


def test_a_ctrl_c_that_a_handler_turns_into_an_exception_is_the_users() -> None:
    def handler(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            call(lambda: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_programs_own_way_to_stop_passes() -> None:
    with pytest.raises(CommandStoppedError):
        call(raising(CommandStoppedError()))


def test_in_a_thread_beside_the_main_one_nobody_else_can_have_raised_it() -> None:
    caught: list[BaseException] = []

    def work() -> None:
        try:
            call(lambda: signal.default_int_handler(2, None))
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(error) for error in caught] == [PluginError]
