"""A model that answers what a test says, a small meeting, and a candidate of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from attrs import define, field

from pipekit.backlog import Candidate, Meeting, Span, Utterance
from pipekit.backlog.loaders import LOADERS
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source
from pipekit.serde import structure

MEETINGS = Path(__file__).parents[3] / "data" / "meetings"


@define
class ScriptedLLM:
    """Answers every question with the same JSON, checked as a real answer is; ``asked`` has what it was asked."""

    answer: Any
    asked: list[tuple[str, dict[str, object]]] = field(factory=list)

    async def ask(self, task: str, /, *, returns: Any, key: str = "", merge: Any = None, **inputs: object) -> Any:
        self.asked.append((task, inputs))
        return structure(self.answer, returns)

    @property
    def inputs(self) -> dict[str, object]:
        """The inputs of the only question."""
        ((_, inputs),) = self.asked
        return inputs


class Ask(Protocol):
    def __call__(self, step: Any, answer: object, /, *arguments: Any, **named: Any) -> Any: ...


class Answering(Protocol):
    def __call__(self, answer: object) -> ScriptedLLM: ...


@pytest.fixture
def answering() -> Answering:
    """``answering({...})`` is a model that says this."""
    return ScriptedLLM


@pytest.fixture
def ask() -> Ask:
    """``ask(step, {...}, meeting)`` is the step's result when its model says this."""

    def asked(step: Any, answer: object, /, *arguments: Any, **named: Any) -> Any:
        work: Awaitable[Any] = step(*arguments, **named, llm=ScriptedLLM(answer))
        return asyncio.run(_awaited(work))

    return asked


@pytest.fixture
def ctx(tmp_path: Path) -> SimpleNamespace:
    """What a step may ask of its run, as far as the steps here do: the folder of the project, an empty one."""
    return SimpleNamespace(project=tmp_path)


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work


def _said(*lines: str) -> tuple[Utterance, ...]:
    rows = (line.split(": ", 1) for line in lines)
    return tuple(Utterance(text=text, line=n, last_line=n, speaker=who) for n, (who, text) in enumerate(rows, start=1))


@pytest.fixture
def garden() -> Meeting:
    """A refinement in an association of allotment gardens."""
    return Meeting(
        title="Refinement",
        attendees=("Ottla (PO)", "Bram"),
        utterances=_said(
            "Ottla (PO): Hello. The waiting list is on paper, people ask me every week.",
            "Bram: As a member I want to see my place on the waiting list. It’s fine if it is right as of last night.",
            "Ottla (PO): Do members who moved away still see it?",
            "Bram: I'd have to ask the board. Five points otherwise.",
            "Ottla (PO): And the water meters show nothing below five degrees. The pump may burst then.",
            "Bram: A bug. It's fixed when they show the level at minus ten.",
            "Ottla (PO): Could we sell seeds, too?",
            "Bram: No, the statutes don't allow it.",
            "Ottla (PO): The list has to come off the paper first, into the register.",
        ),
    )


@pytest.fixture
def waiting_list() -> Candidate:
    """The first item of the garden's meeting."""
    return Candidate(
        id="candidate-1",
        title="Show members their place on the waiting list",
        description="Members want to see their place.",
        type="feature",
        raw_context="As a member I want to see my place on the waiting list.",
        verified=True,
        acceptance_criteria=("It is right as of last night",),
        evidence=(Span(first=2, last=2, speaker="Bram"),),
        mentioned_by=("Bram",),
        discussed=(Span(first=1, last=4),),
    )


@pytest.fixture
def register() -> Candidate:
    """The item of the garden's meeting that the first one needs."""
    return Candidate(
        id="candidate-2",
        title="Keep the waiting list in the register",
        description="It is on paper.",
        type="tech-debt",
        raw_context="The list has to come off the paper first, into the register.",
        verified=True,
        evidence=(Span(first=9, last=9),),
    )


@pytest.fixture(params=sorted(path.name for path in MEETINGS.iterdir() if not path.name.endswith(".gold.yaml")))
def sample(request: pytest.FixtureRequest) -> Meeting:
    """Each of the sample meetings."""
    return load(request.param)


@pytest.fixture
def longest_sample() -> Meeting:
    """The sample meeting with the most words."""
    names: Sequence[str] = [path.name for path in MEETINGS.iterdir() if not path.name.endswith(".gold.yaml")]
    return max(map(load, names), key=lambda meeting: sum(len(one.text) for one in meeting.utterances))


def load(name: str) -> Meeting:
    content = (MEETINGS / name).read_bytes()
    made: dict[str, Any] = {key: factory() for key, factory in LOADERS.items()}
    chosen = pick_loader(Given(name=name, content=content, kind="file"), made, None, Meeting)
    assert chosen is not None
    meeting = made[chosen].load(Source(name=name, content=content))
    assert isinstance(meeting, Meeting)
    return meeting
