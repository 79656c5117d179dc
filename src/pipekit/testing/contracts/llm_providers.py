"""What every provider of models must do, however its vendor's client behaves."""

from __future__ import annotations

import asyncio
import json
import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Literal, get_args

import pytest

from pipekit.errors import PipekitError
from pipekit.interfaces import LLMProvider, ModelInfo, ModelOptions
from pipekit.interfaces.llm_providers import FailureKind, Method
from pipekit.testing.contracts.asking import ask, ask_now, candidate_of
from pipekit.testing.contracts.contract import Contract
from pipekit.testing.contracts.isolation import loaded_by_importing, watch_network, without_packages
from pipekit.testing.loopback import Exchange, Received, serving
from pipekit.testing.vendors import Answer, Trouble, VendorServer

__all__ = ["ABILITIES", "Ability", "LLMProviderContract"]

#: What a provider may lack. ``chat``: it hands over models at all; ``temperature``, ``max_tokens``, ``timeout``: the
#: model honours that option; ``usage``: it tells the tokens; ``truncated``, ``declined``, ``filtered``: the vendor has
#: a word for such an answer; ``retry-after``: it says how long to wait; ``too-long``: it says that a prompt doesn't
#: fit; ``not-found``: it says that there is no such model; ``models``: it lists what can be had.
Ability = Literal[
    "chat",
    "temperature",
    "max_tokens",
    "timeout",
    "usage",
    "truncated",
    "declined",
    "filtered",
    "retry-after",
    "too-long",
    "not-found",
    "models",
]
ABILITIES: frozenset[Ability] = frozenset(get_args(Ability))

_ANSWER = Answer()
_PROXIES = [form for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for form in (name, name.lower())]
#: What is heavy, and of no use before a model is asked.
_LATE = ("langchain_core", "pydantic", "httpx", "httpx2", "requests", "aiohttp", "numpy", "torch")
#: Seconds after which a model with a time limit of half a second has none.
_MOST_PATIENCE = 10.0


