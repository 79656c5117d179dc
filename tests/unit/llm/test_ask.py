"""Models are asked in turn with the rendered prompt, and an answer is checked before a step sees it."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from attrs import evolve, field, frozen, validators
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda

from pipekit.errors import PipekitError, PluginError, ProviderError, StepError, StorageError
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure
from pipekit.interfaces.llm_providers import FailureKind
from pipekit.llm.ask import Asking, ModelService
from pipekit.llm.asked import Asked
from pipekit.llm.candidates import Candidate, Strategy
from pipekit.llm.limits import Account, Limits
from pipekit.llm.near_names import near_names
from pipekit.llm.providers.offline import OfflineProvider
from pipekit.llm.replies import Reply
from pipekit.llm.retrying import RETRIED, STOPPING, RetryPolicy
from pipekit.llm.windows import find_window
from pipekit.serde import JSON
from pipekit.state.ledger import Charge
from pipekit.state.record import Usage
from pipekit.testing import ScriptedProvider
from pipekit.testing.fakes import Outcome, ScriptedError

KINDS = ("timeout", "connection", "rate", "quota", "server", "auth", "refused", "not-found", "too-long")
GOOD = '{"isGood": true, "reasonGiven": "it is"}'


@frozen
class Verdict:
    """A verdict."""

    is_good: bool
    reason_given: str
    points: int = field(default=1, validator=[validators.ge(0), validators.le(100)])


class FakeClock:
    """Time passes only by waiting."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class Told:
    """Everything that was told of attempts."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.events: list[tuple[str, str]] = []
        self.begun_at: list[float] = []
        self.usages: list[Usage] = []
        self.answers: list[str] = []
        self.prompts: dict[str, str] = {}

    def started(self, model: str, task: str) -> None:
        self.events.append(("started", model))
        self.begun_at.append(self.clock.now())

    def retried(self, model: str, reason: str, wait: float) -> None:
        self.events.append(("retried", model))

    def failed(self, model: str, reason: str) -> None:
        self.events.append(("failed", model))

    def finished(self, model: str, usage: Usage) -> None:
        self.events.append(("finished", model))

    def counted(self, usage: Usage) -> None:
        self.usages.append(usage)

    def answered(self, model: str) -> None:
        self.answers.append(model)

    def prompted(self, task: str, digest: str) -> None:
        self.prompts[task] = digest


class Kept:
    """Replies that are kept for a run."""

    def __init__(self) -> None:
        self.replies: dict[str, JSON] = {}
        self.charges: list[Charge] = []

    def find_reply(self, key: str) -> JSON:
        return self.replies.get(key)

    async def keep_reply(
        self, key: str, value: JSON, charges: Sequence[Charge] = (), kept: Callable[[], None] = lambda: None
    ) -> None:
        self.replies[key] = value
        self.charges.extend(charges)
        kept()

    async def keep_charge(self, charge: Charge) -> None:
        self.charges.append(charge)


class Door:
    """Providers, what they were asked, and one question to put to them."""

    def __init__(self, folder: Path, providers: Mapping[str, ScriptedProvider], **settings: Any) -> None:
        (folder / "judge.md").write_text("# System\nYou judge.\n# User\nJudge {{ text }}")
        self.clock, self.kept = FakeClock(), Kept()
        self.told = Told(self.clock)
        limits = Limits(per_minute=settings.pop("per_minute", None))
        self.providers = providers
        self.options = settings.pop("options", ModelOptions())
        self.asking = Asking(candidate_of=self.candidate, clock=self.clock, chance=random.Random(1), **settings)
        self.folder = folder
        self.accounts = {name: Account(limits, self.clock) for name in providers}

    def candidate(self, reference: str) -> Candidate:
        name, _, model = reference.partition("/")
        provider = self.providers[name]
        return Candidate(
            reference=reference,
            provider_name=name,
            name=model,
            provider=provider,
            info=provider.describe(model),
            account=self.accounts[name],
        )

    def ask(self, *models: str, text: str = "a </text> b", returns: type[Any] = Verdict) -> Any:
        service = ModelService(
            self.asking,
            models or [f"{name}/m" for name in self.providers],
            self.options,
            prompt_folders=[self.folder],
            tell=self.told,
            replies=self.kept,
        )
        return asyncio.run(service.ask("judge", returns=returns, text=text))

    def calls(self, name: str) -> int:
        return len(self.providers[name].model().asked)


def door(folder: Path, *script: Outcome, **settings: Any) -> Door:
    return Door(folder, {"a": ScriptedProvider(*script)}, **settings)


def failing(kind: Any, retry_after: float | None = None) -> ScriptedError:
    return ScriptedError(ProviderFailure(kind=kind, message=f"it is {kind}", retry_after=retry_after))


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [GOOD, f"Here:\n```json\n{GOOD}\n```\nDone.", f"<think>hm</think>{GOOD[:-1]},}}"])
def test_a_valid_answer_becomes_a_value(tmp_path: Path, reply: str) -> None:
    assert door(tmp_path, reply).ask() == Verdict(True, "it is")


def test_a_model_gets_instructions_and_data_apart(tmp_path: Path) -> None:
    asked = door(tmp_path, GOOD)
    asked.ask()
    system, user = asked.providers["a"].model().asked[0]
    assert (system.type, system.text) == ("system", "You judge.")
    assert "a </text> b" in user.text
    assert '"additionalProperties":false' in user.text
    assert '"maximum":100' in user.text
    assert set(asked.told.prompts) == {"judge"}


def test_a_shape_is_asked_for_by_the_best_way_a_model_has(tmp_path: Path) -> None:
    info = ModelInfo(name="m", methods=("function_calling", "text"))
    call = AIMessage("", tool_calls=[{"name": "Verdict", "args": {"isGood": False, "reasonGiven": "no"}, "id": "1"}])
    asked = Door(tmp_path, {"a": ScriptedProvider(call, info=info)})
    assert not asked.ask().is_good
    assert asked.providers["a"].model().methods == ["function_calling"]
    assert "schema" not in asked.providers["a"].model().asked[0][-1].text


def test_an_answer_that_does_not_fit_is_sent_back_once_with_all_that_is_wrong(tmp_path: Path) -> None:
    asked = door(tmp_path, '{"isGood": "yes", "points": 900}', GOOD)
    assert asked.ask().is_good
    complaint = asked.providers["a"].model().asked[1][-1].text
    assert "expected true or false" in complaint
    assert "reasonGiven" in complaint
    assert [usage.calls for usage in asked.told.usages] == [1, 1]


def test_the_same_mistake_twice_is_the_end(tmp_path: Path) -> None:
    asked = door(tmp_path, '{"isGood": "yes"}', repairs=5)
    with pytest.raises(StepError) as caught:
        asked.ask()
    assert caught.value.kind == "schema"
    assert asked.calls("a") == 2


@pytest.mark.parametrize("reply", ["no JSON", '{"isGood": "true", "reasonGiven": ""}', f"{GOOD}\n{GOOD}", GOOD[:-4]])
def test_answers_that_do_not_fit_are_an_error_and_their_words_are_kept(tmp_path: Path, reply: str) -> None:
    asked = door(tmp_path, reply)
    with pytest.raises(StepError, match="no answer to judge: a/m: its answer doesn't fit"):
        asked.ask()
    assert {kept["text"] for kept in asked.kept.replies.values()} == {reply}
    assert all(kept["isSetAside"] for kept in asked.kept.replies.values())


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        ({"finish_reason": "length"}, "truncated"),
        ({"stop_reason": "max_tokens"}, "truncated"),
        ({"done_reason": "length"}, "truncated"),
        ({"finish_reason": "content_filter"}, "filtered"),
        ({"stop_reason": "refusal"}, "declined"),
    ],
)
def test_an_answer_that_stopped_for_another_reason_is_never_a_success(
    tmp_path: Path, about: dict[str, Any], kind: str
) -> None:
    asked = door(tmp_path, AIMessage(GOOD, response_metadata=about))
    with pytest.raises(StepError) as caught:
        asked.ask()
    assert caught.value.kind == kind
    assert asked.calls("a") == 1


def test_a_secret_in_an_answer_is_neither_kept_nor_read_but_the_words_of_the_question_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "ACME_API_KEY": "key-of-acme-0815",
        "PGPASSWORD": "postgres",
        "OTHER_KEY": "reasonGiven",
    }.items():
        monkeypatch.setenv(name, value)
    asked = door(tmp_path, '{"isGood": true, "reasonGiven": "postgres, by key-of-acme-0815"}')

    assert asked.ask(text="We move to postgres.").reason_given == "postgres, by ***"

    (kept,) = asked.kept.replies.values()
    assert kept["text"] == '{"isGood": true, "reasonGiven": "postgres, by ***"}'


def test_an_empty_answer_is_asked_for_once_more(tmp_path: Path) -> None:
    asked = door(tmp_path, "", GOOD)
    assert asked.ask().is_good
    twice = door(tmp_path, "", policy=RetryPolicy(attempts=9))
    with pytest.raises(StepError) as caught:
        twice.ask()
    assert (caught.value.kind, twice.calls("a")) == ("empty", 2)


def test_text_is_an_answer_too(tmp_path: Path) -> None:
    assert door(tmp_path, "<think>so</think> yes ").ask(returns=str) == "yes"


def test_every_empty_answer_is_counted_the_last_one_too(tmp_path: Path) -> None:
    asked = door(tmp_path, AIMessage("", usage_metadata={"input_tokens": 9, "output_tokens": 0, "total_tokens": 9}))
    with pytest.raises(StepError):
        asked.ask()
    assert [usage.input_tokens for usage in asked.told.usages] == [9, 9]


def test_an_answer_is_not_sent_back_once_the_time_is_over(tmp_path: Path) -> None:
    asked = door(tmp_path, policy=RetryPolicy(total=50))

    def slow(_: object) -> str:
        asked.clock.time += 60
        return "no JSON"

    asked.providers["a"].model()._script = [slow]
    with pytest.raises(StepError):
        asked.ask()
    assert asked.calls("a") == 1


@pytest.mark.parametrize("pause", [49.0, 50.0, 80.0])
def test_no_call_begins_after_the_time_is_over_also_when_its_account_must_cool_down(
    tmp_path: Path, pause: float
) -> None:
    asked = Door(tmp_path, {"a": ScriptedProvider(GOOD), "b": ScriptedProvider(GOOD)}, policy=RetryPolicy(total=50))
    asked.accounts["a"].cool_down(pause)
    asked.ask()
    in_time = pause < 50
    assert (asked.calls("a"), asked.calls("b")) == ((1, 0) if in_time else (0, 1))
    assert [model for what, model in asked.told.events if what == "started"] == ["a/m" if in_time else "b/m"]
    assert asked.clock.time < 50


def test_when_every_account_cools_down_too_long_the_error_says_so(tmp_path: Path) -> None:
    asked = door(tmp_path, GOOD, policy=RetryPolicy(total=50))
    asked.accounts["a"].cool_down(1000)
    with pytest.raises(ProviderError, match="its account's turn comes after the time is over") as caught:
        asked.ask()
    assert (caught.value.kind, asked.calls("a"), asked.clock.time) == ("rate", 0, 0)


def test_an_answer_that_the_client_raised_for_is_kept_and_counted_like_any_other(tmp_path: Path) -> None:
    usage: Any = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    half = AIMessage('{"isGood": tr', usage_metadata=usage)
    cut_off = ScriptedError(ProviderFailure(kind="truncated", message="it was cut off", answer=half))
    asked = door(tmp_path, cut_off)
    with pytest.raises(StepError) as caught:
        asked.ask()
    assert (caught.value.kind, asked.calls("a")) == ("truncated", 1)
    assert [used.total_tokens for used in asked.told.usages] == [18]
    assert [(kept["text"], kept["problem"]) for kept in asked.kept.replies.values()] == [(half.text, "truncated")]


# --- replies are paid for once ---------------------------------------------------------------------------------------


def test_a_kept_reply_is_not_asked_for_again_whatever_the_time_limit(tmp_path: Path) -> None:
    first = door(tmp_path, GOOD)
    first.ask()
    again = door(tmp_path, failing("server"), options=ModelOptions(timeout=9, max_tokens=77))
    again.kept = first.kept
    assert again.ask().is_good
    assert again.calls("a") == 0
    assert again.told.events == []
    assert [usage.input_tokens for usage in again.told.usages] == [10]


def test_a_reply_is_kept_before_it_is_read(tmp_path: Path) -> None:
    asked = door(tmp_path, "nonsense", repairs=0)
    with pytest.raises(StepError):
        asked.ask()
    assert [kept["text"] for kept in asked.kept.replies.values()] == ["nonsense"]


class FullDisk:
    """A recording that can't be written any more."""

    def find(self, asked: Asked) -> Reply | None:
        return None

    def keep(self, asked: Asked, reply: Reply) -> None:
        raise StorageError("no space left")


