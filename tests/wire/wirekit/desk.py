"""A vendor's server that reads what it is asked and answers it: it keeps count, and can be told to go wrong."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define, field
from jsonschema import Draft202012Validator

from wirekit.cases import Case
from wirekit.question import Question, faults_of
from wirekit.reader import answer_to
from wirekit.server import Exchange, serving
from wirekit.vendors import Said, Vendor

__all__ = ["Desk", "open_desk"]


@define(eq=False)
class Desk:
    """``received`` counts requests by what they ask, ``answered`` those whose whole answer was sent.

    ``faults`` is what was wrong with a request, or with an answer by the schema that came with it. ``trouble`` says of
    a request what goes wrong with it (None: nothing); ``holding`` whether its answer is held until ``release``.
    ``corrections`` counts requests that say what was wrong with an answer. ``window`` is what Ollama shows of a model,
    ``telling`` what is said of the tokens that an answer took.
    """

    vendor: Vendor
    secrets: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    trouble: Callable[[Question], Case | None] = lambda _: None
    holding: Callable[[Question], bool] = lambda _: False
    telling: Callable[[tuple[int, int]], tuple[int, int]] = lambda tokens: tokens
    window: int | None = None
    url: str = ""
    received: Counter[str] = field(factory=Counter)
    answered: Counter[str] = field(factory=Counter)
    held: Counter[str] = field(factory=Counter)
    names: dict[str, str] = field(factory=dict)
    tokens: list[tuple[int, int]] = field(factory=list)
    faults: list[str] = field(factory=list)
    corrections: int = 0
    release: threading.Event = field(factory=threading.Event)
    _changed: threading.Condition = field(factory=threading.Condition)

    def behave(self, exchange: Exchange) -> None:
        """Answer one request."""
        if exchange.path == "/api/show" and self.window is not None:
            exchange.send({"details": {}, "model_info": {"llama.context_length": self.window}})
            return
        if exchange.received.method == "GET" or exchange.path == "/api/show":
            exchange.send(self.vendor.listed)
            return
        question = Question.of(self.vendor.name, exchange.received)
        with self._changed:
            self.received[question.digest] += 1
            self.names[question.digest] = str(question)
            self.corrections += any(one["role"] == "assistant" for one in exchange.received.json["messages"])
            found = faults_of(self.vendor.name, exchange.received, secrets=self.secrets, spoken=self.spoken)
            self.faults += [f"{question}: {fault}" for fault in found]
        if self.holding(question):
            with self._changed:
                self.held[question.digest] += 1
                self._changed.notify_all()
            self.release.wait(60)
            exchange.hang_up()
            return
        case = self.trouble(question)
        if case is not None:
            case(self.vendor, exchange)
            return
        answer = answer_to(question)
        misfits = [error.message for error in Draft202012Validator(question.schema).iter_errors(answer)]
        text = json.dumps(answer, ensure_ascii=False)
        tokens = (len(question.system + question.user) // 4, len(text) // 4)
        with self._changed:
            self.faults += [f"{question}: the answer doesn't fit its schema: {misfit}" for misfit in misfits]
            self.answered[question.digest] += 1
            self.tokens.append(tokens)
            self._changed.notify_all()
        self.vendor.answer(exchange, Said(text=text, tokens=self.telling(tokens)))

    def wait_for(self, met: Callable[[Desk], bool]) -> None:
        """Wait until something holds of the counts; fails when it never does."""
        with self._changed:
            assert self._changed.wait_for(lambda: met(self), 45), (self.held, self.answered, self.faults)

    @property
    def usage(self) -> dict[str, Any]:
        """What was reported, summed."""
        return {
            "calls": len(self.tokens),
            "inputTokens": sum(into for into, _ in self.tokens),
            "outputTokens": sum(out for _, out in self.tokens),
        }

    def named(self, counts: Counter[str]) -> dict[str, int]:
        """Counts by what was asked, readable."""
        return {self.names[digest]: count for digest, count in sorted(counts.items())}


@contextmanager
def open_desk(vendor: Vendor, **more: Any) -> Iterator[Desk]:
    """A desk on a port of its own, closed with the block."""
    desk = Desk(vendor, **more)
    with serving(desk.behave) as server:
        desk.url = server.url
        try:
            yield desk
        finally:
            desk.release.set()
