"""Steps with one defect each: they count words, or ask a model how large a story is."""

from __future__ import annotations

import contextlib
import json
import random
import uuid
from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest
from attrs import frozen

from pipekit import LLM, Question, StepContext, step
from pipekit.errors import PipekitError
from pipekit.testing import Replies, StepContract


@frozen
class Story:
    id: str
    words: str


@frozen
class Size:
    points: int
    why: str


STORIES = (Story("a", "book a seat"), Story("b", "cancel a booking for a whole group"), Story("c", "pay"))


def size_by_rule(story: Story) -> Size:
    return Size(len(story.words.split()), "by its words")


# --- steps without a model ------------------------------------------------------------------------------------------


class CountingStep(StepContract):
    __test__ = False
    caught_by: ClassVar[set[str]] = set()

    @pytest.fixture
    def inputs(self) -> Mapping[str, object]:
        return {"stories": list(STORIES)}


@step(each="stories")
def count_words(story: Story) -> Size:
    return size_by_rule(story)


class TestGood(CountingStep):
    __test__ = True
    step = count_words


@step
def count_all(stories: list[Story]) -> int:
    return sum(len(story.words.split()) for story in stories)


class TestGoodWhole(CountingStep):
    __test__ = True
    step = count_all


@step(each="stories")
def count_without_types(story):  # type: ignore[no-untyped-def]
    return size_by_rule(story)


NOTHING_RUNS = {
    "test_each_item_has_its_own_result",
    "test_it_makes_something_that_can_be_kept",
    "test_the_same_inputs_and_replies_give_the_same",
}


class TestWithoutTypes(CountingStep):
    __test__ = True
    step = count_without_types
    caught_by: ClassVar = NOTHING_RUNS | {
        "test_a_resume_asks_nothing_twice",
        "test_it_leaves_what_it_is_given_as_it_is",
        "test_its_prompts_are_in_the_package",
        "test_its_signature_says_what_it_takes_and_makes",
        "test_without_a_model_it_does_what_it_says",
        "test_without_an_answer_there_is_no_result",
        "test_words_that_are_no_answer_do_not_break_it",
    }


@step(each="stories")
def count_otherwise(story: Story) -> Size:
    return {"points": 1}  # type: ignore[return-value]


class TestGivesSomethingElse(CountingStep):
    __test__ = True
    step = count_otherwise
    caught_by: ClassVar = NOTHING_RUNS


@step
def mean_words(stories: list[Story]) -> float:
    return float("nan")


class TestGivesWhatNoFileTakes(CountingStep):
    __test__ = True
    step = mean_words
    caught_by: ClassVar = NOTHING_RUNS - {"test_each_item_has_its_own_result"}


@step
def guess(stories: list[Story]) -> float:
    return random.random()


class TestChanceIsInIt(CountingStep):
    __test__ = True
    step = guess
    caught_by: ClassVar = {"test_the_same_inputs_and_replies_give_the_same"}


@step
def turn_them(stories: list[Story]) -> int:
    stories.reverse()
    return len(stories)


class TestChangesWhatItIsGiven(CountingStep):
    __test__ = True
    step = turn_them
    caught_by: ClassVar = {"test_it_leaves_what_it_is_given_as_it_is"}


@step(each="stories")
def number_them(story: Story, stories: Sequence[Story]) -> Size:
    return Size(len(stories), f"one of {len(stories)}")


class TestDependsOnTheOthers(CountingStep):
    __test__ = True
    step = number_them
    caught_by: ClassVar = {"test_each_item_has_its_own_result"}


@step(each="stories")
def give_up(story: Story) -> Size:
    raise ValueError("too many words")


class TestBreaks(CountingStep):
    __test__ = True
    step = give_up
    caught_by: ClassVar = NOTHING_RUNS


# --- steps that ask a model -----------------------------------------------------------------------------------------


class AskingStep(CountingStep):
    __test__ = False

    @pytest.fixture
    def replies(self) -> Replies:
        return [Size(3, "small"), Size(8, "a group"), Size(1, "tiny")]


@step(each="stories", offline=size_by_rule)
async def size_it(story: Story, llm: LLM) -> Size:
    return await llm.ask("size-it", returns=Size, story=story.words)


class TestGoodAsking(AskingStep):
    __test__ = True
    step = size_it


@step(each="stories")
async def size_without_rule(story: Story, llm: LLM) -> Size:
    return await llm.ask("size-it", returns=Size, story=story.words)


class TestGoodWithoutARule(AskingStep):
    __test__ = True
    step = size_without_rule


@step(each="stories", offline=size_by_rule)
async def size_without_prompt(story: Story, llm: LLM) -> Size:
    return await llm.ask("size-it-well", returns=Size, story=story.words)