def test_a_recording_that_fails_loses_no_reply_that_was_paid_for(tmp_path: Path) -> None:
    asked = door(tmp_path, GOOD, archives=[FullDisk()])
    with pytest.raises(StorageError):
        asked.ask()
    again = door(tmp_path, failing("server"), archives=[FullDisk()])
    again.kept = asked.kept
    assert again.ask().is_good
    assert again.calls("a") == 0


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_pass_is_tried_again_and_nothing_else(tmp_path: Path, kind: str) -> None:
    asked = door(tmp_path, failing(kind), policy=RetryPolicy(attempts=3))
    with pytest.raises(ProviderError) as caught:
        asked.ask()
    assert caught.value.kind == kind
    assert caught.value.hint
    assert asked.calls("a") == (3 if kind in RETRIED else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_model_is_asked_unless_the_key_is_wrong(tmp_path: Path, kind: str) -> None:
    asked = Door(tmp_path, {"a": ScriptedProvider(failing(kind), secrets=["A_KEY"]), "b": ScriptedProvider(GOOD)})
    if kind in STOPPING:
        with pytest.raises(ProviderError, match="A_KEY") as caught:
            asked.ask()
        assert (caught.value.kind, caught.value.variable, caught.value.provider) == ("auth", "A_KEY", "a")
        assert asked.calls("b") == 0
    else:
        assert asked.ask().is_good
        assert asked.calls("b") == 1
        assert asked.told.answers == ["b/m"]


def test_a_wait_that_is_too_long_to_be_waited_for_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="it is rate; it asks to wait 60 minutes"):
        door(tmp_path, failing("rate", 3600.0)).ask()
    with pytest.raises(ProviderError, match="it is rate$"):
        door(tmp_path, failing("rate", 1.0)).ask()


