"""The bridge to LangChain: a pipeline as a Runnable. The other way, `step.from_runnable`, needs only duck typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pipekit.arguments import expect
from pipekit.errors import UsageError
from pipekit.input_values import Text
from pipekit.interfaces.steps import Step

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from pipekit.pipeline import Pipeline
    from pipekit.results import RunResult

__all__ = ["pipeline_runnable"]


def pipeline_runnable(
    pipeline: Pipeline, *, of: Step[..., Any, Any] | None, accepts: Literal["text", "path"]
) -> Runnable[Any, Any]:
    """A Runnable that runs the pipeline: text (or a path) in, the result or the artifact of the step ``of`` out.

    A string is text with ``accepts="text"`` and a path with ``accepts="path"``; any other value goes in as it is.
    """
    from langchain_core.runnables import RunnableLambda

    if accepts not in ("text", "path"):
        raise UsageError(f"accepts must be text or path, not {accepts!r}")
    if of is not None:
        expect(of, "of", Step, "a step, a function with @step")

    def given(value: Any) -> Any:
        return Text(value) if accepts == "text" and isinstance(value, str) else value

    def chosen(result: RunResult) -> Any:
        return result if of is None else result.of(of)

    def invoke(value: Any) -> Any:
        return chosen(pipeline.run(given(value)))

    async def ainvoke(value: Any) -> Any:
        return chosen(await pipeline.arun(given(value)))

    return RunnableLambda(invoke, afunc=ainvoke, name="pipekit")
