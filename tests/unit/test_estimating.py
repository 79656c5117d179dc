"""What a plan is expected to take: by earlier runs where there are any, else guessed so that the range holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from pipekit import LLM, Pipeline, Selection, Text, Workflow, hookimpl, step
from pipekit.estimating import Estimate, Range
from pipekit.interfaces import ModelInfo
from pipekit.testing import ScriptedProvider

PRICED = ModelInfo(name="m", input_price=2.0, output_price=10.0)
SHORT, LONG = "ada bob cat dan " * 50, "ada bob cat dan " * 100


@frozen
class Part:
    id: str


@step(provides="parts")
def split_text(text: str) -> list[Part]:
    """One part for each 400 letters."""
    return [Part(f"p{number}") for number in range(0, len(text), 400)]


@step
async def name_text(text: str, llm: LLM) -> str:
    return await llm.ask("name", returns=str, text=text)


@step(each="parts", provides="verdicts", offline=lambda part: part.id)
async def judge_parts(part: Part, llm: LLM) -> str:
    return await llm.ask("judge", returns=str, text=part.id)


def pipeline(folder: Path, info: ModelInfo = PRICED, steps: Any = (split_text, name_text, judge_parts)) -> Pipeline:
    (folder / "prompts").mkdir(exist_ok=True)
    for task in ("judge", "name"):
        (folder / "prompts" / f"{task}.md").write_text(f"# User\nThe text to {task}: {{{{ text }}}}")
    usage: Any = {"input_tokens": 300, "output_tokens": 60, "total_tokens": 360}

    class Plugin:
        @hookimpl
        def pipekit_llm_providers(self) -> Any:
            return {"acme": lambda: ScriptedProvider(AIMessage("good", usage_metadata=usage), info=info)}

    workflow = Workflow(name="judging", input="text", input_type=str, steps=steps)
    return Pipeline({"llm": {"model": "acme/m"}}, workflow=workflow, plugins=[Plugin()], folder=folder, environ={})


def expected(pipe: Pipeline, text: str, **select: Any) -> Estimate:
    return pipe.estimate(pipe.plan(Text(text), select=Selection(**select)))


def holds(one: Range | None, number: float | None) -> bool:
    assert one is not None
    assert number is not None
    return one.least <= number <= one.most


def test_before_any_run_it_is_guessed_and_the_first_run_lies_within(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path)
    guess = expected(pipe, SHORT)
    assert guess.runs == 0
    usage = pipe.run(Text(SHORT)).usage
    assert holds(guess.calls, usage.calls)
    assert holds(guess.tokens, usage.total_tokens)
    assert holds(guess.cost, usage.cost)


def test_the_same_input_is_expected_to_take_what_it_took_before(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path)
    usage = pipe.run(Text(SHORT)).usage
    again = expected(pipe, SHORT)
    assert again.runs == 1
    assert again.calls == Range(usage.calls, usage.calls)
    assert again.tokens == Range(usage.total_tokens, usage.total_tokens)
    assert again.cost is not None
    assert (again.cost.least, again.cost.most) == pytest.approx((usage.cost, usage.cost))


def test_a_longer_input_is_expected_to_have_as_many_more_items(tmp_path: Path) -> None:
    pipe = pipeline(tmp_path)
    pipe.run(Text(SHORT))
    longer = {one.step: one for one in expected(pipe, LONG).steps}
    assert longer["judge-parts"].calls == Range(4, 4)
    assert longer["name-text"].calls == Range(1, 1)
    assert longer["name-text"].input_tokens == Range(300, 600)
    usage = pipe.run(Text(LONG)).usage
    assert holds(expected(pipe, LONG).tokens, usage.total_tokens)
    assert expected(pipe, LONG).runs == 2


def test_steps_that_ask_nobody_are_in_no_estimate(tmp_path: Path) -> None:
    assert [one.step for one in expected(pipeline(tmp_path), SHORT, skip=("name-text",)).steps] == ["judge-parts"]
    offline = Pipeline({}, workflow=Workflow(name="w", input="text", input_type=str, steps=[split_text]), plugins=[])
    nothing = offline.estimate(offline.plan())
    assert (nothing.calls, nothing.tokens, nothing.cost) == (Range(), Range(), Range())


def test_a_price_that_nobody_knows_leaves_the_cost_unknown(tmp_path: Path) -> None:
    unknown = expected(pipeline(tmp_path, ModelInfo(name="m")), SHORT)
    assert unknown.cost is None
    assert unknown.tokens.most > 0


@given(*[st.builds(Range, st.floats(0, 1e6), st.floats(1e6, 1e9))] * 2)
def test_ranges_stay_ranges(one: Range, other: Range) -> None:
    for made in (one + other, one.around(other), one.times(0.5, 2)):
        assert made.least <= made.most
    assert one.around(other).least <= min(one.least, other.least)