def test_a_server_that_wants_a_key_where_none_is_sent_is_told_as_such(tmp_path: Path) -> None:
    """To a server on this machine no key goes; one that wants one must not be told as a wrong key."""
    with pytest.raises(ProviderError, match="a/m wants a key, and none was sent: it is auth") as caught:
        door(tmp_path, failing("auth")).ask()
    assert (caught.value.kind, caught.value.variable) == ("auth", None)
    assert "llm.providers.a.apiKeyVariable" in caught.value.hint


def test_a_server_is_given_the_time_it_asks_for(tmp_path: Path) -> None:
    asked = door(tmp_path, failing("rate", retry_after=7.5), GOOD)
    assert asked.ask().is_good
    assert asked.clock.waits == [7.5]


def test_a_server_that_asks_for_too_much_time_is_left_for_the_next_model(tmp_path: Path) -> None:
    asked = Door(tmp_path, {"a": ScriptedProvider(failing("rate", retry_after=3600)), "b": ScriptedProvider(GOOD)})
    assert asked.ask().is_good
    assert asked.clock.waits == []


class Listing(ScriptedProvider):
    """A provider without the model, that lists those it has."""

    def __init__(self, *names: str, wait: threading.Event | None = None, error: Exception | None = None) -> None:
        super().__init__(failing("not-found"))
        self.names, self.wait, self.error, self.listed = names, wait, error, 0

    def models(self) -> Sequence[ModelInfo]:
        self.listed += 1
        if self.wait is not None:
            self.wait.wait(10)
        if self.error is not None:
            raise self.error
        return [ModelInfo(name=name) for name in self.names]


