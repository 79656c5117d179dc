"""One step, or one whole run, by the real engine: in memory, without a file, a key or a network."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from pipekit.errors import UsageError
from pipekit.hookspecs import hookimpl
from pipekit.input_values import Input, Text
from pipekit.interfaces.output_formats import RunView
from pipekit.interfaces.steps import Step
from pipekit.interfaces.workflows import Workflow
from pipekit.options import Resume
from pipekit.pipeline import Pipeline
from pipekit.results import RunResult
from pipekit.serde import encode, unstructure
from pipekit.testing.fakes import Outcome, ScriptedProvider
from pipekit.testing.givers import givers
from pipekit.testing.sample import SAMPLE

__all__ = ["Replies", "pipeline_of", "run_step", "sample_run", "script_of", "with_answers"]

A = TypeVar("A")

#: What a model says, one reply a question in turn: the answer itself, its words, an error, or a function of the
#: messages; the last one is said again and again.
Replies = Sequence[Outcome | object]

_INPUT = "nothing_at_all"
_MODEL = "scripted/m"


def run_step(
    step: Step[..., Any, A],
    *,
    replies: Replies | None = None,
    settings: object = None,
    config: Mapping[str, object] | None = None,
    plugins: Sequence[object] = (),
    answers: Mapping[str, object] | None = None,
    **artifacts: object,
) -> A:
    """What a step makes of these artifacts: its value, or ``Each[value]`` for one with ``each=``.

    The engine runs it as in a run: artifacts and result go through JSON, items are told apart by their ids. An artifact
    that is fanned out is given as a mapping, item id → value. ``replies`` are what a model says, and without them the
    step's ``offline=`` rule is used; items are worked on one after the other, so that replies come in their order.
    ``settings`` are the step's own, ``config`` is laid below them, ``plugins`` bring what the step asks for beside
    (retrievers, output formats). ``answers`` are what a person says to the step's questions, by the key that the step
    asks under, behind the item's id for one with ``each=`` (``candidate-1/owner``). A step that fails, or asks what
    nobody answers, raises `PipekitError`.
    """
    script = None if replies is None else script_of(replies)
    pipeline = pipeline_of(step, artifacts, script=script, settings=settings, config=config, plugins=plugins)
    try:
        return with_answers(pipeline, pipeline.run(Text("-")), answers or {}).of(step)
    finally:
        pipeline.close()


def with_answers(pipeline: Pipeline, result: RunResult, answers: Mapping[str, object]) -> RunResult:
    """The run once all that it asks is answered, and what it asks then; see `run_step`."""
    while result.questions:
        asked = {one.key: one.key.partition("/")[2] for one in result.questions}
        missing = [short for short in asked.values() if short not in answers]
        if missing:
            raise UsageError(
                f"the step asks {', '.join(map(repr, missing))}, and answers has no answer",
                kind="answer",
                run_id=result.run_id,
                hint=f"give it: answers={{{missing[0]!r}: …}}",
            )
        result = pipeline.resume(result.run_id, Resume(answers={key: answers[short] for key, short in asked.items()}))
    return result


def sample_run(
    workflow: str = "backlog", source: Input | None = None, *, plugins: Sequence[object] | None = None
) -> RunView:
    """A finished run of an installed workflow, by rules and without a model, to make outputs of.

    Its meeting holds what meetings hold and what attackers put there: markup, formulas, signs that turn the direction
    of reading. ``source`` is another input; ``plugins`` are used in the place of the installed ones.
    """
    pipeline = Pipeline({}, workflow=workflow, store="memory:", environ={}, model="offline", plugins=plugins)
    return pipeline.run(Text(SAMPLE, name="sample.txt") if source is None else source).view


def script_of(replies: Replies) -> ScriptedProvider:
    """A provider whose model says these replies; values are said as JSON."""
    if not replies:
        raise UsageError("replies are empty: a model that is asked has to say something", kind="argument")
    return ScriptedProvider(*map(_said, replies))


def _said(reply: Any) -> Outcome:
    from langchain_core.messages import AIMessage

    if isinstance(reply, (str, AIMessage, Exception)) or (callable(reply) and not attrs.has(type(reply))):
        return reply  # type: ignore[no-any-return]
    return encode(unstructure(reply)).decode()


def pipeline_of(
    step: Step[..., Any, Any],
    artifacts: Mapping[str, object],
    *,
    script: ScriptedProvider | None = None,
    settings: object = None,
    config: Mapping[str, object] | None = None,
    plugins: Sequence[object] = (),
) -> Pipeline:
    """A pipeline of this step alone, behind steps that give the artifacts."""
    own = {} if settings is None else {step.name: unstructure(settings)}
    whole = {**(config or {}), "steps": {**_mapping(config, "steps"), **own}}
    whole["run"] = {"concurrency": 1, **_mapping(config, "run")}
    return Pipeline(
        whole,
        workflow=Workflow(
            name="one-step", input=_INPUT, input_type=str, steps=[*givers(step, artifacts), _alone(step)]
        ),
        plugins=[*plugins, *([_Scripted(script)] if script is not None else [])],
        store="memory:",
        environ={},
        model="offline" if script is None else _MODEL,
    )


def _alone(step: Step[..., Any, Any]) -> Step[..., Any, Any]:
    """The step without the neighbours that it wants to stand beside: there are none here."""
    alone = copy.copy(step)
    alone.after = alone.before = ()
    return alone


def _mapping(config: Mapping[str, object] | None, key: str) -> Mapping[str, Any]:
    found = (config or {}).get(key, {})
    return found if isinstance(found, Mapping) else {}


class _Scripted:
    """The plugin that brings the scripted model."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self._provider = provider

    @hookimpl
    def pipekit_llm_providers(self) -> Mapping[str, Callable[[], ScriptedProvider]]:
        """One provider, whose every model is the script."""
        return {"scripted": lambda: self._provider}
