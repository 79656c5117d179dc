"""The models that may answer a question, and in which order they are asked."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from attrs import define, field

from pipekit.interfaces.llm_providers import LLMProvider, Method, ModelInfo, ModelOptions
from pipekit.llm.asked_once import AskedOnce
from pipekit.llm.limits import Account
from pipekit.serde import JSON, encode

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["Candidate", "Strategy", "in_order"]

#: ``cascade``: as listed; ``cheapest-first``: by price, unknown prices last; ``round-robin``: each in turn begins.
Strategy = Literal["cascade", "cheapest-first", "round-robin"]


@define(kw_only=True, eq=False)
class Candidate:
    """One model of one provider: ``reference`` is provider/model, ``info`` what is known of it.

    ``server`` tells where it is asked, by the provider's settings: what one server says is never taken for another's.
    ``account`` is what its calls share with others, ``listed`` the names of those that its server has, and
    ``looked_up`` what it says of this one. ``model`` makes LangChain's chat model, once for each options, and
    ``held_to`` tells it a schema, once for each schema: the vendors' packages take longer over it than all else here.
    """

    reference: str
    provider_name: str
    name: str
    provider: LLMProvider
    info: ModelInfo
    account: Account
    server: str = ""
    listed: AskedOnce[list[Any]] = field(init=False, repr=False)
    looked_up: AskedOnce[ModelInfo] = field(init=False, repr=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)
    _made: dict[ModelOptions, Any] = field(factory=dict, init=False, repr=False)
    _held: dict[tuple[ModelOptions, Method, bytes], Any] = field(factory=dict, init=False, repr=False)

    @listed.default
    def _list(self) -> AskedOnce[list[Any]]:
        return AskedOnce(lambda: [info.name for info in self.provider.models()], f"models of {self.provider_name}")

    @looked_up.default
    def _look_up(self) -> AskedOnce[ModelInfo]:
        return AskedOnce(lambda: cast("Any", self.provider).look_up(self.name), f"looks up {self.reference}")

    def model(self, options: ModelOptions) -> BaseChatModel:
        """The chat model for these options; may load the vendor's client, so call it in a thread."""
        with self._lock:  # the first items of a step come at once, each in a thread of its own
            if options not in self._made:
                self._made[options] = self.provider.chat_model(self.name, options)
            made: BaseChatModel = self._made[options]
        return made

    def held_to(self, schema: JSON | None, method: Method, options: ModelOptions) -> Any:
        """What is asked: the chat model, for ``text`` as it is, else told what an answer must look like."""
        if schema is None or method == "text":
            return self.model(options)
        key = (options, method, encode(schema))
        if key not in self._held:
            own = copy.deepcopy(schema)  # clients write into what they are given
            self._held[key] = _asking(self.model(options).with_structured_output(own, method=method, include_raw=True))
        return self._held[key]

    def is_made(self, options: ModelOptions) -> bool:
        """Whether `model` costs nothing more."""
        return options in self._made

    @property
    def price(self) -> float | None:
        """US dollars for a million tokens in and a quarter of that out, the shape of most questions; None: unknown."""
        if self.info.input_price is None or self.info.output_price is None:
            return None
        return self.info.input_price + self.info.output_price / 4


def _asking(chain: Any) -> Any:
    """What asks, of LangChain's chain of asking and reading; all of it where it is made otherwise.

    Its reading takes longer than all of ours, and nobody looks at the result: a reply is kept before it is read.
    """
    from langchain_core.runnables import RunnableParallel, RunnableSequence

    first = chain.first if isinstance(chain, RunnableSequence) else None
    return first.steps__.get("raw", chain) if isinstance(first, RunnableParallel) else chain


_turns: dict[tuple[str, ...], itertools.count[int]] = {}
_turns_lock = threading.Lock()


def in_order(candidates: Sequence[Candidate], strategy: Strategy) -> list[Candidate]:
    """The candidates in the order in which this question asks them, each once."""
    once = list({one.reference: one for one in candidates}.values())
    if strategy == "cheapest-first":
        return sorted(once, key=lambda one: float("inf") if one.price is None else one.price)
    if strategy == "round-robin" and len(once) > 1:
        with _turns_lock:
            turn = next(_turns.setdefault(tuple(one.reference for one in once), itertools.count())) % len(once)
        return once[turn:] + once[:turn]
    return once
