"""The ledger holds what every attempt at a model took, whatever became of it, and is added up without a guess."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from pydantic import PrivateAttr

from pipekit import LLM, Pipeline, Resume, Text, Workflow, hookimpl, step
from pipekit.errors import PipekitError, StepError
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure
from pipekit.interfaces.state_stores import Entry, Lease, StoreURL
from pipekit.spending import Sum
from pipekit.state.ledger import Charge
from pipekit.stores.json_file import JsonFileStore
from pipekit.testing import ScriptedProvider
from pipekit.testing.fakes import Outcome, ScriptedError, ScriptedModel

PRICED = ModelInfo(name="m", input_price=2.0, output_price=10.0, cached_price=0.5)


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
    """Hands over one model, where a test made it."""

    made: Any = None

    def chat_model(self, model: str, options: ModelOptions) -> Any:
        return self.made or super().chat_model(model, options)


def judging(
    folder: Path, *script: Outcome, info: ModelInfo = PRICED, store: Any = None, made: Any = None, **llm: Any
) -> Pipeline:
    provider = Acme(*script, info=info)
    provider.made = made
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / "prompts" / "judge.md").write_text("# User\nJudge {{ text }}")

    class Plugin:
        @hookimpl
        def pipekit_llm_providers(self) -> Any:
            return {"acme": lambda: provider}

    workflow = Workflow(name="judging", input="text", input_type=str, steps=[split_text, judge_words])
    retry = {"wait": 0.0, "attempts": 3}
    config = {"llm": {"model": "acme/m", "retry": retry, **llm}, "run": {"concurrency": 1}}
    return Pipeline(config, workflow=workflow, plugins=[Plugin()], store=store, folder=folder, environ={})


def said(into: int, out: int, cached: int = 0, text: str = "good") -> AIMessage:
    usage: Any = {
        "input_tokens": into,
        "output_tokens": out,
        "total_tokens": into + out,
        "input_token_details": {"cache_read": cached},
    }
    return AIMessage(text, usage_metadata=usage)


def failing(kind: Any) -> ScriptedError:
    return ScriptedError(ProviderFailure(kind=kind, message=f"it is {kind}", retry_after=0.0))


def ledger(pipe: Pipeline) -> Sequence[Charge]:
    store = pipe.open_store("file:.pipeline")
    return store.load(pipe.runs.resolve("last")).ledger


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_a_line_tells_tokens_prices_cost_model_step_item_and_time(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    pipe = judging(tmp_path, said(1000, 200, cached=400))
    pipe.run(Text("ada"))
    (charge,) = ledger(pipe)
    assert before <= charge.at <= datetime.now(UTC)
    assert charge == Charge(
        id=charge.id,
        at=charge.at,
        step="judge-words",
        item="ada",
        task="judge",
        model="acme/m",
        ending="answered",
        input_tokens=1000,
        output_tokens=200,
        cached_tokens=400,
        cost=charge.cost,
        input_price=2.0,
        output_price=10.0,
        cached_price=0.5,
    )
    assert charge.cost == pytest.approx((600 * 2 + 400 * 0.5 + 200 * 10) / 1e6)


def test_attempts_that_failed_are_in_it_too_and_cost_nothing_only_where_the_server_turned_them_down(
    tmp_path: Path,
) -> None:
    pipe = judging(tmp_path, failing("rate"), failing("timeout"), said(10, 5))
    pipe.run(Text("ada"))
    assert [(charge.ending, charge.reason, charge.cost) for charge in ledger(pipe)] == [
        ("refused", "rate", 0.0),
        ("lost", "timeout", None),
        ("answered", None, pytest.approx(70e-6)),
    ]


def test_an_answer_of_no_use_was_paid_for_as_well(tmp_path: Path) -> None:
    pipe = judging(tmp_path, said(10, 0, text=" "), evolve_stop(said(10, 8)))
    with pytest.raises(StepError):
        pipe.run(Text("ada"))
    assert [(charge.reason, charge.output_tokens) for charge in ledger(pipe)] == [("empty", 0), ("truncated", 8)]


def evolve_stop(message: AIMessage) -> AIMessage:
    message.response_metadata = {"finish_reason": "length"}
    return message


def test_a_server_that_does_not_say_what_an_answer_took_leaves_it_unknown(tmp_path: Path) -> None:
    pipe = judging(tmp_path, AIMessage("good"))
    pipe.run(Text("ada"))
    (charge,) = ledger(pipe)
    assert (charge.input_tokens, charge.output_tokens, charge.cost) == (None, None, None)
    assert pipe.runs.spending("last").total.cost is None


def test_what_a_step_spent_before_it_was_made_again_is_not_forgotten(tmp_path: Path) -> None:
    pipe = judging(tmp_path, said(10, 5))
    result = pipe.run(Text("ada bob"))
    pipe.resume(result.run_id, Resume(from_step="judge-words"))
    assert [charge.item for charge in ledger(pipe)] == ["ada", "bob", "ada", "bob"]
    assert pipe.runs.spending("last").total.calls == 4


def test_a_fork_begins_with_nothing_spent_so_that_the_sum_over_all_runs_is_what_was_spent(tmp_path: Path) -> None:
    pipe = judging(tmp_path, said(10, 5))
    first = pipe.run(Text("ada bob"))
    fork = pipe.fork(first.run_id)
    assert pipe.runs.spending(fork.run_id).total.calls == 0
    assert pipe.runs.spending().total.calls == 2


class Hanging(ScriptedModel):
    """Never answers; whoever waits for the question learns of it."""

    _asked_now: Any = PrivateAttr(default_factory=asyncio.Event)

    def __init__(self) -> None:
        super().__init__(["never"])

    async def _agenerate(self, *_: Any, **__: Any) -> Any:
        self._asked_now.set()
        await asyncio.sleep(60)


def test_a_call_that_was_under_way_at_a_stop_is_in_it(tmp_path: Path) -> None:
    async def main() -> None:
        model = Hanging()
        pipe = judging(tmp_path, made=model)
        work = asyncio.create_task(pipe.arun(Text("ada")))
        await asyncio.wait_for(model._asked_now.wait(), 20)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert [(charge.ending, charge.reason) for charge in ledger(pipe)] == [("lost", "stopped")]

    asyncio.run(main())


def test_a_reply_and_what_it_took_are_kept_together(tmp_path: Path) -> None:
    groups: list[list[str]] = []

    class Watched(JsonFileStore):
        def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
            groups.append([entry.kind for entry in entries])
            super().append(lease, entries)

    store = Watched(StoreURL("file", ".pipeline", tmp_path))
    judging(tmp_path, said(10, 5), store=store).run(Text("ada"))
    assert groups == [["charge", "reply"], ["item"]]


# --- adding up -------------------------------------------------------------------------------------------------------

amounts = st.none() | st.integers(0, 10_000)
charges = st.builds(
    Charge,
    at=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    task=st.just("t"),
    model=st.sampled_from(["a/m", "b/m"]),
    ending=st.sampled_from(["answered", "refused", "lost", "under-way"]),
    input_tokens=amounts,
    output_tokens=amounts,
    cost=st.none() | st.floats(0, 10),
)


@given(st.lists(charges))
def test_every_call_is_counted_once_and_a_cost_is_known_only_where_that_of_every_answer_is(found: list[Charge]) -> None:
    total = Sum.of(found)
    assert total.answered + total.refused + total.lost == total.calls == len(found)
    assert (total.cost is None) == any(one.ending == "answered" and one.cost is None for one in found)
    assert total.known_cost == pytest.approx(sum(one.cost or 0 for one in found))


def test_since_a_moment_only_later_calls_count(tmp_path: Path) -> None:
    pipe = judging(tmp_path, said(10, 5))
    pipe.run(Text("ada"))
    middle = datetime.now(UTC)
    pipe.run(Text("ada bob"))
    assert pipe.runs.spending(since=middle).total.calls == 2
    assert pipe.runs.spending(since=middle - timedelta(days=1)).total.calls == 3
    assert pipe.runs.spending(since=middle + timedelta(days=1)).total.calls == 0


def test_a_run_that_nobody_can_read_is_named_and_the_others_are_counted(tmp_path: Path) -> None:
    pipe = judging(tmp_path, said(10, 5))
    pipe.run(Text("ada"))
    broken = pipe.run(Text("bob")).run_id
    (tmp_path / ".pipeline" / broken / "journal.jsonl").write_text("no journal\n{}\n")
    spent = judging(tmp_path, said(10, 5)).runs.spending()
    assert spent.total.calls == 1
    assert [run for run, _ in spent.unread] == [broken]


def test_a_line_that_is_none_is_told_as_damage(tmp_path: Path) -> None:
    pipe = judging(tmp_path, said(10, 5))
    run = pipe.run(Text("ada")).run_id
    stored = pipe.open_store("file:.pipeline").load(run)
    (entry,) = (one for one in stored.entries if one.kind == "charge")
    with pytest.raises(PipekitError, match="has a line that is none"):
        _ = evolve(stored, entries=(evolve(entry, value={"model": 3}),)).ledger
