"""A server on this machine that speaks a vendor's protocol, as far as its author writes it, and does as it is told."""

from __future__ import annotations

import abc
import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Self

from attrs import field, frozen

from pipekit.testing.loopback import Exchange, Received, WireServer, serving

__all__ = ["Answer", "Stop", "Trouble", "VendorServer"]

#: Why a model stopped: it was ``done``, cut off at its largest length, it refused, or a filter cut it off.
Stop = Literal["done", "truncated", "declined", "filtered"]


@frozen(kw_only=True)
class Answer:
    """What a model says, why it stops, and what it took in tokens. A call of a function has its arguments as text."""

    text: str = '{"title": "Book an entry time", "points": 3}'
    stop: Stop = "done"
    input_tokens: int = 11
    output_tokens: int = 7


@frozen(kw_only=True)
class Trouble:
    """An answer with an error's status, what it says, and its headers."""

    status: int
    message: str = "something is wrong"
    headers: Mapping[str, str] = field(factory=dict)


#: What the server does with a question: one of the two above, or what a function does with the request.
Behaviour = Answer | Trouble | Callable[[Exchange], None]


class VendorServer(abc.ABC):
    """Write `answer` and `error` in the vendor's form, and use it in a with block: ``with AcmeServer() as server``.

    ``too_long`` is how the vendor says that a prompt doesn't fit.
    """

    too_long: Trouble = Trouble(status=400, message="the prompt exceeds the model's context length")

    def __init__(self) -> None:
        self._behaviour: Behaviour = Answer()
        self._changed = threading.Event()
        self._stack = contextlib.ExitStack()
        self._wire: WireServer | None = None

    @abc.abstractmethod
    def answer(self, exchange: Exchange, answer: Answer) -> None:
        """Send (``exchange.send``) a model's answer; ``exchange.received`` is the question."""

    @abc.abstractmethod
    def error(self, exchange: Exchange, trouble: Trouble) -> None:
        """Send an error, with its status and headers."""

    def other(self, exchange: Exchange) -> None:
        """Answer what is no question to a model, such as which models there are."""
        self.error(exchange, Trouble(status=404, message="there is nothing here"))

    def is_question(self, request: Received) -> bool:
        """Whether a request asks a model; here, whether it is a POST."""
        return request.method == "POST"

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        assert self._wire is not None, "the server isn't started: with AcmeServer() as server"
        return self._wire.url

    @property
    def requests(self) -> Sequence[Received]:
        """All that it was sent so far."""
        return tuple(self._wire.received) if self._wire else ()

    @property
    def questions(self) -> Sequence[Received]:
        """Those that asked a model."""
        return [request for request in self.requests if self.is_question(request)]

    def will(self, behaviour: Behaviour) -> None:
        """What it does from now on. An error is what every request gets; all else is about questions."""
        self._behaviour = behaviour
        self._changed.set()
        self._changed = threading.Event()

    def say_nothing(self, exchange: Exchange) -> None:
        """A behaviour: keep the line open without a word, until another behaviour is wanted."""
        self._changed.wait(60)
        exchange.hang_up()

    def __enter__(self) -> Self:
        self._wire = self._stack.enter_context(serving(self._behave))
        return self

    def __exit__(self, *_: object) -> None:
        self._changed.set()
        self._stack.close()

    def _behave(self, exchange: Exchange) -> None:
        behaviour = self._behaviour
        if isinstance(behaviour, Trouble):
            self.error(exchange, behaviour)
        elif not self.is_question(exchange.received):
            self.other(exchange)
        elif isinstance(behaviour, Answer):
            self.answer(exchange, behaviour)
        else:
            behaviour(exchange)
