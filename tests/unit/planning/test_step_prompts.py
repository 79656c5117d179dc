"""The prompts that a step names are there and can be used, before anything is paid for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipekit import LLM, Pipeline, Text, Workflow, hookimpl, step
from pipekit.errors import PlanError, PluginError
from pipekit.testing import ScriptedProvider


def _rule(text: str) -> str:
    return text


@step(offline=_rule)
async def judge(text: str, llm: LLM) -> str:
    first = await llm.ask("judge-first", returns=str, text=text)
    other = llm.using(model="acme/other").as_runnable("judge-again", returns=str)
    return first + await other.ainvoke({"text": text})


@step
async def mediate(text: str, llm: LLM) -> str:
    """The name of its task is put together, and somebody else is asked something, too."""
    task = "-".join(["un", "known"])
    return await llm.ask(task, returns=str, text=text) + str(text.ask("nothing"))  # type: ignore[attr-defined]


class Plugin:
    pipekit_api = 1

    @hookimpl
    def pipekit_llm_providers(self) -> Any:
        return {"acme": lambda: ScriptedProvider("fine")}


def pipeline(folder: Path, *steps: Any, model: str = "acme/m") -> Pipeline:
    workflow = Workflow(name="w", input="text", input_type=str, steps=list(steps))
    return Pipeline({}, workflow=workflow, plugins=[Plugin()], folder=folder, model=model, environ={})


def faults(folder: Path, *steps: Any, ask: Callable[[Pipeline], object] | None = None) -> list[Any]:
    with pytest.raises(PlanError) as caught:
        (ask or (lambda pipe: pipe.plan(Text("x"))))(pipeline(folder, *steps))
    return list(caught.value.faults)


def test_every_prompt_that_is_missing_is_named_with_its_step_and_its_places(tmp_path: Path) -> None:
    found = faults(tmp_path, judge)
    assert [(type(fault), fault.kind, fault.step) for fault in found] == [(PluginError, "prompt", "judge")] * 2
    assert "the step judge can't ask its model: there is no prompt for the task 'judge-first'" in found[0].message
    assert str(tmp_path / "prompts" / "judge-first.md") in found[0].where
    assert str(Path(__file__).parent / "prompts" / "judge-first.md") in found[0].where
    assert "judge-again" in found[1].message


def test_nothing_is_begun_without_them(tmp_path: Path) -> None:
    assert faults(tmp_path, judge, ask=lambda pipe: pipe.run(Text("x")))
    assert not (tmp_path / ".pipeline").exists()


def test_a_prompt_that_cannot_be_used_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "judge-first.md").write_text("---\nversoin: 1\n---\nJudge {{ text }}\n")
    (tmp_path / "prompts" / "judge-again.md").write_text("Judge {{ text }}\n")
    (fault,) = faults(tmp_path, judge)
    assert "an unknown key: versoin" in fault.message
    assert fault.where.endswith("judge-first.md:2")


def test_rules_in_the_place_of_a_model_need_no_prompt(tmp_path: Path) -> None:
    assert pipeline(tmp_path, judge, model="offline").plan(Text("x")).steps[0].uses_offline_rule


def test_what_the_source_does_not_say_is_no_fault(tmp_path: Path) -> None:
    assert [planned.name for planned in pipeline(tmp_path, mediate).plan(Text("x")).steps] == ["mediate"]


def test_another_folder_of_prompts_stands_in_for_the_projects_own(tmp_path: Path) -> None:
    for name, text in (("prompts", "Old {{ text }}\n"), ("new", "New {{ text }}\n")):
        (tmp_path / name).mkdir()
        for task in ("judge-first", "judge-again"):
            (tmp_path / name / f"{task}.md").write_text(text)
    provider = ScriptedProvider("fine")

    class Own(Plugin):
        @hookimpl
        def pipekit_llm_providers(self) -> Any:
            return {"acme": lambda: provider}

    workflow = Workflow(name="w", input="text", input_type=str, steps=[judge])
    settings: tuple[dict[str, str], ...] = ({}, {"llm.prompts": "new"})
    for setting in settings:
        pipe = Pipeline(
            {}, workflow=workflow, plugins=[Own()], folder=tmp_path, model="acme/m", environ={}, settings=setting
        )
        pipe.run(Text("x"))
    for model in ("m", "other"):
        assert [str(messages[-1].content)[:3] for messages in provider.model(model).asked] == ["Old", "New"]
    assert {one.target.parent for one in pipe.prompts()} == {tmp_path / "new"}
