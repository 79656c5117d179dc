"""What the router costs: one question through it, against the bare LangChain model with the same messages and schema.

Both ask a server on this machine that answers at once, in turns, one call at a time; medians count. *Bare* is
``ChatOpenAI`` as LangChain makes it, told the schema; *unread* is the same without LangChain's reading of the answer,
which nobody uses alone; *guarded* is the provider's own model (redirects off, answers bounded) as LangChain tells it
the schema, without the router; *router* renders the prompt, makes the schema, asks the guarded model without that
reading, and checks the answer itself; *kept* keeps the reply in a run's journal as well, durable before it is read.

    python benchmarks/llm/overhead.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pipekit_openai.provider import OpenAIProvider, OpenAISettings

from pipekit import LLM, Pipeline, Text, Workflow, step
from pipekit.interfaces import ModelInfo, ModelOptions
from pipekit.llm.ask import Asking, ModelService
from pipekit.llm.candidates import Candidate
from pipekit.llm.limits import Limits, account
from pipekit.llm.prompts import read_prompt, render_prompt
from pipekit.llm.schema import schema_of
from pipekit.state.record import Usage

ROUNDS, WARM = 400, 40
PROMPT = "---\nversion: 1\n---\n# System\nYou estimate work items.\n# User\nThe item:\n\n{{ text }}\n"
TEXT = "As a visitor I want to book an entry time so that I don't have to stand in the rain. " * 20
Ask = Callable[[], Awaitable[Any]]


@frozen
class Estimate:
    """An estimate."""

    title: str
    points: int


class Quiet:
    """Nobody is told."""

    def started(self, model: str, task: str) -> None: ...
    def retried(self, model: str, reason: str, wait: float) -> None: ...
    def failed(self, model: str, reason: str) -> None: ...
    def finished(self, model: str, usage: Usage) -> None: ...
    def counted(self, usage: Usage) -> None: ...
    def answered(self, model: str) -> None: ...
    def prompted(self, task: str, digest: str) -> None: ...


@contextmanager
def server(seconds: float = 0.0) -> Iterator[str]:
    """The address of a server of its own process."""
    script = Path(__file__).with_name("instant_server.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.stdin.close()
        process.wait(10)


def router(url: str, folder: Path) -> ModelService:
    """The service `LLM` over the provider, without a run around it."""
    provider = OpenAIProvider(OpenAISettings(base_url=url))
    candidate = Candidate(
        reference="openai/instant",
        provider_name="openai",
        name="instant",
        provider=provider,
        info=ModelInfo(name="instant", methods=("json_schema",)),
        account=account("bench", Limits()),
    )
    asking = Asking(candidate_of=lambda _: candidate)
    return ModelService(asking, ["openai/instant"], ModelOptions(timeout=60.0), prompt_folders=[folder], tell=Quiet())


def ways(url: str, folder: Path) -> dict[str, Ask]:
    """One call in each of the ways."""
    service = router(url, folder)
    rendered = render_prompt(read_prompt(folder / "estimate.md"), {"text": TEXT})
    messages = [SystemMessage(rendered.system), HumanMessage(rendered.user)]

    def shaped(model: Any) -> Any:
        return model.with_structured_output(schema_of(Estimate), method="json_schema", include_raw=True)

    # The arguments that the provider gives, without its clients.
    bare = shaped(ChatOpenAI(model="instant", base_url=url, api_key="none", max_retries=0, timeout=60))  # type: ignore[arg-type]
    guarded = shaped(OpenAIProvider(OpenAISettings(base_url=url)).chat_model("instant", ModelOptions(timeout=60.0)))
    return {
        "bare": lambda: bare.ainvoke(messages),
        "unread": lambda: bare.first.steps__["raw"].ainvoke(messages),
        "guarded": lambda: guarded.ainvoke(messages),
        "router": lambda: service.ask("estimate", returns=Estimate, text=TEXT),
    }


async def in_turns(asks: dict[str, Ask]) -> dict[str, tuple[float, float]]:
    """Milliseconds of each way: the median, and what the quickest tenth took, which a busy machine disturbs less."""
    took: dict[str, list[float]] = {name: [] for name in asks}
    for number in range(WARM + ROUNDS):
        for name, ask in asks.items():
            began = time.perf_counter()
            await ask()
            if number >= WARM:
                took[name].append((time.perf_counter() - began) * 1000)
    return {name: (statistics.median(row), statistics.quantiles(row, n=10)[0]) for name, row in took.items()}


def measured(url: str, folder: Path) -> dict[str, tuple[float, float]]:
    """All ways in turns, inside a step of a run on disk: that is where replies are kept and attempts are events."""
    found: dict[str, tuple[float, float]] = {}

    @step(provides="estimate")
    async def estimate(text: str, llm: LLM) -> int:
        count = [0]

        async def kept() -> None:
            count[0] += 1
            await llm.ask("estimate", returns=Estimate, text=text, key=str(count[0]))

        found.update(await in_turns({**ways(url, folder / "prompts"), "kept": kept}))
        return count[0]

    (folder / "prompts").mkdir()
    (folder / "prompts" / "estimate.md").write_text(PROMPT)
    workflow = Workflow(name="estimating", input="text", input_type=str, steps=[estimate])
    config = {"llm": {"model": "openai/instant", "providers": {"openai": {"base_url": url}}}}
    Pipeline(config, workflow=workflow, folder=folder, environ={}).run(Text(TEXT))
    return found


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory(prefix="pipekit-bench-", dir=os.environ.get("PIPEKIT_BENCH_DIR")) as name,
        server() as url,
    ):
        found = measured(url, Path(name))
    print(f"one call against a server that answers at once, medians of {ROUNDS} (and the quickest tenth), in turns:")
    for way, (median, quick) in found.items():
        bare, bare_quick = found["bare"]
        print(
            f"  {way:8} {median:6.2f} ms, {median - bare:+.2f} ms, {median / bare:.2f} times bare"
            f" ({quick:.2f} ms, {quick - bare_quick:+.2f} ms, {quick / bare_quick:.2f} times)"
        )


if __name__ == "__main__":
    main()