def told_of(folder: Path, provider: ScriptedProvider) -> str:
    with pytest.raises(ProviderError) as caught:
        Door(folder, {"a": provider}).ask("a/large-2")
    assert caught.value.kind == "not-found"
    return caught.value.message


def test_a_model_that_is_not_there_is_told_with_near_ones(tmp_path: Path) -> None:
    names = ("large-1", "large-3", "small-1", "tiny", "huge\x1b[31m", "large-" + "2" * 90)
    assert told_of(tmp_path, Listing(*names)).endswith("it is not-found; it has: large-3, large-1")
    assert told_of(tmp_path, Listing("x", "y")).endswith("it is not-found; it has: x, y")
    assert told_of(tmp_path, Listing("v", "w", "x", "y")).endswith("it is not-found")


def test_a_list_that_fails_or_hangs_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told_of(tmp_path, Listing(error=RuntimeError("the list"))).endswith("it is not-found")
    monkeypatch.setattr(near_names, "__kwdefaults__", {"patience": 0.01})
    wait = threading.Event()
    try:
        assert told_of(tmp_path, Listing("large-1", wait=wait)).endswith("it is not-found")
    finally:
        wait.set()


def test_the_list_is_asked_for_once_however_many_want_it_and_only_for_a_model_that_is_not_there(tmp_path: Path) -> None:
    provider = Listing("large-1")
    asked = Door(tmp_path, {"a": provider})
    candidate = asked.candidate("a/large-2")
    asked.asking = evolve(asked.asking, candidate_of=lambda _: candidate)
    service = ModelService(asked.asking, ["a/large-2"], ModelOptions(), prompt_folders=[tmp_path], tell=asked.told)

    async def all_at_once() -> list[object]:
        questions = (service.ask("judge", returns=str, text=str(number)) for number in range(5))
        return await asyncio.gather(*questions, return_exceptions=True)

    assert all("it has: large-1" in str(error) for error in asyncio.run(all_at_once()))
    assert provider.listed == 1
    other = Listing("large-1")
    other._common = [failing("auth")]
    with pytest.raises(ProviderError):
        Door(tmp_path, {"a": other}).ask()
    assert other.listed == 0