class TestItsPromptIsMissing(AskingStep):
    __test__ = True
    step = size_without_prompt
    caught_by: ClassVar = {
        "test_a_resume_asks_nothing_twice",
        "test_it_makes_something_that_can_be_kept",
        "test_its_prompts_are_in_the_package",
        "test_the_same_inputs_and_replies_give_the_same",
    }


def size_by_another_rule(story: Story) -> str:
    return story.words


@step(each="stories", offline=size_by_another_rule)
async def size_with_another_rule(story: Story, llm: LLM) -> Size:
    return await llm.ask("size-it", returns=Size, story=story.words)


class TestItsRuleGivesSomethingElse(AskingStep):
    __test__ = True
    step = size_with_another_rule
    caught_by: ClassVar = {"test_without_a_model_it_does_what_it_says"}


@step(each="stories", offline=size_by_rule)
async def size_by_words(story: Story, llm: LLM) -> Size:
    said = await llm.ask("size-it", returns=str, story=story.words)
    return Size(json.loads(said)["points"], "as it says")


class TestBreaksOnWordsThatAreNoAnswer(AskingStep):
    __test__ = True
    step = size_by_words
    caught_by: ClassVar = {"test_words_that_are_no_answer_do_not_break_it"}


@step(each="stories", offline=size_by_rule)
async def size_in_any_case(story: Story, llm: LLM) -> Size:
    with contextlib.suppress(PipekitError):
        return await llm.ask("size-it", returns=Size, story=story.words)
    return Size(5, "no idea")


class TestMakesSomethingOutOfNothing(AskingStep):
    __test__ = True
    step = size_in_any_case
    caught_by: ClassVar = {"test_a_resume_asks_nothing_twice", "test_without_an_answer_there_is_no_result"}


@step(offline=lambda stories: 1)
async def size_all(stories: list[Story], llm: LLM) -> int:
    asked = [await llm.ask("size-it", returns=Size, key=one.id, story=f"{one.words} {uuid.uuid4()}") for one in stories]
    return sum(one.points for one in asked)


class TestAsksOtherwiseEachTime(AskingStep):
    __test__ = True
    step = size_all
    caught_by: ClassVar = {"test_a_resume_asks_nothing_twice"}


@step(offline=lambda stories: 1)
async def size_all_well(stories: list[Story], llm: LLM) -> int:
    asked = [await llm.ask("size-it", returns=Size, key=one.id, story=one.words) for one in stories]
    return sum(one.points for one in asked)


class TestGoodWholeAsking(AskingStep):
    __test__ = True
    step = size_all_well


@step(each="stories", offline=size_by_rule)
async def size_at_random(story: Story, llm: LLM) -> Size:
    found = await llm.ask("size-it", returns=Size, story=story.words)
    return Size(found.points + random.randrange(1_000_000), found.why)


class TestChanceIsInTheAnswer(AskingStep):
    __test__ = True
    step = size_at_random
    caught_by: ClassVar = {
        "test_a_resume_asks_nothing_twice",
        "test_the_same_inputs_and_replies_give_the_same",
    }


@step(each="stories", offline=size_by_rule)
async def size_with_people(story: Story, llm: LLM, ctx: StepContext) -> Size:
    found = await llm.ask("size-it", returns=Size, story=story.words)
    return Size(found.points, await ctx.answer("why", Question(text=f"Why {found.points}?", returns=str)))


class AskingPeople(AskingStep):
    answers: ClassVar = {f"{story.id}/why": f"{story.id} is so" for story in STORIES}


class TestGoodAskingPeople(AskingPeople):
    __test__ = True
    step = size_with_people


@step(each="stories", offline=size_by_rule)
async def size_anew_with_people(story: Story, llm: LLM, ctx: StepContext) -> Size:
    found = await llm.ask("size-it", returns=Size, story=f"{story.words} {uuid.uuid4()}")
    return Size(found.points, await ctx.answer("why", Question(text="Why?", returns=str)))


class TestPaysAnewForEachAnswer(AskingPeople):
    __test__ = True
    step = size_anew_with_people
    caught_by: ClassVar = {
        "test_a_resume_asks_nothing_twice",
        "test_answers_that_come_one_by_one_give_the_same_and_cost_no_more",
    }


class TestNobodyAnswers(AskingPeople):
    __test__ = True
    step = size_with_people
    answers: ClassVar = {"a/why": "it is so"}
    caught_by: ClassVar = {
        "test_a_resume_asks_nothing_twice",
        "test_answers_that_come_one_by_one_give_the_same_and_cost_no_more",
        "test_it_makes_something_that_can_be_kept",
        "test_the_same_inputs_and_replies_give_the_same",
    }
