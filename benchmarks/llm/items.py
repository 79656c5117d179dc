"""200 items whose call takes 50 ms, 20 at once: the router and the journal against the ideal 500 ms.

Three in turns, medians count. *Model*: a LangChain model that only waits, through router and journal, so that nothing
but ours is measured. *Client*: OpenAI's real client against a server on this machine that waits, through router and
journal. *Bare*: the same client alone, with a semaphore, keeping nothing.

    python benchmarks/llm/items.py
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openai
from attrs import frozen
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_openai import ChatOpenAI
from overhead import Estimate, server

from pipekit import LLM, Pipeline, Text, Workflow, hookimpl, step
from pipekit.events import StepFinished
from pipekit.interfaces import ModelInfo, ModelOptions, ProviderFailure
from pipekit.llm.schema import schema_of

ITEMS, SECONDS, AT_ONCE, ROUNDS = 200, 0.05, 20, 7
ANSWER = '{"title": "Book an entry time", "points": 3}'


@frozen
class Word:
    """An item."""

    id: str
    text: str


@step(provides="words")
def split(text: str) -> list[Word]:  # noqa: ARG001 - the workflow begins with it
    """Make the items."""
    return [Word(f"w{number}", f"word {number}") for number in range(ITEMS)]


@step(provides="estimates", each="words")
async def estimate(word: Word, llm: LLM) -> Estimate:
    """Ask about one."""
    return await llm.ask("estimate", returns=Estimate, text=word.text)


class Waiting(BaseChatModel):
    """Answers after a while."""

    @property
    def _llm_type(self) -> str:
        return "waiting"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError

    async def _agenerate(
        self,
        messages: list[BaseMessage],  # noqa: ARG002 - as LangChain has it
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        await asyncio.sleep(SECONDS)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(ANSWER))])


class WaitingProvider:
    """Hands it over."""

    secrets: Sequence[str] = ()

    def chat_model(self, model: str, options: ModelOptions) -> BaseChatModel:  # noqa: ARG002
        return Waiting()

    def describe(self, model: str) -> ModelInfo:
        return ModelInfo(name=model)

    def models(self) -> Sequence[ModelInfo]:
        return []

    def failure(self, error: Exception) -> ProviderFailure | None:  # noqa: ARG002
        return None


class Plugin:
    """The provider as a plugin."""

    @hookimpl
    def pipekit_llm_providers(self) -> Any:
        return {"waiting": WaitingProvider}


def fanned_out(model: str, folder: Path, **providers: Any) -> float:
    """Seconds of the step that asks, its commit included."""
    from pipekit_openai import plugin as openai_plugin

    workflow = Workflow(name="w", input="text", input_type=str, steps=[split, estimate])
    config = {"run": {"concurrency": AT_ONCE}, "llm": {"model": model, "providers": providers}}
    pipe = Pipeline(config, workflow=workflow, plugins=[Plugin(), openai_plugin], folder=folder, environ={})
    took = 0.0
    for event in pipe.stream(Text("go")):
        if isinstance(event, StepFinished) and event.step == "estimate":
            took = event.duration
    return took


async def bare(url: str) -> float:
    """Seconds for the same calls of the client alone."""
    # LangChain's own client would be shared by all rounds, and outlives no event loop.
    http = openai.DefaultAsyncHttpxClient()
    client = ChatOpenAI(model="instant", base_url=url, api_key="none", max_retries=0, http_async_client=http)  # type: ignore[arg-type]
    model = client.with_structured_output(schema_of(Estimate), method="json_schema", include_raw=True)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with places:
            await model.ainvoke([HumanMessage(f"word {number}")])

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(ITEMS)))
    took = time.perf_counter() - began
    await http.aclose()
    return took


def main() -> None:
    """Measure and print."""
    ideal = ITEMS * SECONDS / AT_ONCE * 1000
    times: dict[str, list[float]] = {"model": [], "client": [], "bare": []}
    with (
        tempfile.TemporaryDirectory(prefix="pipekit-bench-", dir=os.environ.get("PIPEKIT_BENCH_DIR")) as name,
        server(SECONDS) as url,
    ):
        folder = Path(name)
        (folder / "prompts").mkdir()
        (folder / "prompts" / "estimate.md").write_text("# System\nYou estimate.\n# User\n{{ text }}\n")
        for number in range(ROUNDS + 1):
            took = {
                "model": fanned_out("waiting/m", folder),
                "client": fanned_out("openai/instant", folder, openai={"base_url": url}),
                "bare": asyncio.run(bare(url)),
            }
            for way, seconds in took.items() if number else ():  # the first round loads the packages
                times[way].append(seconds * 1000)
    print(f"{ITEMS} items of {SECONDS * 1000:.0f} ms, {AT_ONCE} at once, medians of {ROUNDS} rounds in turns:")
    print(f"  ideal                           {ideal:7.0f} ms")
    for way, told in (
        ("model", "router and journal, waiting"),
        ("client", "router and journal, client"),
        ("bare", "the client alone"),
    ):
        median = statistics.median(times[way])
        print(f"  {told:31} {median:7.0f} ms, {median / ideal:.3f} of it (the quickest {min(times[way]):.0f} ms)")


if __name__ == "__main__":
    main()