def test_a_prompt_that_cannot_fit_is_not_sent(tmp_path: Path) -> None:
    small, large = ModelInfo(name="s", window=1000), ModelInfo(name="l", window=100_000)
    providers = {"a": ScriptedProvider(GOOD, info=small), "b": ScriptedProvider(GOOD, info=large)}
    asked = Door(tmp_path, providers)
    assert asked.ask(text="word " * 2000).is_good
    assert (asked.calls("a"), asked.calls("b")) == (0, 1)
    with pytest.raises(ProviderError) as caught:
        asked.ask("a/m", text="word " * 2000)
    assert caught.value.kind == "too-long"


class LookingUp(ScriptedProvider):
    """A provider whose server knows a window."""

    def __init__(self, window: Any, wait: threading.Event | None = None, error: Exception | None = None) -> None:
        super().__init__(GOOD)
        self.window, self.wait, self.error, self.looked_up = window, wait, error, 0

    def look_up(self, model: str) -> ModelInfo:
        self.looked_up += 1
        if self.wait is not None:
            self.wait.wait(10)
        if self.error is not None:
            raise self.error
        return ModelInfo(name=model, window=self.window)


def test_a_window_that_only_the_server_knows_is_looked_up_before_a_prompt_is_sent(tmp_path: Path) -> None:
    providers = {"a": LookingUp(1000), "b": LookingUp(100_000)}
    asked = Door(tmp_path, providers)
    assert asked.ask("a/m", "b/m", text="word " * 2000) == Verdict(True, "it is")
    assert (asked.calls("a"), asked.calls("b")) == (0, 1)
    assert [one.looked_up for one in providers.values()] == [1, 1]


