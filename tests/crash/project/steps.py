"""A small workflow in which every piece of work, and everything that is told as done, leaves a mark outside the run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from pipekit import Each, Rendering, Step, StepContext, StepError, Workflow, hookimpl, settings, step
from pipekit.events import Event, ItemFinished, RunStarted, StepFinished
from pipekit.interfaces import FormatName, OutputFile, RunView

pipekit_api = 1


def mark(text: str) -> None:
    """One line, in one write."""
    fd = os.open(os.environ["CRASH_MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, f"{text}\n".encode())
    os.close(fd)


@frozen
class Word:
    """A word to be weighed."""

    id: str
    text: str


@settings
class WeighSettings:
    """How heavy a letter is."""

    letter: int = 1


@settings
class PublishSettings:
    """The formats of the outputs."""

    formats: tuple[FormatName, ...] = (FormatName("weights"),)


@step(provides="words")
def split(text: str) -> list[Word]:
    """The words of a text."""
    mark("did split")
    return [Word(f"w{number}", word) for number, word in enumerate(text.split(), start=1)]


@step(provides="weights", each="words")
async def weigh(word: Word, own: WeighSettings, ctx: StepContext) -> int:
    """The weight of a word, looked up once."""

    async def look_up() -> int:
        mark(f"did look-up {word.id}")
        return len(word.text) * own.letter

    found = await ctx.once("look-up", look_up, returns=int, inputs=word.text)
    mark(f"told look-up {word.id}")
    if word.id in os.environ.get("CRASH_FAILS", "").split():
        raise StepError(f"{word.text} can't be weighed")
    mark(f"did item weigh {word.id}")
    return found


@step(provides="labels", each="words")
def label(word: Word, weights: int) -> str:
    """A label for a word."""
    mark(f"did item label {word.id}")
    return f"{word.text}: {weights}"


def spelling() -> Step[..., Any, Any]:
    """A step that waits for nothing but the words; made here, since a step of the module is in every workflow."""

    @step(provides="spellings", each="words")
    def spell(word: Word) -> str:
        """The letters of a word."""
        mark(f"did item spell {word.id}")
        return "-".join(word.text)

    return spell


@step
def total(weights: Each[int]) -> int:
    """All weights together."""
    mark("did total")
    return sum(weights.values())


@step
def publish(labels: Each[str], total: int, rendering: Rendering, own: PublishSettings) -> int:
    """Files for people."""
    mark("did publish")
    return len(rendering.render(own.formats))


class Weights:
    """Two text files."""

    needs: Sequence[str] = ("labels", "total")

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """The labels, and the total in a folder."""
        labels = "\n".join(run.value("labels").values())
        yield OutputFile(path="labels.txt", content=labels.encode())
        yield OutputFile(path="sums/total.txt", content=str(run.value("total")).encode())


@hookimpl
def pipekit_workflows() -> list[Workflow]:
    """The workflow of this project, and one in which two steps are open at the same time."""
    return [
        Workflow(
            name="weighing",
            input="text",
            input_type=str,
            steps=[split, weigh, label, total, publish],
            numbered=["split", "weigh", "label"],
        ),
        Workflow(
            name="side-by-side",
            input="text",
            input_type=str,
            steps=[split, weigh, spelling(), total],
            numbered=["split"],
        ),
    ]


@hookimpl
def pipekit_output_formats() -> Mapping[str, Any]:
    """Its one format."""
    return {"weights": Weights}


@hookimpl
def pipekit_event(event: Event) -> None:
    """What a user is told."""
    if isinstance(event, RunStarted):
        mark(f"told run {event.run_id}")
    elif isinstance(event, ItemFinished):
        mark(f"told item {event.step} {event.item}")
    elif isinstance(event, StepFinished):
        mark(f"told {event.step}")
