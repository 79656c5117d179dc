"""A run stops before the call that could pass its budget, keeps what is finished, and goes on with a larger one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from pipekit import LLM, Each, Pipeline, Resume, Text, Workflow, hookimpl, step
from pipekit.errors import ConfigError, PipekitError, PlanError, ProviderError, StepError
from pipekit.estimating import Range
from pipekit.events import CallStarted, RunPaused, StepFailed, WarningGiven
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure
from pipekit.interfaces.state_stores import Entry, Lease, RunQuery
from pipekit.llm.budget import Amount, Caps, spent_by
from pipekit.llm.daily import Daily, Others
from pipekit.llm.metering import LONGEST_ANSWER
from pipekit.results import RunResult
from pipekit.spending import SpentByOthers
from pipekit.state.ledger import Charge
from pipekit.stores.memory import MemoryStore
from pipekit.testing import ScriptedProvider
from pipekit.testing.fakes import Outcome, ScriptedError

PRICED = ModelInfo(name="m", input_price=1.0, output_price=10.0)


@frozen
class Word:
    id: str


@step(provides="words")
def split_text(text: str) -> list[Word]:
    return [Word(one) for one in text.split()]


@step(each="words", provides="verdicts")
async def judge_words(word: Word, llm: LLM) -> str:
    return await llm.ask("judge", returns=str, text=word.id)


class Acme(ScriptedProvider):
    """Remembers the options that its models were made with."""

    def __init__(self, *script: Outcome, info: ModelInfo) -> None:
        super().__init__(*script, info=info)
        self.options: list[ModelOptions] = []

    def chat_model(self, model: str, options: ModelOptions) -> Any:
        self.options.append(options)
        return super().chat_model(model, options)

    @property
    def calls(self) -> int:
        return len(self.model().asked)


def judging(
    folder: Path,
    provider: ScriptedProvider,
    budget: dict[str, float],
    store: Any = None,
    steps: Sequence[Any] = (split_text, judge_words),
    **more: Any,
) -> Pipeline:
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / "prompts" / "judge.md").write_text("# User\nJudge {{ text }}")

    class Plugin:
        @hookimpl
        def pipekit_llm_providers(self) -> Any:
            return {"acme": lambda: provider}

    workflow = Workflow(name="judging", input="text", input_type=str, steps=steps)
    llm = {"model": "acme/m", "maxTokens": 10, "retry": {"wait": 0.0, "attempts": 3}, "budget": budget}
    config = {"llm": {**llm, **more.pop("llm", {})}, "steps": more.pop("blocks", {}), **more}
    return Pipeline(config, workflow=workflow, plugins=[Plugin()], store=store, folder=folder, environ={})


def said(into: int, out: int, text: str = "good") -> AIMessage:
    usage: Any = {"input_tokens": into, "output_tokens": out, "total_tokens": into + out}
    return AIMessage(text, usage_metadata=usage)


def failing(kind: Any) -> ScriptedError:
    return ScriptedError(ProviderFailure(kind=kind, message=f"it is {kind}", retry_after=0.0))


def charges(pipe: Pipeline) -> Sequence[Charge]:
    store: Any = pipe.open_store("file:.pipeline")
    ledger: Sequence[Charge] = store.load(pipe.runs.resolve("last")).ledger
    return ledger


# --- reaching it -----------------------------------------------------------------------------------------------------


def test_a_run_pauses_before_the_call_that_could_pass_its_budget_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    provider = Acme(said(3, 2), info=PRICED)
    pipe = judging(tmp_path, provider, {"calls": 2})
    result = pipe.run(Text("ada bob cat dan"))
    assert (result.status, result.pause.reason if result.pause else "") == ("paused", "budget")
    assert result.pause is not None
    assert (result.pause.left, result.pause.budget) == (("judge-words",), "calls=4")
    assert provider.calls == 2
    assert any("the budget is reached: 2 of 2 calls are made" in warning for warning in result.warnings)

    again = judging(tmp_path, provider, {"calls": 4}).resume(result.run_id)
    assert again.status == "completed"
    assert provider.calls == 4  # nothing was asked twice
    assert list(again.artifact("verdicts", Each[str])) == ["ada", "bob", "cat", "dan"]


def test_what_is_left_of_a_paused_run_is_expected_to_take_what_an_earlier_run_did(tmp_path: Path) -> None:
    provider = Acme(said(3, 2), info=PRICED)
    whole = judging(tmp_path, provider, {}).run(Text("ada bob cat dan")).usage
    result = judging(tmp_path, provider, {"calls": 2}).run(Text("ada bob cat dan"))
    assert result.pause is not None
    assert result.pause.expected is not None
    assert result.pause.expected.runs == 1
    assert result.pause.expected.calls == Range(0, whole.calls)  # how much of the step is done nobody counts
    assert result.pause.expected.cost is not None
    assert result.pause.expected.cost.most == pytest.approx(whole.cost)


def test_a_program_goes_on_with_a_larger_budget_that_stays_with_the_run(tmp_path: Path) -> None:
    provider = Acme(said(3, 2), info=PRICED)
    pipe = judging(tmp_path, provider, {"calls": 1})
    run = pipe.run(Text("ada bob cat dan")).run_id
    assert pipe.resume(run, Resume(budget={"calls": 3})).status == "paused"
    assert provider.calls == 3
    assert pipe.resume(run).status == "paused"
    assert provider.calls == 3
    with pytest.raises(PlanError, match="--budget calls: llm.budget.calls can't be 0"):
        pipe.resume(run, Resume(budget={"calls": 0}))
    assert pipe.resume(run, Resume(budget={"calls": 4, "usd": 1})).status == "completed"


def test_a_budget_that_is_reached_fails_no_step_and_is_told_once(tmp_path: Path) -> None:
    stream = judging(tmp_path, Acme(said(3, 2), info=PRICED), {"calls": 1}).stream(Text("ada bob cat dan"))
    events = list(stream)
    assert [event.reason for event in events if isinstance(event, RunPaused)] == ["budget"]
    assert not any(isinstance(event, StepFailed) for event in events)
    assert len([event for event in events if isinstance(event, WarningGiven)]) == 1
    assert len([event for event in events if isinstance(event, CallStarted)]) == 1


@pytest.mark.parametrize("skip", [False, True])
def test_items_that_had_no_money_left_are_no_failures_even_where_failures_are_passed_over(
    skip: bool, tmp_path: Path
) -> None:
    steps = {"judge-words": {"onItemError": "skip" if skip else "fail"}}
    result = judging(tmp_path, Acme(said(3, 2), info=PRICED), {"calls": 1}, blocks=steps).run(Text("ada bob"))
    assert result.pause is not None
    assert result.pause.reason == "budget"


def test_attempts_that_fail_count_too(tmp_path: Path) -> None:
    provider = Acme(failing("server"), failing("rate"), said(3, 2), info=PRICED)
    result = judging(tmp_path, provider, {"calls": 2}).run(Text("ada"))
    assert result.status == "paused"
    assert [(charge.ending, charge.reason) for charge in charges(judging(tmp_path, provider, {}))] == [
        ("lost", "server"),
        ("refused", "rate"),
    ]


def test_a_call_without_an_answer_counts_in_full_and_one_that_was_turned_down_costs_nothing(tmp_path: Path) -> None:
    pipe = judging(tmp_path, Acme(failing("timeout"), failing("rate"), said(3, 2), info=PRICED), {"usd": 1.0})
    pipe.run(Text("ada"))
    lost, refused, answered = charges(pipe)
    assert lost.cost is None
    assert lost.held_cost is not None
    assert lost.held_cost > (10 * 10 + len("Judge ada")) / 1e6
    assert (refused.held_cost, refused.held_tokens) == (0.0, 0)
    assert answered.held_cost == pytest.approx(answered.cost)


def test_an_answer_is_bounded_where_nobody_did_since_a_reservation_needs_it(tmp_path: Path) -> None:
    unbounded: dict[str, Any] = {"maxTokens": None}
    provider = Acme(said(3, 2), info=PRICED)
    judging(tmp_path, provider, {"tokens": 10_000}, llm=unbounded).run(Text("ada"))
    judging(tmp_path, provider, {"calls": 10}, llm=unbounded).run(Text("ada"))
    assert [options.max_tokens for options in provider.options] == [LONGEST_ANSWER, None]


# --- servers that lie ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(AIMessage("good"), id="says nothing"),
        pytest.param(said(0, 0), id="says nothing was taken"),
        pytest.param(said(0, 2), id="says the prompt was nothing"),
        pytest.param(said(3, 0), id="says the answer was nothing"),
        pytest.param(said(9_000_000, 9_000_000), id="says too much"),
    ],
)
def test_a_server_that_lies_about_what_it_took_passes_no_budget_and_gets_no_more_out_of_it(
    answer: AIMessage, tmp_path: Path
) -> None:
    provider = Acme(answer, info=PRICED)
    budget = {"usd": 0.0006}
    result = judging(tmp_path, provider, budget, run={"concurrency": 3}).run(Text("ada bob cat dan eve fay"))
    assert result.status == "paused"
    ledger = charges(judging(tmp_path, provider, {}))
    assert 0 < provider.calls == len(ledger) < 6
    assert 0 < spent_by(ledger).cost <= 0.0006


def test_a_server_that_says_too_much_is_told_of(tmp_path: Path) -> None:
    result = judging(tmp_path, Acme(said(9_000_000, 1), info=PRICED), {"usd": 1.0}).run(Text("ada"))
    assert any("acme/m says that an answer took 9,000,001 tokens" in warning for warning in result.warnings)


# --- crashes, stops and resumes in any order -------------------------------------------------------------------------


class Dies(BaseException):
    """The process ends here, as far as the store can see."""


class Failing(MemoryStore):
    """A store from which no word gets through after so many writes: what a killed process leaves."""

    writes_left = 10**9

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        self.writes_left -= 1
        if self.writes_left < 0:
            raise Dies
        super().append(lease, entries)


outcomes = st.sampled_from(["good", "dear", "silent", "lie", "timeout", "rate", "server", "empty"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.lists(outcomes, min_size=1, max_size=12),
    caps=st.fixed_dictionaries({"usd": st.floats(0.0002, 0.002)}, optional={"calls": st.integers(1, 12)}),
    kills=st.lists(st.integers(1, 6), max_size=3),
    concurrency=st.integers(1, 4),
)
def test_no_sequence_of_failures_kills_and_resumes_passes_a_budget(
    script: list[str], caps: dict[str, float], kills: list[int], concurrency: int, tmp_path: Path
) -> None:
    asked: list[int] = []

    def outcome(kind: str) -> Callable[[object], AIMessage]:
        def say(_: object) -> AIMessage:
            asked.append(1)
            if kind in ("timeout", "rate", "server"):
                raise failing(kind)
            return {
                "good": said(3, 2),
                "dear": said(20, 10),
                "silent": AIMessage("good"),
                "lie": said(10**9, 10**9),
                "empty": said(9, 0, text=" "),
            }[kind]

        return say

    provider = Acme(*[outcome(kind) for kind in script], info=PRICED)
    store = Failing()
    run: str | None = None
    for writes in [*kills, None, None]:
        store.writes_left = 10**9 if writes is None else writes
        pipe = judging(tmp_path, provider, caps, store=store, run={"concurrency": concurrency})
        with contextlib.suppress(PipekitError, Dies):
            _gone_on(pipe, run)
        run = next(iter(store.find(RunQuery()))).run_id if run is None else run
        store.writes_left = 10**9
        ledger = store.load(run).ledger
        total = spent_by(ledger)
        assert total.cost <= caps["usd"]
        assert total.calls <= caps.get("calls", total.calls)
        assert len(asked) <= len(ledger)  # no call without a line, whatever became of it


def _gone_on(pipe: Pipeline, run: str | None) -> RunResult:
    return pipe.run(Text("ada bob cat dan")) if run is None else pipe.resume(run)


# --- the budget of a day ---------------------------------------------------------------------------------------------


def of_day(**caps: float) -> dict[str, Any]:
    return {"llm": {"dailyBudget": caps}}


def test_all_runs_of_a_day_share_its_budget(tmp_path: Path) -> None:
    provider = Acme(said(3, 2), info=PRICED)
    first = judging(tmp_path, provider, {}, **of_day(calls=3)).run(Text("ada bob"))
    assert first.status == "completed"
    second = judging(tmp_path, provider, {}, **of_day(calls=3)).run(Text("cat dan"))
    assert second.pause is not None
    assert (second.pause.reason, second.pause.budget) == ("budget", None)
    assert any("3 of 3 calls, and the next call to acme/m may take more" in warning for warning in second.warnings)
    assert provider.calls == 3
    again = judging(tmp_path, provider, {}, **of_day(calls=4)).resume(second.run_id)
    assert again.status == "completed"
    assert provider.calls == 4


def test_a_day_begins_anew_at_midnight_by_utc(tmp_path: Path) -> None:
    provider = Acme(said(3, 2), info=PRICED)
    pipe = judging(tmp_path, provider, {})
    run = pipe.run(Text("ada")).run_id
    store: Any = pipe.open_store("file:.pipeline")
    today = charges(pipe)[0].at.date()
    others = SpentByOthers(store, "another")
    assert others(today).settled.calls == 1
    assert others(today + timedelta(days=1)) == Others()
    assert SpentByOthers(store, run)(today) == Others()

    async def main() -> None:
        spent = evolve(charges(pipe)[0], at=datetime.now(UTC) - timedelta(days=1))
        daily = Daily(Caps(calls=1), [spent], others=lambda _: Others())
        await daily.look()
        assert daily.allows(Amount(calls=1), beside=True)

    asyncio.run(main())


def test_what_a_dead_process_had_under_way_counts_for_good(tmp_path: Path) -> None:
    store = Failing()
    provider = Acme(said(3, 2), info=PRICED)
    store.writes_left = 1  # the reservation is kept, and nothing after it
    with contextlib.suppress(Dies, PipekitError):
        judging(tmp_path, provider, {}, store=store, **of_day(calls=1)).run(Text("ada"))
    store.writes_left = 10**9
    second = judging(tmp_path, provider, {}, store=store, **of_day(calls=1)).run(Text("bob"))
    assert second.pause is not None
    assert provider.calls == 1


@pytest.mark.parametrize("calls", [1, 4, 7])
def test_runs_side_by_side_never_pass_the_budget_of_the_day_together(calls: int, tmp_path: Path) -> None:
    providers = [Acme(said(3, 2), info=PRICED) for _ in range(3)]
    start = threading.Barrier(len(providers))

    def one(provider: Acme) -> None:
        start.wait(10)
        judging(tmp_path, provider, {}, run={"concurrency": 2}, **of_day(calls=calls)).run(Text("ada bob cat"))

    with ThreadPoolExecutor(len(providers)) as threads:
        list(threads.map(one, providers))
    spent = judging(tmp_path, providers[0], {}).runs.spending().total
    assert sum(provider.calls for provider in providers) == spent.calls <= calls


# --- what is refused before anything is asked ------------------------------------------------------------------------


def test_a_model_whose_price_nobody_knows_is_refused_before_a_run_with_a_budget_of_money(tmp_path: Path) -> None:
    dark = ModelInfo(name="m")
    provider = Acme(said(3, 2), info=dark)
    with pytest.raises(PlanError) as caught:
        judging(tmp_path, provider, {"usd": 1.0}).run(Text("ada"))
    (fault,) = caught.value.faults
    assert (fault.code, fault.kind) == (6, "budget")
    assert "nobody knows what acme/m costs" in fault.message
    assert "llm.models.acme/m takes inputPrice and outputPrice" in fault.hint
    assert provider.options == []
    assert judging(tmp_path, provider, {"calls": 5}).run(Text("ada")).status == "completed"
    own = {"models": {"acme/m": {"inputPrice": 1.0, "outputPrice": 2.0}}}
    assert judging(tmp_path, provider, {"usd": 1.0}, llm=own).run(Text("ada")).status == "completed"


def test_a_model_that_a_step_names_itself_is_refused_when_it_is_asked(tmp_path: Path) -> None:
    @step
    async def judge_elsewhere(text: str, llm: LLM) -> str:
        return await llm.using(model="acme/other").ask("judge", returns=str, text=text)

    class Half(Acme):
        def describe(self, model: str) -> ModelInfo:
            return PRICED if model == "m" else ModelInfo(name=model)

    provider = Half(said(3, 2), info=PRICED)
    with pytest.raises(ProviderError, match="nobody knows what acme/other costs"):
        judging(tmp_path, provider, {"usd": 1.0}, steps=[judge_elsewhere]).run(Text("ada"))
    assert provider.calls == 0


def test_a_prompt_longer_than_its_price_is_known_for_is_not_sent(tmp_path: Path) -> None:
    info = ModelInfo(name="m", input_price=1.0, output_price=10.0, priced_up_to=100)
    provider = Acme(said(3, 2), info=info)
    with pytest.raises(PipekitError, match="what prompts of 100 tokens and more cost is not known"):
        judging(tmp_path, provider, {"usd": 1.0}).run(Text("a" * 100))
    assert provider.calls == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("usd: 0", "llm.budget.usd can't be 0: it must be greater than 0"),
        ("usd: -1", "greater than 0"),
        ("usd: .nan", "llm.budget.usd must be a finite number"),
        ("usd: .inf", "llm.budget.usd must be a finite number"),
        ("usd: true", "llm.budget.usd must be a number, not true"),
        ("usd: '2'", "llm.budget.usd must be a number"),
        ("calls: 1.5", "llm.budget.calls must be a whole number"),
        ("tokens: 0", "greater than 0"),
        ("eur: 2", "there is no setting llm.budget.eur"),
    ],
)
def test_a_budget_that_is_none_is_refused_with_its_place(line: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text(f"llm:\n  budget:\n    {line}\n")
    workflow = Workflow(name="w", input="text", input_type=str, steps=[split_text])
    with pytest.raises(PlanError) as caught:
        Pipeline(workflow=workflow, plugins=[], folder=tmp_path, environ={}).run(Text("a"))
    (fault,) = caught.value.faults
    assert isinstance(fault, ConfigError)
    assert words in fault.message
    assert fault.where.startswith("pipekit.yaml:3:") or "pipekit.yaml:3:" in fault.where
    if "eur" in line:
        assert "usd, tokens, calls" in fault.hint


def test_a_step_that_hides_the_error_hides_no_cost(tmp_path: Path) -> None:
    @step
    async def hide(text: str, llm: LLM) -> str:
        try:
            return await llm.ask("judge", returns=str, text=text)
        except StepError:
            return "by rule"

    provider = Acme(said(3, 2), info=PRICED)
    result = judging(tmp_path, provider, {"usd": 0.00001}, steps=[hide]).run(Text("ada"))
    assert result.pause is not None
    assert provider.calls == 0