def test_a_window_is_looked_up_once_and_not_where_it_is_known(tmp_path: Path) -> None:
    provider, known = LookingUp(100_000), LookingUp(7)
    known._info = ModelInfo(name="known", window=100_000)
    asked = Door(tmp_path, {"a": provider, "b": known})
    candidate = asked.candidate("a/m")
    asked.asking = evolve(asked.asking, candidate_of=lambda _: candidate)
    service = ModelService(asked.asking, ["a/m"], ModelOptions(), prompt_folders=[tmp_path], tell=asked.told)

    async def all_at_once() -> None:
        await asyncio.gather(*(service.ask("judge", returns=str, text=str(number)) for number in range(5)))

    asyncio.run(all_at_once())
    assert provider.looked_up == 1
    assert Door(tmp_path, {"b": known}).ask("b/m") == Verdict(True, "it is")
    assert known.looked_up == 0


def test_a_look_up_that_fails_hangs_or_gives_junk_leaves_the_window_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for provider in (LookingUp(5, error=RuntimeError("the server")), LookingUp(None), LookingUp("8k"), LookingUp(-1)):
        assert Door(tmp_path, {"a": provider}).ask("a/m", text="word " * 2000) == Verdict(True, "it is")
    monkeypatch.setattr(find_window, "__kwdefaults__", {"patience": 0.01})
    wait = threading.Event()
    try:
        assert Door(tmp_path, {"a": LookingUp(5, wait=wait)}).ask("a/m") == Verdict(True, "it is")
    finally:
        wait.set()


def test_cheapest_first_asks_unknown_prices_last(tmp_path: Path) -> None:
    def priced(price: float | None) -> ScriptedProvider:
        return ScriptedProvider(GOOD, info=ModelInfo(name="m", input_price=price, output_price=price))

    asked = Door(tmp_path, {"a": priced(None), "b": priced(3.0), "c": priced(1.0)}, strategy="cheapest-first")
    asked.ask()
    assert [model for what, model in asked.told.events if what == "started"] == ["c/m"]


def test_cheapest_first_leaves_unknown_prices_in_the_given_order_and_half_a_price_is_unknown(tmp_path: Path) -> None:
    def priced(into: float | None, out: float | None) -> ScriptedProvider:
        return ScriptedProvider(failing("refused"), info=ModelInfo(name="m", input_price=into, output_price=out))

    providers = {"a": priced(None, None), "b": priced(0.0, None), "c": priced(9.0, 9.0), "d": priced(0.0, 0.0)}
    asked = Door(tmp_path, providers, strategy="cheapest-first")
    with pytest.raises(ProviderError):
        asked.ask()
    assert [model for what, model in asked.told.events if what == "started"] == ["d/m", "c/m", "a/m", "b/m"]


def test_each_call_is_told_with_its_cost(tmp_path: Path) -> None:
    info = ModelInfo(name="m", input_price=2.0, output_price=8.0)
    asked = Door(tmp_path, {"a": ScriptedProvider(GOOD, info=info)})
    asked.ask()
    assert [used.cost for used in asked.told.usages] == [pytest.approx((10 * 2 + 5 * 8) / 1e6)]
    unknown = door(tmp_path, GOOD)
    unknown.ask()
    assert [used.cost for used in unknown.told.usages] == [None]


def test_round_robin_lets_each_model_begin_in_turn(tmp_path: Path) -> None:
    asked = Door(tmp_path, {name: ScriptedProvider(GOOD) for name in ("rr1", "rr2", "rr3")}, strategy="round-robin")
    for number in range(6):
        asked.ask(text=str(number))
    assert {asked.calls(name) for name in asked.providers} == {2}


def test_a_providers_own_mistake_is_told_as_its_own(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="the provider a raised ZeroDivisionError"):
        door(tmp_path, ZeroDivisionError("x")).ask()


def test_a_mistake_of_a_fallback_tells_of_the_models_before_it(tmp_path: Path) -> None:
    asked = Door(tmp_path, {"a": ScriptedProvider(failing("server")), "b": ScriptedProvider(ZeroDivisionError("x"))})
    with pytest.raises(PluginError, match="the provider b raised") as caught:
        asked.ask()
    assert caught.value.hint.endswith("; asked before it: a/m: it is server")


