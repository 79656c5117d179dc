"""What one step changes of the values it is given, no other step sees."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from attrs import Factory, frozen

from pipekit import Artifacts, Each, Pipeline, Step, StepContext, Text, Workflow, settings, step
from pipekit.engine.copying import copied


@frozen
class Word:
    id: str


@settings
class Words:
    stop: list[str] = Factory(lambda: ["the"])


@step(provides="words")
def split_text(text: str) -> list[Word]:
    return [Word(word) for word in text.split()]


@step(each="words")
def letters(word: Word) -> list[str]:
    return list(word.id)


def run(*steps: Step[..., Any, Any], text: str = "ab c") -> Any:
    workflow = Workflow(name="w", input="text", input_type=str, steps=[split_text, *steps])
    return Pipeline({}, workflow=workflow, plugins=[], store="memory:").run(Text(text))


def test_results_of_items_are_nobody_elses() -> None:
    @step(after="letters")
    def spoils_all(letters: Each[list[str]]) -> int:
        for found in letters.values():
            found.append("spoilt")
        return 1

    @step(each="words", after="spoils-all")
    def spoils_own(word: Word, letters: list[str]) -> int:
        letters.append("spoilt")
        return len(letters)

    @step(after="spoils-own")
    def looks(letters: Each[list[str]], artifacts: Artifacts) -> list[str]:
        assert dict(artifacts.get("letters", Each[list[str]])) == dict(letters)
        return ["".join(found) for found in letters.values()]

    result = run(letters, spoils_all, spoils_own, looks)
    assert result.of(looks) == ["ab", "c"]
    assert dict(result.of(spoils_own)) == {"ab": 3, "c": 2}


def test_items_are_nobody_elses() -> None:
    @step(provides="things")
    def make_things(text: str) -> list[dict[str, object]]:
        return [{"id": "one", "tags": ["a"]}]

    @step(each="things")
    def spoils(thing: dict[str, Any]) -> int:
        thing["tags"].append("spoilt")
        return 1

    @step(each="things", after="spoils")
    def looks(thing: dict[str, Any]) -> list[str]:
        return [*thing["tags"]]

    assert dict(run(make_things, spoils, looks).of(looks)) == {"one": ["a"]}


def test_settings_are_nobody_elses() -> None:
    @step(each="words")
    def spoils(word: Word, wanted: Words) -> int:
        wanted.stop.append("spoilt")
        return len(wanted.stop)

    assert dict(run(spoils).of(spoils)) == {"ab": 2, "c": 2}


def test_kept_work_is_nobody_elses() -> None:
    @step
    async def works(text: str, ctx: StepContext) -> list[str]:
        async def work() -> dict[str, Any]:
            await asyncio.sleep(0)
            return {"found": ["a"]}

        first = await ctx.once("key", work, returns=dict[str, Any])
        first["found"].append("spoilt")
        again = await ctx.once("key", work, returns=dict[str, Any])
        return [*again["found"]]

    assert run(works).of(works) == ["a"]


@pytest.mark.parametrize("value", ["text", 3, None, Word("a")])
def test_what_cannot_be_changed_is_shared(value: object) -> None:
    assert copied(value) is value