class LLMProviderContract(Contract):
    """Subclass it as ``TestAcmeProvider`` and write the fixture ``provider``; with ``server`` far more is tested.

    ``model`` is a name that the provider knows. ``secrets`` are the environment variables that it needs; they hold an
    invented key in each test. ``vendor`` are the packages that it wraps. ``abilities`` are all, but for those that are
    taken away: ``abilities = ABILITIES - {"filtered"}``.
    """

    model: ClassVar[str] = ""
    secrets: ClassVar[Sequence[str]] = ()
    vendor: ClassVar[Sequence[str]] = ()
    abilities: ClassVar[frozenset[Ability]] = ABILITIES

    # --- what an author writes ---------------------------------------------------------------------------------------

    @pytest.fixture
    def provider(self) -> LLMProvider:
        """The provider; made anew for each test, and of the address of ``server`` where there is one."""
        pytest.fail(f"{type(self).__name__} needs a fixture `provider` that returns the provider to test")

    @pytest.fixture
    def server(self) -> VendorServer | None:
        """A running `VendorServer` that ``provider`` asks; None leaves out the tests that need one."""
        return None

    # --- what the tests use ------------------------------------------------------------------------------------------

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in _PROXIES:
            monkeypatch.delenv(name, raising=False)
        for name in self.secrets:
            monkeypatch.setenv(name, self._key(name))

    def _asked(self, server: VendorServer | None) -> VendorServer:
        """The server, for a test that needs one; the report tells in one line of all that are left out."""
        self._needs("chat")
        if server is None:
            pytest.skip("needs the fixture `server`, which isn't written")
        return server

    def _needs(self, ability: Ability) -> None:
        if ability not in self.abilities:
            pytest.skip(f"the ability {ability} isn't declared")

    def _key(self, name: str) -> str:
        return f"canary-0123456789-{name.lower()}"

    def _repeats_a_key(self, text: str) -> bool:
        return any(self._key(name) in text for name in self.secrets)

    def _is_known(self, provider: LLMProvider, error: Exception, kind: FailureKind) -> None:
        failure = provider.failure(error)
        assert failure is not None, f"failure() gives None for {error!r}"
        assert failure.kind == kind

    # --- what is declared --------------------------------------------------------------------------------------------

    def test_what_the_class_declares_makes_sense(self) -> None:
        """Abilities are ones that there are, and a provider of models names one of them."""
        assert self.abilities <= ABILITIES, f"there is no ability {sorted(self.abilities - ABILITIES)}"
        assert self.model or "chat" not in self.abilities, 'name a model to ask: model = "…"'
        assert not isinstance(self.vendor, str), "vendor is a sequence of packages, not one text"

    def test_it_is_a_provider(self, provider: LLMProvider) -> None:
        """It has what the protocol asks for."""
        assert isinstance(provider, LLMProvider)

    # --- secrets -----------------------------------------------------------------------------------------------------

    def test_secrets_are_names_of_variables(self, provider: LLMProvider) -> None:
        """The plan looks these up, and tells the user which one is missing: names, never values."""
        secrets = provider.secrets
        assert not isinstance(secrets, str), "secrets is a sequence of names, not one text"
        assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in secrets), (
            "secrets holds something else than names of environment variables"
        )
        assert sorted(secrets) == sorted(self.secrets), "secrets aren't those that the test class declares"

    def test_secrets_are_told_without_the_vendor(self, provider: LLMProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        """A plan is made where the vendor's package may be slow to load, or broken."""
        with monkeypatch.context() as patch:
            without_packages(patch, (*_LATE, *self.vendor))
            tuple(provider.secrets)

    def test_importing_the_provider_loads_no_vendor(self, provider: LLMProvider) -> None:
        """An installed plugin costs nothing until one of its models is asked."""
        loaded = loaded_by_importing(type(provider))
        assert not loaded & {*_LATE, *self.vendor}, "import these inside the methods that need them"

    def test_a_missing_key_is_told(self, provider: LLMProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        """Making a model without its key works, or fails in words: with a `PipekitError`, or one known to failure()."""
        self._needs("chat")
        for name in self.secrets:
            monkeypatch.delenv(name)
        try:
            provider.chat_model(self.model, ModelOptions())
        except PipekitError:
            return
        except Exception as error:  # noqa: BLE001 - which one, failure() tells
            self._is_known(provider, error, "auth")

    def test_no_representation_holds_a_key(self, provider: LLMProvider) -> None:
        """Whatever prints a provider or a model may end in a log."""
        shown = [repr(provider), str(provider), repr(provider.describe(self.model))]
        if "chat" in self.abilities:
            model = provider.chat_model(self.model, ModelOptions())
            shown += [repr(model), str(model)]
        assert not any(self._repeats_a_key(text) for text in shown), "a key stands in a repr() or str()"

    @pytest.mark.parametrize("status", [400, 401, 429, 500])
    def test_an_error_repeats_no_key(self, provider: LLMProvider, server: VendorServer | None, status: int) -> None:
        """Some servers repeat the key that they refuse; the message goes to a terminal and into records."""
        asked = self._asked(server)
        asked.will(Trouble(status=status, message=f"no: {' '.join(map(self._key, self.secrets))}"))
        outcome = ask_now(candidate_of(provider, self.model))
        assert not self._repeats_a_key(outcome.message), "the message of a failure holds a key"

    def test_no_address_holds_a_key(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Addresses are written down by servers and proxies."""
        asked = self._asked(server)
        ask_now(candidate_of(provider, self.model))
        assert not any(self._repeats_a_key(request.path) for request in asked.requests), "a key is part of an address"

    # --- what is known of models -------------------------------------------------------------------------------------

    def test_describe_asks_no_network(
        self, provider: LLMProvider, server: VendorServer | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is called before anybody decided to ask that vendor."""
        with monkeypatch.context() as patch:
            tried = watch_network(patch)
            provider.describe(self.model)
            with suppress(Exception):
                provider.describe("a-model-that-nobody-knows")
        assert not tried, "describe() reached for the network"
        assert server is None or not server.requests

    def test_what_is_known_of_a_model_makes_sense(self, provider: LLMProvider) -> None:
        """The window bounds prompts, prices sort models, and the first method is the one that is used."""
        info = provider.describe(self.model)
        self._check(info)
        assert info.name == self.model or not self.model, "the name is the one that was asked for"
        assert provider.describe(self.model) == info, "it says the same each time"

    def test_an_unknown_model_is_described_too(self, provider: LLMProvider) -> None:
        """Whether there is such a model only the vendor knows; new ones come every month."""
        self._check(provider.describe("a-model-that-nobody-knows"))

    def test_models_that_can_be_had(self, provider: LLMProvider) -> None:
        """``pipekit models`` shows each once."""
        self._needs("models")
        found = provider.models()
        assert found, "there are none"
        for info in found:
            self._check(info)
        names = [info.name for info in found]
        assert len(set(names)) == len(names), "a model is listed twice"

    def test_a_list_that_is_refused_is_a_failure(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """``pipekit models`` says why in one line."""
        asked = self._asked(server)
        self._needs("models")
        asked.will(Trouble(status=401, message="who are you?"))
        try:
            provider.models()
        except PipekitError:
            return
        except Exception as error:  # noqa: BLE001 - which one, failure() tells
            self._is_known(provider, error, "auth")
        else:
            assert not asked.requests, "models() takes a refusal for a list"

    def _check(self, info: ModelInfo) -> None:
        assert isinstance(info, ModelInfo)
        assert isinstance(info.name, str)
        assert info.name, "a model has a name"
        assert info.window is None or (type(info.window) is int and info.window > 0), "a window is a number above zero"
        assert isinstance(info.methods, tuple)
        assert set(info.methods) <= set(get_args(Method)), "there is no such method"
        assert len(set(info.methods)) == len(info.methods), "a method is there twice"
        assert info.methods or "chat" not in self.abilities, 'a model that can be asked has a method, at least "text"'
        for price in (info.input_price, info.output_price):
            assert price is None or (math.isfinite(price) and price >= 0), (
                "a price is not below zero, or unknown (None)"
            )

    # --- asking ------------------------------------------------------------------------------------------------------

    def test_it_hands_over_a_chat_model_of_langchain(self, provider: LLMProvider) -> None:
        """One that hands over none says so with a `PipekitError`."""
        from langchain_core.language_models import BaseChatModel

        if "chat" in self.abilities:
            assert isinstance(provider.chat_model(self.model, ModelOptions()), BaseChatModel)
        else:
            with pytest.raises(PipekitError):
                provider.chat_model(self.model, ModelOptions())

    def test_each_method_gives_the_answer(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Those that describe() tells, with one request each."""
        asked = self._asked(server)
        for number, method in enumerate(provider.describe(self.model).methods, 1):
            outcome = ask_now(candidate_of(provider, self.model, method))
            assert outcome.problem is None, f"{method}: {outcome.problem} {outcome.message}"
            assert json.loads(outcome.text) == json.loads(_ANSWER.text), f"{method} gives other words than the model's"
            assert len(asked.questions) == number, f"{method} takes more than one request"

    def test_the_temperature_is_honoured(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """It stands in the request; left out, it doesn't."""
        asked = self._asked(server)
        self._needs("temperature")
        ask_now(candidate_of(provider, self.model), temperature=0.3125)
        assert _says(asked.questions[-1], 0.3125), "the temperature isn't sent"
        ask_now(candidate_of(provider, self.model))
        assert not _says(asked.questions[-1], 0.3125), "a temperature is sent that nobody asked for"

    def test_the_largest_length_of_an_answer_is_honoured(
        self, provider: LLMProvider, server: VendorServer | None
    ) -> None:
        """It stands in the request."""
        asked = self._asked(server)
        self._needs("max_tokens")
        ask_now(candidate_of(provider, self.model), max_tokens=317)
        assert _says(asked.questions[-1], 317), "max_tokens isn't sent"

    def test_the_time_limit_is_honoured(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """The client itself gives up on a server that says nothing: a run that waits would keep its thread."""
        asked = self._asked(server)
        self._needs("timeout")
        asked.will(asked.say_nothing)
        model = provider.chat_model(self.model, ModelOptions(timeout=0.5))

        async def go() -> None:
            with suppress(asyncio.CancelledError):
                asking = asyncio.ensure_future(model.ainvoke("hello"))
                done, _ = await asyncio.wait([asking], timeout=_MOST_PATIENCE)
                if not done:
                    asked.will(_ANSWER)
                    asking.cancel()
                    pytest.fail("the client goes on waiting after its time limit")
                await asking

        with pytest.raises(Exception) as caught:  # noqa: PT011 - which error, failure() tells
            asyncio.run(go())
        self._is_known(provider, caught.value, "timeout")

    def test_two_models_keep_their_own_options(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Steps with different options share a provider; neither sees the other's."""
        asked = self._asked(server)
        options: list[Mapping[str, Any]] = [{}, {}]
        for name, numbers in (("temperature", (0.3125, 0.6875)), ("max_tokens", (317, 631))):
            if name in self.abilities:
                options = [{**given, name: number} for given, number in zip(options, numbers, strict=True)]
        models = [candidate_of(provider, self.model), candidate_of(provider, self.model)]
        for one, given in zip(models, options, strict=True):
            one.model(ModelOptions(timeout=30.0, **given))
        for this, other in ((0, 1), (1, 0), (0, 1)):
            ask_now(models[this], **options[this])
            request = asked.questions[-1]
            assert all(_says(request, number) for number in options[this].values()), "a model lost its options"
            assert not any(_says(request, number) for number in options[other].values()), "it has another model's"

    def test_one_model_answers_in_several_event_loops(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Each run has a loop of its own, one after the other and several at once; models outlive them."""
        asked = self._asked(server)
        asked.will(lambda exchange: asked.answer(exchange, Answer(text=_token(exchange.received))))
        model = candidate_of(provider, self.model, "text")
        model.model(ModelOptions(timeout=30.0))
        wrong: list[str] = []

        async def several(run: int) -> None:
            questions = [f"question-{run}-{number}" for number in range(4)]
            for question, outcome in zip(
                questions,
                await asyncio.gather(*(ask(model, one, ModelOptions(timeout=30.0)) for one in questions)),
                strict=True,
            ):
                if outcome.text != question:
                    wrong.append(f"{question} got {outcome}")

        def run(number: int) -> None:
            try:
                asyncio.run(several(number))
            except BaseException as error:  # noqa: BLE001 - pytest.fail is none of Exception; told below
                wrong.append(repr(error))

        run(1)
        run(2)
        threads = [threading.Thread(target=run, args=(number,)) for number in (3, 4, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not wrong

    # --- answers that are no success ---------------------------------------------------------------------------------

    def test_the_tokens_are_told(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """They are added up for the run, and checked against its budget."""
        self._asked(server)
        self._needs("usage")
        usage = ask_now(candidate_of(provider, self.model)).usage
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (_ANSWER.input_tokens, _ANSWER.output_tokens)

    @pytest.mark.parametrize("stop", ["truncated", "declined", "filtered"])
    def test_an_answer_that_is_no_success_is_seen_as_such(
        self, provider: LLMProvider, server: VendorServer | None, stop: Literal["truncated", "declined", "filtered"]
    ) -> None:
        """With every method: half an answer reads like a whole one, so the reason to stop has to come through."""
        asked = self._asked(server)
        self._needs(stop)
        text = {"truncated": '{"title": "Book an en', "declined": "I can't help with that.", "filtered": ""}[stop]
        asked.will(Answer(text=text, stop=stop))
        for method in provider.describe(self.model).methods:
            outcome = ask_now(candidate_of(provider, self.model, method))
            assert outcome.problem == stop, f"{method}: taken for {outcome.problem or 'a success'}"

    def test_an_empty_answer_is_no_success(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Nothing is not an answer."""
        asked = self._asked(server)
        asked.will(Answer(text=""))
        outcome = ask_now(candidate_of(provider, self.model, "text"))
        assert outcome.problem is not None, f"an empty answer became {outcome.text!r}"

    # --- failures ----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("status", "kind"), [(400, "refused"), (401, "auth"), (404, "not-found"), (429, "rate"), (500, "server")]
    )
    def test_an_error_of_the_server_has_its_kind(
        self, provider: LLMProvider, server: VendorServer | None, status: int, kind: FailureKind
    ) -> None:
        """The kind decides whether it is tried again, and whether the next model is asked."""
        asked = self._asked(server)
        if kind == "not-found":
            self._needs("not-found")
        asked.will(Trouble(status=status, message="no such thing"))
        outcome = ask_now(candidate_of(provider, self.model))
        assert outcome.problem == kind
        assert outcome.message.strip(), "a failure says what is wrong"

    @pytest.mark.parametrize("status", [429, 500])
    def test_the_client_tries_nothing_again(
        self, provider: LLMProvider, server: VendorServer | None, status: int
    ) -> None:
        """The model service owns all retries; a client's own would multiply them, and wait in silence."""
        asked = self._asked(server)
        asked.will(Trouble(status=status, headers={"retry-after": "0"}))
        ask_now(candidate_of(provider, self.model))
        assert len(asked.questions) == 1, "the client's own retries are on"

    @pytest.mark.parametrize("method", ["first", "text"])
    def test_how_long_the_server_asks_to_wait(
        self, provider: LLMProvider, server: VendorServer | None, method: str
    ) -> None:
        """The seconds of Retry-After."""
        asked = self._asked(server)
        self._needs("retry-after")
        asked.will(Trouble(status=429, message="slow down", headers={"retry-after": "7"}))
        outcome = ask_now(candidate_of(provider, self.model, "text" if method == "text" else None))
        assert outcome.retry_after == pytest.approx(7.0)

    @pytest.mark.parametrize("words", ["soon", "-5", "inf", "1e400", ""])
    def test_a_wait_that_makes_no_sense_is_none(
        self, provider: LLMProvider, server: VendorServer | None, words: str
    ) -> None:
        """Whatever a server writes there, the failure is known and the wait a number."""
        asked = self._asked(server)
        asked.will(Trouble(status=429, message="slow down", headers={"retry-after": words}))
        outcome = ask_now(candidate_of(provider, self.model))
        assert outcome.problem == "rate"
        wait = outcome.retry_after
        assert wait is None or (math.isfinite(wait) and wait >= 0)

    def test_a_prompt_that_does_not_fit_is_told(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Another model may have room for it."""
        asked = self._asked(server)
        self._needs("too-long")
        asked.will(asked.too_long)
        assert ask_now(candidate_of(provider, self.model)).problem == "too-long"

    def test_a_line_that_breaks_is_a_failure(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Before an answer and in its middle: one that may be gone a moment later."""
        asked = self._asked(server)
        for behaviour in (_hang_up, _half):
            asked.will(behaviour)
            assert ask_now(candidate_of(provider, self.model)).problem in ("connection", "server", "timeout")

    @pytest.mark.parametrize("body", ["", "{}", "[1, 2]", '"hello"', '{"a": ', "<html>502</html>", "\ufffd"])
    def test_an_answer_that_nobody_can_read_is_no_success(
        self, provider: LLMProvider, server: VendorServer | None, body: str
    ) -> None:
        """Servers and what stands before them say 200 to anything; it is a failure of theirs, not of the provider."""
        asked = self._asked(server)
        asked.will(lambda exchange: exchange.send(body))
        outcome = ask_now(candidate_of(provider, self.model, "text"))
        assert outcome.problem in ("server", "connection", "empty"), f"taken for {outcome}"

    def test_no_prompt_follows_a_redirect(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """A prompt holds what people said in a meeting: it goes to the server that was configured, and to no other."""
        asked = self._asked(server)
        with serving(lambda exchange: exchange.send({})) as stranger:
            for status in (302, 307, 308):
                headers = {"location": stranger.url + "/elsewhere"}
                asked.will(_redirect(status, headers))
                outcome = ask_now(candidate_of(provider, self.model))
                assert outcome.problem is not None, f"{status} is taken for a success"
                assert not stranger.received, f"{status} took the request to another server"

    def test_an_error_of_somebody_else_is_nobodys(self, provider: LLMProvider) -> None:
        """None tells that the provider or pipekit has a bug, which no retry mends."""
        for error in (KeyError("choices"), RuntimeError("a bug"), ZeroDivisionError(), ValueError("no such schema")):
            assert provider.failure(error) is None, f"{error!r} is taken for the vendor's"

    def test_no_error_makes_failure_raise(self, provider: LLMProvider) -> None:
        """It is asked about any error there is."""
        odd: list[Exception] = [_OddError(), _OddError("ü" * 10_000), ExceptionGroup("several", [ValueError()])]
        circle = RuntimeError("a circle")
        circle.__cause__ = KeyError("x")
        circle.__cause__.__cause__ = circle
        for error in (*odd, circle, OSError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), StopIteration()):
            found = provider.failure(error)
            assert found is None or found.kind in get_args(FailureKind)


class _OddError(Exception):
    """Looks like an error of HTTP from afar."""

    response = None
    status_code = "none"
    code = None
    headers = None
    body = None

    def __str__(self) -> str:
        return ""


def _says(request: Received, number: float) -> bool:
    """Whether a number stands in the body of a request, under whatever name."""
    try:
        return any(type(leaf) in (int, float) and leaf == number for leaf in _leaves(request.json))
    except ValueError:
        return str(number).encode() in request.body


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


def _token(request: Received) -> str:
    """The question's own word, which the model repeats."""
    found = re.search(rb"question-\d+-\d+", request.body)
    return found.group().decode() if found else "no question"


def _hang_up(exchange: Exchange) -> None:
    exchange.hang_up()


def _half(exchange: Exchange) -> None:
    exchange.begin(200, {"content-type": "application/json", "content-length": "1000"})
    exchange.wfile.write(b'{"id": "1", ')
    exchange.hang_up()


def _redirect(status: int, headers: Mapping[str, str]) -> Any:
    return lambda exchange: exchange.send({}, status, headers)