class Junk(ScriptedProvider):
    """A provider whose own translation of errors is wrong."""

    def __init__(self, gives: Any) -> None:
        super().__init__(RuntimeError("boom"))
        self.gives = gives

    def failure(self, error: Exception) -> Any:
        return self.gives() if callable(self.gives) else self.gives


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        ("rate", "gave no failure over RuntimeError: 'rate'"),
        (ProviderFailure(kind="weather", message="x"), "gave no failure over RuntimeError"),  # type: ignore[arg-type]
        (lambda: 1 / 0, "raised ZeroDivisionError over RuntimeError"),
        (None, "raised RuntimeError: boom"),
    ],
)
def test_a_failure_that_is_none_is_the_providers_own_mistake(tmp_path: Path, gives: Any, says: str) -> None:
    with pytest.raises(PluginError, match="the provider a") as caught:
        Door(tmp_path, {"a": Junk(gives)}).ask()
    assert says in caught.value.message


@pytest.mark.parametrize("wait", [float("nan"), float("inf"), -5.0])
def test_what_is_no_length_of_time_holds_nobody_up(tmp_path: Path, wait: float) -> None:
    asked = door(tmp_path, failing("rate", retry_after=wait), GOOD)
    assert asked.ask().is_good
    assert all(0 <= waited <= 1 for waited in asked.clock.waits)


def test_a_model_that_gives_no_message_is_its_providers_mistake(tmp_path: Path) -> None:
    class Odd(ScriptedProvider):
        def chat_model(self, model: str, options: ModelOptions) -> Any:
            return RunnableLambda(lambda _: 42)

    with pytest.raises(PluginError, match="the provider a raised AttributeError"):
        Door(tmp_path, {"a": Odd()}).ask(returns=str)


def test_using_another_model_keeps_the_fallbacks(tmp_path: Path) -> None:
    asked = Door(tmp_path, {"a": ScriptedProvider(failing("refused")), "b": ScriptedProvider(GOOD)})
    service = ModelService(
        asked.asking, ["a/x", "b/m"], ModelOptions(), prompt_folders=[tmp_path], tell=asked.told, replies=asked.kept
    )
    assert asyncio.run(service.using(model="y", temperature=0.5).ask("judge", returns=Verdict, text="t")).is_good
    assert [model for what, model in asked.told.events if what == "started"] == ["a/y", "b/m"]


def test_a_missing_prompt_is_named_with_its_place(tmp_path: Path) -> None:
    asked = door(tmp_path, GOOD)
    service = ModelService(asked.asking, ["a/m"], ModelOptions(), prompt_folders=[tmp_path], tell=asked.told)
    with pytest.raises(PluginError, match="no prompt for the task 'other'") as caught:
        asyncio.run(service.ask("other", returns=str))
    assert str(tmp_path / "other.md") in caught.value.where


def test_the_offline_provider_never_pretends_to_be_a_model() -> None:
    with pytest.raises(ProviderError, match="deterministic rules"):
        OfflineProvider().chat_model("offline", ModelOptions())


@frozen
class Happening:
    """What one call comes to, and how many seconds it takes."""

    kind: str
    seconds: float = 0.0
    retry_after: float | None = None

    def outcome(self, clock: FakeClock) -> Outcome:
        def happen(_: object) -> str | AIMessage:
            clock.time += self.seconds
            if self.kind in FINISHES:
                return AIMessage(GOOD, response_metadata={"finish_reason": FINISHES[self.kind]})
            if self.kind in WORDS:
                return WORDS[self.kind]
            raise failing(self.kind, self.retry_after)

        return happen


FINISHES = {"truncated": "length", "declined": "refusal", "filtered": "content_filter"}
WORDS = {"good": GOOD, "empty": "", "no JSON": "no JSON", "broken": GOOD[:-5], "schema": '{"isGood": 1}'}
MISFITS = frozenset({"no JSON", "broken", "schema"})
PASSING = frozenset({"timeout", "connection", "rate", "server", "empty"})

