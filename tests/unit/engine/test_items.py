"""Fanned-out steps: every finished item is kept as it comes, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from pipekit import (
    LLM,
    Each,
    Pipeline,
    Question,
    Resume,
    SkipItemError,
    Step,
    StepContext,
    StepError,
    Text,
    Workflow,
    hookimpl,
    step,
)
from pipekit.errors import PluginError
from pipekit.errors import StepError as FailedStepError
from pipekit.events import Event, ItemFailed, ItemFinished, ItemReused, StepFinished
from pipekit.interfaces import ModelOptions, ProviderFailure
from pipekit.interfaces.state_stores import Entry, Lease
from pipekit.interfaces.steps import ItemError
from pipekit.stores.memory import MemoryStore
from pipekit.testing import ScriptedProvider
from pipekit.testing.fakes import ScriptedError, ScriptedModel


@frozen
class Word:
    id: str
    text: str


@step(provides="words")
def split_text(text: str) -> list[Word]:
    return [Word(f"w{index}", word) for index, word in enumerate(text.split(), start=1)]


def pipeline(*steps: Step[..., Any, Any], folder: Path | None = None, store: Any = None, **config: Any) -> Pipeline:
    workflow = Workflow(name="letters", input="text", input_type=str, steps=[split_text, *steps])
    kept = store or (None if folder else "memory:")
    return Pipeline(config, workflow=workflow, plugins=[], store=kept, folder=folder)


class Counting:
    """A step over words whose calls are counted; ``fails`` says which words fail."""

    def __init__(self, fails: Callable[[str], bool] = lambda _: False) -> None:
        self.calls: list[str] = []
        self.fails = fails

    def step(self) -> Step[..., Any, Any]:
        @step(provides="lengths", each="words")
        async def count_letters(word: Word) -> int:
            self.calls.append(word.text)
            await asyncio.sleep(0)
            if self.fails(word.text):
                raise StepError(f"{word.text} can't be counted")
            return len(word.text)

        return count_letters


def test_one_failing_item_lets_the_others_finish_and_only_it_runs_again(tmp_path: Path) -> None:
    counting = Counting(fails=lambda word: word == "bb")
    pipe = pipeline(counting.step(), folder=tmp_path)
    with pytest.raises(FailedStepError, match="w2: bb can't be counted") as caught:
        pipe.run(Text("a bb ccc"))
    assert sorted(counting.calls) == ["a", "bb", "ccc"]

    counting.fails = lambda _: False
    counting.calls.clear()
    stream = pipe.resume_stream(caught.value.run_id or "")
    events = list(stream)

    assert counting.calls == ["bb"]
    assert dict(stream.result.artifact("lengths", Each[int])) == {"w1": 1, "w2": 2, "w3": 3}
    assert [event.item for event in events if isinstance(event, ItemReused)] == ["w1", "w3"]
    assert [event.item for event in events if isinstance(event, ItemFinished)] == ["w2"]


def test_how_many_items_failed_is_said(tmp_path: Path) -> None:
    with pytest.raises(FailedStepError, match=r"w1: a can't be counted \(2 of 3 items failed\)"):
        pipeline(Counting(fails=lambda word: word != "bb").step()).run(Text("a bb ccc"))


def test_a_failed_item_is_marked_and_left_out_where_the_step_says_skip() -> None:
    counting = Counting(fails=lambda word: word == "bb")
    pipe = pipeline(counting.step(), steps={"count-letters": {"onItemError": "skip"}})
    stream = pipe.stream(Text("a bb ccc"))
    events = list(stream)

    lengths = stream.result.artifact("lengths", Each[int])
    assert dict(lengths) == {"w1": 1, "w3": 3}
    assert lengths.errors["w2"].reason == "bb can't be counted"
    assert not lengths.errors["w2"].skipped
    assert [event.item for event in events if isinstance(event, ItemFailed)] == ["w2"]
    assert any("w2 failed" in warning for warning in stream.result.warnings)


@pytest.mark.parametrize(
    ("least", "fails", "is_enough"),
    [(None, "a", True), (None, "a bb ccc", False), (0.6, "a", True), (0.7, "a", False), (0.0, "a bb ccc", True)],
)
def test_skipping_goes_on_only_while_enough_items_succeed(least: float | None, fails: str, is_enough: bool) -> None:
    block: dict[str, Any] = {"onItemError": "skip"} | ({} if least is None else {"minSuccess": least})
    pipe = pipeline(Counting(fails=lambda word: word in fails.split()).step(), steps={"count-letters": block})
    if is_enough:
        assert pipe.run(Text("a bb ccc")).status == "completed"
    else:
        with pytest.raises(FailedStepError, match="must succeed"):
            pipe.run(Text("a bb ccc"))


@pytest.mark.parametrize("policy", ["fail", "skip"])
@pytest.mark.parametrize("least", [None, 0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    ("good", "failing", "left_out"),
    [counts for counts in itertools.product((0, 1, 2), (0, 1, 2), (0, 1, 3)) if any(counts)],
)
def test_items_that_are_left_out_count_neither_as_a_success_nor_as_a_failure(
    policy: str, least: float | None, good: int, failing: int, left_out: int
) -> None:
    words = ["good"] * good + ["failing"] * failing + ["missing"] * left_out

    @step(provides="first", each="words")
    def makes(word: Word) -> int:
        if word.text == "missing":
            raise StepError("not made")
        return 1

    @step(provides="second", each="words")
    def follows(word: Word, first: int) -> int:
        if word.text == "failing":
            raise StepError("it failed")
        return first

    block: dict[str, Any] = {"onItemError": policy} | ({} if least is None else {"minSuccess": least})
    steps = {"makes": {"onItemError": "skip", "minSuccess": 0.0}, "follows": block}
    pipe = pipeline(makes, follows, steps=steps)
    enough = good >= 1 if least is None else good >= least * (good + failing)
    if failing == 0 or (policy == "skip" and enough):
        made = pipe.run(Text(" ".join(words))).of(follows)
        assert len(made) == good
        assert sum(error.skipped for error in made.errors.values()) == left_out
    else:
        with pytest.raises(FailedStepError, match="it failed"):
            pipe.run(Text(" ".join(words)))


def test_a_share_of_successes_is_counted_as_it_is_written() -> None:
    assert 0.28 * 25 > 7  # and yet 7 of 25 are 28 percent
    words = [f"good{index}" for index in range(7)] + [f"bad{index}" for index in range(18)]
    counting = Counting(fails=lambda word: word.startswith("bad"))
    pipe = pipeline(counting.step(), steps={"count-letters": {"onItemError": "skip", "minSuccess": 0.28}})
    assert pipe.run(Text(" ".join(words))).status == "completed"


def test_an_item_that_waits_for_an_answer_may_still_succeed() -> None:
    @step(each="words")
    async def asks(word: Word, ctx: StepContext) -> int:
        if word.text == "bad":
            raise StepError("it failed")
        return await ctx.answer("n", Question(text="How many?", returns=int))

    pipe = pipeline(asks, steps={"asks": {"onItemError": "skip"}})
    paused = pipe.run(Text("bad ask"))
    assert [asked.key for asked in paused.questions] == ["asks/w2/n"]
    assert dict(pipe.resume(paused.run_id, Resume(answers={"asks/w2/n": 3})).of(asks)) == {"w2": 3}


def test_items_that_finish_together_are_kept_together() -> None:
    groups: list[int] = []

    class Slow(MemoryStore):
        def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
            groups.append(len(entries))
            threading.Event().wait(0.05)
            super().append(lease, entries)

    counting = Counting()
    pipe = pipeline(counting.step(), store=Slow(), run={"concurrency": 40})
    pipe.run(Text(" ".join("x" * 40)))

    assert sum(groups) == 40
    assert len(groups) <= 3


def test_an_item_is_told_as_finished_only_once_it_is_kept() -> None:
    kept: set[str] = set()

    class Watching(MemoryStore):
        def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
            super().append(lease, entries)
            kept.update(entry.key for entry in entries)

    events = pipeline(Counting().step(), store=Watching()).stream(Text("a bb ccc"))
    assert [event.item in kept for event in events if isinstance(event, ItemFinished)] == [True, True, True]


def test_an_item_gives_its_place_free_before_it_is_on_the_disk() -> None:
    waiting = threading.Event()
    started: list[str] = []

    class Stuck(MemoryStore):
        def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
            # The first item can't be kept before the second one has begun, though only one may work at a time.
            assert waiting.wait(5)
            super().append(lease, entries)

    @step(provides="lengths", each="words")
    async def count_letters(word: Word) -> int:
        started.append(word.text)
        if len(started) == 2:
            waiting.set()
        return len(word.text)

    pipeline(count_letters, store=Stuck(), run={"concurrency": 1}).run(Text("a bb"))
    assert started == ["a", "bb"]


@pytest.mark.parametrize(
    ("config", "most"),
    [({"run": {"concurrency": 3}}, 3), ({"run": {"concurrency": 9, "maxConcurrency": 2}}, 2)],
)
def test_no_more_items_are_under_way_than_step_and_run_allow(config: dict[str, Any], most: int) -> None:
    under_way, seen = 0, 0

    @step(provides="lengths", each="words")
    async def count_letters(word: Word) -> int:
        nonlocal under_way, seen
        under_way += 1
        seen = max(seen, under_way)
        await asyncio.sleep(0.005)
        under_way -= 1
        return 1

    pipeline(count_letters, **config).run(Text(" ".join("x" * 12)))
    assert seen == most


def test_stopping_in_the_middle_keeps_what_is_finished_and_ends_the_rest_at_once(tmp_path: Path) -> None:
    calls: list[str] = []
    cancelled: list[str] = []

    @step(provides="lengths", each="words")
    async def count_letters(word: Word) -> int:
        calls.append(word.text)
        if word.text != "a" and len(calls) <= 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(word.text)
                raise
        return len(word.text)

    pipe = pipeline(count_letters, folder=tmp_path)
    stream = pipe.stream(Text("a bb ccc"))
    for event in stream:
        if isinstance(event, ItemFinished):
            break
    stream.close()
    paused = stream.result
    assert paused.status == "paused"
    assert sorted(cancelled) == ["bb", "ccc"]

    calls.clear()
    calls.extend(["-", "-", "-"])
    assert dict(pipe.resume(paused.run_id).artifact("lengths", Each[int])) == {"w1": 1, "w2": 2, "w3": 3}
    assert sorted(calls[3:]) == ["bb", "ccc"]


def test_the_questions_of_all_items_are_asked_at_once_and_finished_items_are_kept(tmp_path: Path) -> None:
    calls: list[str] = []

    @step(provides="lengths", each="words")
    async def count_letters(word: Word, ctx: StepContext) -> int:
        calls.append(word.text)
        if word.text == "a":
            return 1
        return await ctx.answer("how-long", Question(text=f"How long is {word.text}?", returns=int))

    pipe = pipeline(count_letters, folder=tmp_path)
    paused = pipe.run(Text("a bb ccc"))
    assert [question.text for question in paused.questions] == ["How long is bb?", "How long is ccc?"]

    calls.clear()
    answers = {question.key: 9 for question in paused.questions}
    done = pipe.resume(paused.run_id, Resume(answers=answers))
    assert dict(done.artifact("lengths", Each[int])) == {"w1": 1, "w2": 9, "w3": 9}
    assert sorted(calls) == ["bb", "ccc"]


def test_a_step_leaves_out_what_it_has_nothing_to_do_for_and_nobody_is_warned() -> None:
    @step(provides="lengths", each="words")
    async def count_letters(word: Word) -> int:
        if word.text == "a":
            raise SkipItemError("an article is no word")
        return len(word.text)

    @step(each="words")
    def doubled(word: Word, lengths: int) -> int:
        return 2 * lengths

    done = pipeline(count_letters, doubled).run(Text("a bb"))
    lengths = done.of(count_letters)
    assert (dict(lengths), lengths.errors["w1"]) == ({"w2": 2}, ItemError("an article is no word", skipped=True))
    assert dict(done.of(doubled)) == {"w2": 4}
    assert done.warnings == ("doubled: w1 left out: 'lengths' is missing for it: an article is no word",), (
        "whoever needs it says so"
    )


def test_a_step_without_items_has_none_to_leave_out() -> None:
    @step
    def count_letters(words: list[Word]) -> int:
        raise SkipItemError("nothing to do")

    with pytest.raises(FailedStepError, match="nothing to do"):
        pipeline(count_letters).run(Text("a"))


def test_an_answer_is_kept_even_when_the_next_step_fails(tmp_path: Path) -> None:
    fails = True

    @step
    async def asks(words: list[Word], ctx: StepContext) -> str:
        answer = await ctx.answer("colour", Question(text="Which colour?", returns=str))
        if fails:
            raise StepError("not yet")
        return answer

    pipe = pipeline(asks, folder=tmp_path)
    paused = pipe.run(Text("a"))
    with pytest.raises(FailedStepError):
        pipe.resume(paused.run_id, Resume(answers={"asks/colour": "green"}))
    fails = False
    assert pipe.resume(paused.run_id).of(asks) == "green"


def test_plain_functions_are_fanned_out_in_threads() -> None:
    both = threading.Barrier(2, timeout=5)

    @step(provides="lengths", each="words")
    def count_letters(word: Word) -> int:
        both.wait()
        return len(word.text)

    result = pipeline(count_letters, run={"concurrency": 2}).run(Text("a bb"))
    assert dict(result.artifact("lengths", Each[int])) == {"w1": 1, "w2": 2}


def test_keys_of_different_items_never_meet() -> None:
    @step(provides="names")
    def name_them(text: str) -> list[Word]:
        return [Word("a", "1"), Word("a/b", "2"), Word("a%2Fb", "3")]

    @step(each="names")
    async def once_each(word: Word, ctx: StepContext) -> str:
        async def work() -> str:
            return word.text

        return await ctx.once("b/c" if word.id == "a" else "c", work, returns=str)

    workflow = Workflow(name="names", input="text", input_type=str, steps=[name_them, once_each])
    result = Pipeline({}, workflow=workflow, plugins=[], store="memory:").run(Text("x"))
    assert dict(result.of(once_each)) == {"a": "1", "a/b": "2", "a%2Fb": "3"}


@pytest.mark.parametrize("key", ["caf\ud800", "", "  ", "x" * 201])
def test_what_cannot_be_an_id_is_refused(key: str) -> None:
    @step(each="words", item_key=lambda _: key)
    async def count(word: Word) -> int:
        return 1

    with pytest.raises(FailedStepError, match="no usable id"):
        pipeline(count).run(Text("a"))


def test_work_that_asks_for_itself_is_refused_and_not_waited_for() -> None:
    @step
    async def turns(text: str, ctx: StepContext) -> int:
        async def outer() -> int:
            return await ctx.once("inner", inner, returns=int)

        async def inner() -> int:
            return await ctx.once("outer", outer, returns=int)

        return await ctx.once("outer", outer, returns=int)

    with pytest.raises(FailedStepError, match="'outer' .*turns.* asks for itself"):
        pipeline(turns, steps={"turns": {"timeout": 5}}).run(Text("a"))


def test_work_under_one_key_at_the_same_time_is_done_once() -> None:
    done: list[int] = []

    @step
    async def shares(words: list[Word], ctx: StepContext) -> list[int]:
        async def work() -> int:
            done.append(1)
            await asyncio.sleep(0.01)
            return 7

        return list(await asyncio.gather(*(ctx.once("same", work, returns=int) for _ in range(5))))

    assert pipeline(shares).run(Text("a")).of(shares) == [7] * 5
    assert done == [1]


def test_work_under_one_key_is_tried_by_the_next_one_when_the_first_fails() -> None:
    tries: list[int] = []

    @step
    async def shares(words: list[Word], ctx: StepContext) -> int:
        async def work() -> int:
            tries.append(1)
            await asyncio.sleep(0.01)
            if len(tries) == 1:
                raise ValueError("the first time")
            return 7

        found = await asyncio.gather(*(ctx.once("same", work, returns=int) for _ in range(2)), return_exceptions=True)
        assert isinstance(found[0], ValueError)
        assert found[1] == 7
        return 7

    assert pipeline(shares).run(Text("a")).of(shares) == 7


def test_a_sign_of_life_renews_the_time_limit() -> None:
    @step
    async def slow(words: list[Word], ctx: StepContext) -> int:
        for part in range(6):
            await asyncio.sleep(0.05)
            ctx.progress(part / 6)
        return 1

    assert pipeline(slow, steps={"slow": {"timeout": 0.2}}).run(Text("a")).of(slow) == 1

    @step
    async def silent(words: list[Word]) -> int:
        await asyncio.sleep(5)
        return 1

    with pytest.raises(PluginError, match="no sign of life"):
        pipeline(silent, steps={"silent": {"timeout": 0.05}}).run(Text("a"))


# --- steps at the same time ------------------------------------------------------------------------------------------


def _two_branches(log: list[str]) -> list[Step[..., Any, Any]]:
    @step
    async def left(words: list[Word]) -> int:
        log.append("left begins")
        await asyncio.sleep(0.3)
        log.append("left ends")
        return 1

    @step
    async def right(words: list[Word]) -> int:
        log.append("right begins")
        await asyncio.sleep(0.01)
        log.append("right ends")
        return 2

    @step
    def both(left: int, right: int) -> int:
        return left + right

    return [left, right, both]


def test_steps_that_do_not_need_each_other_run_at_the_same_time_when_told_to() -> None:
    log: list[str] = []
    pipeline(*_two_branches(log), run={"parallelSteps": 2}).run(Text("a"))
    assert sorted(log[:2]) == ["left begins", "right begins"]
    assert log[2:] == ["right ends", "left ends"]


def test_by_default_one_step_runs_after_the_other_in_order() -> None:
    log: list[str] = []
    pipeline(*_two_branches(log)).run(Text("a"))
    assert log == ["left begins", "left ends", "right begins", "right ends"]


def test_results_are_the_same_whether_steps_run_one_by_one_or_at_once() -> None:
    serial = pipeline(*_two_branches([])).run(Text("a b"))
    parallel = pipeline(*_two_branches([]), run={"parallelSteps": 4}).run(Text("a b"))

    assert parallel.view.names == serial.view.names
    assert [parallel.artifact(name, object) for name in parallel.view.names] == [
        serial.artifact(name, object) for name in serial.view.names
    ]
    assert {key: step.sha256 for key, step in parallel.record.step_outputs.items()} == {
        key: step.sha256 for key, step in serial.record.step_outputs.items()
    }


def test_when_one_of_two_steps_fails_the_other_is_finished_and_kept(tmp_path: Path) -> None:
    calls: list[str] = []
    fails = True

    @step
    async def left(words: list[Word]) -> int:
        if fails:
            raise StepError("left is broken")
        return 1

    @step
    async def right(words: list[Word]) -> int:
        calls.append("right")
        await asyncio.sleep(0.02)
        return 2

    pipe = pipeline(left, right, folder=tmp_path, run={"parallelSteps": 2})
    events: list[Event] = []
    stream = pipe.stream(Text("a"))
    events.extend(stream)
    with pytest.raises(FailedStepError, match="left is broken") as caught:
        _ = stream.result
    assert [event.step for event in events if isinstance(event, StepFinished)] == ["split-text", "right"]

    fails = False
    assert pipe.resume(caught.value.run_id or "").of(left) == 1
    assert calls == ["right"]


# --- items that don't fit --------------------------------------------------------------------------------------------


def test_items_that_only_their_values_show_to_be_wrong_name_the_step_that_made_them() -> None:
    @step(provides="things")
    def make_things(text: str) -> list[object]:
        return [{"id": "w1", "text": "one"}, {"id": "w2", "text": 2}]

    @step(each="things")
    def measure(thing: Word) -> int:
        return len(thing.text)

    with pytest.raises(PluginError, match="item 2 of 'things', made by the step make-things, is not what") as caught:
        pipeline(make_things, measure).run(Text("a"))
    assert "measure takes as 'thing'" in str(caught.value)
    assert (caught.value.kind, caught.value.step) == ("junk", "measure")
    assert "--from-step make-things" in caught.value.hint


def test_an_item_key_that_raises_is_the_steps_own_failure() -> None:
    def key_of(word: Word) -> str:
        raise KeyError("nothing")

    @step(each="words", item_key=key_of)
    def measure(word: Word) -> int:
        return 1

    with pytest.raises(PluginError, match="item_key of the step measure raised KeyError on item 1 of 'words'"):
        pipeline(measure).run(Text("a"))


class Told(MemoryStore):
    """A store that keeps a reply only once ``may_keep`` is set, or after a while, and says which it was."""

    def __init__(self, patience: float) -> None:
        super().__init__()
        self.patience = patience
        self.may_keep = threading.Event()
        self.was_set: list[bool] = []

    def append(self, lease: Lease, entries: Sequence[Entry]) -> None:
        if any(entry.kind == "reply" for entry in entries):
            self.was_set.append(self.may_keep.wait(self.patience))
        super().append(lease, entries)


class Judging(ScriptedModel):
    """A model that tells how often it was asked."""

    _told: Callable[[int], None]
    _count: int = 0

    def __init__(self, told: Callable[[int], None]) -> None:
        super().__init__(["fine"])
        self._told = told

    async def _agenerate(self, *arguments: Any, **named: Any) -> Any:
        self._count += 1
        self._told(self._count)
        return await super()._agenerate(*arguments, **named)


class JudgingProvider(ScriptedProvider):
    """Hands it over."""

    def __init__(self, told: Callable[[int], None]) -> None:
        super().__init__()
        self.judging = Judging(told)

    def chat_model(self, model: str, options: ModelOptions) -> Any:
        return self.judging


@pytest.mark.parametrize(("concurrency", "is_lent"), [(1, False), (2, True)])
def test_other_items_are_worked_on_while_replies_are_being_kept_but_one_alone_is_done_first(
    concurrency: int, is_lent: bool, tmp_path: Path
) -> None:
    store = Told(10 if is_lent else 0.2)

    def told(count: int) -> None:
        if count > concurrency:
            store.may_keep.set()

    provider = JudgingProvider(told)

    class Plugin:
        @hookimpl
        def pipekit_llm_providers(self) -> Any:
            return {"judging": lambda: provider}

    @step(provides="verdicts", each="words")
    async def judge(word: Word, llm: LLM) -> str:
        return await llm.ask("judge", returns=str, text=word.text)

    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "judge.md").write_text("# User\n{{ text }}\n", encoding="utf-8")
    workflow = Workflow(name="letters", input="text", input_type=str, steps=[split_text, judge])
    config = {"llm": {"model": "judging/m"}, "run": {"concurrency": concurrency}}
    pipe = Pipeline(config, workflow=workflow, plugins=[Plugin()], store=store, folder=tmp_path, environ={})

    result = pipe.run(Text("a bb ccc"))

    assert dict(result.artifact("verdicts", Each[str])) == dict.fromkeys(("w1", "w2", "w3"), "fine")
    assert store.was_set[0] == is_lent


def test_a_step_tells_how_many_answers_each_model_gave_those_of_an_earlier_attempt_too(tmp_path: Path) -> None:
    gone = ScriptedError(ProviderFailure(kind="not-found", message="it is gone"))
    provider = ScriptedProvider(own=["yes", gone, gone, gone], other=["no", "no"])
    is_broken = [True]

    class Plugin:
        @hookimpl
        def pipekit_llm_providers(self) -> Any:
            return {"scripted": lambda: provider}

    @step(provides="verdicts", each="words")
    async def judge(word: Word, llm: LLM) -> str:
        if word.id == "w3" and is_broken:
            raise StepError(str(is_broken.pop()))
        return await llm.ask("judge", returns=str, text=word.text)

    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "judge.md").write_text("# User\n{{ text }}\n", encoding="utf-8")
    workflow = Workflow(name="letters", input="text", input_type=str, steps=[split_text, judge])
    config = {"llm": {"model": "scripted/own", "fallback": ["scripted/other"]}, "run": {"concurrency": 1}}
    pipe = Pipeline(config, workflow=workflow, plugins=[Plugin()], folder=tmp_path, environ={})
    with pytest.raises(FailedStepError) as caught:
        pipe.run(Text("a bb ccc"))

    result = pipe.resume(str(caught.value.run_id))

    judged = next(one for one in result.record.step_outputs.values() if one.name == "judge")
    assert judged.answered_by == {"scripted/own": 1, "scripted/other": 2}
    assert len(provider.model("other").asked) == 2


def test_items_set_out_one_after_the_other_so_that_the_first_call_waits_for_no_other_items_preparations() -> None:
    log: list[str] = []

    @step(provides="lengths", each="words")
    async def count_letters(word: Word) -> int:
        log.append(f"{word.id} sets out")
        for _ in range(3):
            await asyncio.sleep(0)
        log.append(f"{word.id} calls")
        await asyncio.sleep(0.05)
        return len(word.text)

    pipeline(count_letters, run={"concurrency": 3}).run(Text("a bb ccc"))

    assert log == [f"w{number} {what}" for number in (1, 2, 3) for what in ("sets out", "calls")]