HAPPENINGS = st.builds(
    Happening,
    st.sampled_from([*get_args(FailureKind), "good", *sorted(MISFITS)]),
    st.floats(0, 60),
    st.one_of(st.none(), st.floats(0, 100)),
)


def test_every_kind_of_failure_can_happen_here() -> None:
    assert set(get_args(FailureKind)) == {*KINDS, *FINISHES, "empty"}


@settings(max_examples=200)
@given(
    scripts=st.lists(st.lists(HAPPENINGS, min_size=1, max_size=6), min_size=1, max_size=4),
    strategy=st.sampled_from(get_args(Strategy)),
    prices=st.lists(st.one_of(st.none(), st.floats(0, 50)), min_size=4, max_size=4),
    pauses=st.lists(st.one_of(st.just(0.0), st.just(0.0), st.floats(0, 300)), min_size=4, max_size=4),
    per_minute=st.one_of(st.none(), st.none(), st.floats(1, 60)),
    attempts=st.integers(1, 5),
    total=st.one_of(st.floats(1, 200), st.just(600.0)),
    repairs=st.integers(0, 2),
)
def test_whatever_happens_calls_and_time_are_bounded_and_nothing_is_retried_that_must_not_be(
    tmp_path_factory: pytest.TempPathFactory,
    scripts: list[list[Happening]],
    strategy: Strategy,
    prices: list[float | None],
    pauses: list[float],
    per_minute: float | None,
    attempts: int,
    total: float,
    repairs: int,
) -> None:
    policy = RetryPolicy(attempts=attempts, max_wait=30, total=total)
    providers = {
        f"p{number}": ScriptedProvider("", info=ModelInfo(name="m", input_price=price, output_price=price))
        for number, price in zip(range(len(scripts)), prices, strict=False)
    }
    asked = Door(
        tmp_path_factory.mktemp("d"),
        providers,
        policy=policy,
        repairs=repairs,
        strategy=strategy,
        per_minute=per_minute,
    )
    for script, pause, (name, provider) in zip(scripts, pauses, providers.items(), strict=False):
        provider.model()._script = [happening.outcome(asked.clock) for happening in script]
        asked.accounts[name].cool_down(pause)
    error: PipekitError | None = None
    try:
        assert asked.ask().is_good
    except PipekitError as caught:
        error = caught
        assert error.hint
        assert isinstance(error, (StepError, ProviderError))

    # Time: nothing begins after the limit, and no wait reaches it.
    assert all(when < total for when in asked.told.begun_at)
    assert asked.clock.time <= total + 60
    assert sum(asked.clock.waits) < total
    begun = [model.partition("/")[0] for what, model in asked.told.events if what == "started"]
    turns = [name for place, name in enumerate(begun) if place == 0 or begun[place - 1] != name]
    assert len(turns) == len(set(turns))  # no model is gone back to
    if strategy == "cascade":
        assert turns == sorted(turns)
    if strategy == "cheapest-first":
        known = [price for name in turns if (price := prices[int(name[1:])]) is not None]
        assert known == sorted(known)
        assert [prices[int(name[1:])] is None for name in turns] == sorted(
            prices[int(name[1:])] is None for name in turns
        )
    for name, script in zip(providers, scripts, strict=False):
        count = asked.calls(name)
        assert count <= attempts * (1 + repairs)
        kinds = [script[min(place, len(script) - 1)].kind for place in range(count)]
        # All but the last of a model's calls were followed by another one to it: only what may be.
        assert all(kind in PASSING or kind in MISFITS for kind in kinds[:-1])
        assert sum(kind in MISFITS for kind in kinds[:-1]) <= repairs
        if "auth" in kinds:
            assert (turns[-1], error is not None and error.kind) == (name, "auth")
        if "good" in kinds:
            assert (turns[-1], error) == (name, None)


def test_temperature_is_part_of_the_question(tmp_path: Path) -> None:
    first = door(tmp_path, GOOD)
    first.ask()
    other = door(tmp_path, GOOD, options=evolve(ModelOptions(), temperature=0.9))
    other.kept = first.kept
    other.ask()
    assert other.calls("a") == 1
