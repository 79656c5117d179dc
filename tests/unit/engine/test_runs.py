"""Whole runs of small workflows: order, fan-out, failures, resume, events, values."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen, make_class

from pipekit import (
    Artifacts,
    Each,
    Pipeline,
    Question,
    Resume,
    Selection,
    Step,
    StepContext,
    StepError,
    Text,
    Workflow,
    step,
)
from pipekit.errors import InputError, PipekitError, PluginError, RunNotFoundError
from pipekit.errors import StepError as FailedStepError
from pipekit.events import ItemFinished, RunFinished, RunStarted, StepFinished
from pipekit.interfaces import RunQuery


class LeavesError(BaseException):
    """What a step's library may raise past ``except Exception``, as test runners and task groups do."""


_UNUSUAL_ENDS = [
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration(),
    asyncio.CancelledError(),
    LeavesError("gone"),
    BaseExceptionGroup("several", [LeavesError("gone")]),
]


@frozen
class Word:
    id: str
    text: str


@frozen
class Parts:
    first: str
    rest: tuple[str, ...]


@step(provides="words")
def split_text(text: str) -> list[Word]:
    return [Word(f"w{index}", word) for index, word in enumerate(text.split(), start=1)]


@step(provides="lengths", each="words")
async def count_letters(word: Word) -> int:
    await asyncio.sleep(0.001 * (5 - len(word.text)) if len(word.text) < 5 else 0)
    return len(word.text)


@step
def add_up(lengths: Each[int], artifacts: Artifacts) -> int:
    assert "words" in artifacts.names
    return sum(lengths.values())


def letters(*steps: Step[..., Any, Any]) -> Workflow:
    return Workflow(name="letters", input="text", input_type=str, steps=[*steps] or [split_text, count_letters, add_up])


def pipeline(*steps: Step[..., Any, Any], folder: Path | None = None, **config: Any) -> Pipeline:
    return Pipeline(config, workflow=letters(*steps), plugins=[], store=None if folder else "memory:", folder=folder)


def test_a_run_gives_typed_results_by_step_and_by_name() -> None:
    result = pipeline().run(Text("a bee sees"))

    assert result.status == "completed"
    assert result.of(add_up) == 8
    assert dict(result.of(count_letters)) == {"w1": 1, "w2": 3, "w3": 4}
    assert result.artifact("words", list[Word])[0] == Word("w1", "a")


def test_results_of_a_fan_out_come_in_input_order_whatever_finishes_first() -> None:
    assert list(pipeline().run(Text("a bb ccccc d")).of(count_letters)) == ["w1", "w2", "w3", "w4"]


def test_an_empty_collection_is_a_success() -> None:
    @step(provides="words")
    def nothing(text: str) -> list[Word]:
        return []

    assert dict(pipeline(nothing, count_letters).run(Text("x")).of(count_letters)) == {}


def test_events_tell_the_run_in_order_and_are_numbered() -> None:
    with pipeline().stream(Text("a b")) as stream:
        events = list(stream)

    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [event.step for event in events if isinstance(event, StepFinished)] == [
        "split-text",
        "count-letters",
        "add-up",
    ]
    assert {event.done for event in events if isinstance(event, ItemFinished)} == {1, 2}


def test_events_can_be_read_asynchronously() -> None:
    async def main() -> int:
        stream = pipeline().stream(Text("a b"))
        count = 0
        async for _ in stream:
            count += 1
        assert stream.result.of(add_up) == 2
        return count

    assert asyncio.run(main()) > 5


def test_a_run_works_inside_a_running_loop() -> None:
    async def notebook() -> int:
        return pipeline().run(Text("a b")).of(add_up)

    assert asyncio.run(notebook()) == 2


def test_arun_uses_the_callers_loop() -> None:
    assert asyncio.run(pipeline().arun(Text("a b"))).of(add_up) == 2


def test_leaving_a_stream_early_pauses_the_run(tmp_path: Path) -> None:
    @step
    async def wait_long(text: str) -> int:
        await asyncio.sleep(30)
        return 1

    pipe = pipeline(split_text, wait_long, folder=tmp_path)
    with pipe.stream(Text("a b")) as stream:
        for event in stream:
            if isinstance(event, StepFinished):
                break
    assert stream.result.status == "paused"
    assert stream.result.pause is not None
    assert (stream.result.pause.reason, stream.result.pause.next_step) == ("signal", "wait-long")


def test_a_cancelled_arun_leaves_the_run_paused(tmp_path: Path) -> None:
    @step
    async def wait_long(text: str) -> int:
        await asyncio.sleep(30)
        return 1

    pipe = pipeline(split_text, wait_long, folder=tmp_path)

    async def main() -> None:
        task = asyncio.create_task(pipe.arun(Text("a")))
        while not any(run.completed_steps for run in pipe.runs.find()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [run.status for run in pipe.runs.find()] == ["paused"]


def test_a_paused_run_goes_on_without_repeating_what_is_finished(tmp_path: Path) -> None:
    calls: list[str] = []

    @step(provides="words")
    def counted_split(text: str) -> list[Word]:
        calls.append("split")
        return [Word("w1", text)]

    pipe = pipeline(counted_split, count_letters, add_up, folder=tmp_path)
    paused = pipe.run(Text("abc"), select=Selection(until="counted-split"))
    again = pipeline(counted_split, count_letters, add_up, folder=tmp_path).resume(paused.run_id[:-3])

    assert (paused.status, again.status) == ("paused", "completed")
    assert again.of(add_up) == 3
    assert calls == ["split"]


def test_a_resumed_run_equals_an_undisturbed_one(tmp_path: Path) -> None:
    whole = pipeline().run(Text("a bee sees"))
    pipe = pipeline(folder=tmp_path)
    run = pipe.run(Text("a bee sees"), select=Selection(until="split-text"))
    pipe.resume(run.run_id, Resume(select=Selection(until="count-letters")))
    resumed = pipe.resume(run.run_id)

    assert {name: resumed.view.value(name) for name in resumed.view.names} == {
        name: whole.view.value(name) for name in whole.view.names
    }


def test_a_step_that_raises_fails_the_run_and_keeps_what_was_finished(tmp_path: Path) -> None:
    @step
    def breaks(words: list[Word]) -> int:
        raise KeyError("nothing there")

    pipe = pipeline(split_text, breaks, folder=tmp_path)
    with pytest.raises(PluginError, match="breaks raised KeyError") as caught:
        pipe.run(Text("a"))

    assert caught.value.run_id is not None
    assert caught.value.step == "breaks"
    view = pipe.runs.get(caught.value.run_id)
    assert view.record.status == "failed"
    assert list(view.steps) == ["split-text"]


@pytest.mark.parametrize("error", _UNUSUAL_ENDS, ids=lambda error: type(error).__name__)
def test_what_only_a_process_should_raise_is_the_steps_own_failure(error: BaseException) -> None:
    @step
    def leaves(text: str) -> int:
        raise error

    with pytest.raises(PluginError, match=f"leaves raised {type(error).__name__}"):
        pipeline(leaves).run(Text("a"))


def test_a_step_may_say_itself_that_it_failed() -> None:
    @step
    def gives_up(text: str) -> int:
        raise StepError("the text makes no sense")

    with pytest.raises(FailedStepError, match="makes no sense") as caught:
        pipeline(gives_up).run(Text("a"))
    assert caught.value.code == 5


@pytest.mark.parametrize(
    ("value", "said"),
    [(float("nan"), "not JSON"), ("text", "expected a number"), (object(), "object")],
)
def test_junk_is_refused_before_it_is_kept(value: Any, said: str) -> None:
    @step
    def gives_junk(text: str) -> float:
        return value  # type: ignore[no-any-return]

    with pytest.raises(PluginError, match="doesn't fit its type") as caught:
        pipeline(gives_junk).run(Text("a"))
    assert said in str(caught.value)


def deep(levels: int) -> Any:
    made: Any = 1
    for _ in range(levels):
        made = [made]
    return made


def circle() -> Any:
    made: list[Any] = []
    made.append(made)
    return made


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (circle(), "refers to itself"),
        (deep(5000), "nested too deeply"),
        (b"raw", "bytes is not JSON"),
        (object(), "object is not JSON"),
        (complex(1), "complex is not JSON"),
        ({"a": {"b": [1.0, float("inf")]}}, r"\$\.a\.b\[1\]: inf is not JSON"),
        (["caf\ud800"], r"\$\[0\]"),
        ({"caf\ud800": 1}, "surrogate"),
        (10**5000, "digits"),
        ((one for one in "abc"), "generator"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_step_that_may_return_anything_may_return_what_json_can_hold(value: Any, said: str) -> None:
    @step
    def gives_junk(text: str) -> Any:
        return value

    with pytest.raises(PluginError, match=said) as caught:
        pipeline(gives_junk).run(Text("a"))
    assert (caught.value.kind, caught.value.step) == ("junk", "gives-junk")


class Treacherous(list[int]):
    """A list that can't be read."""

    def __iter__(self) -> Any:
        raise LookupError("not for you")


@frozen
class Sly:
    value: int = 1

    def __getattribute__(self, name: str) -> Any:
        if name == "value":
            raise LookupError("not for you")
        return object.__getattribute__(self, name)


@pytest.mark.parametrize("value", [Treacherous([1]), Sly()], ids=["list", "class"])
def test_a_result_that_cannot_even_be_looked_at_is_the_steps_own_failure(value: Any) -> None:
    @step
    def gives_junk(text: str) -> Any:
        return value

    with pytest.raises(PluginError, match="gives-junk.*LookupError: not for you"):
        pipeline(gives_junk).run(Text("a"))


def test_a_lone_surrogate_is_refused() -> None:
    @step
    def gives_junk(text: str) -> str:
        return "caf\ud800"

    with pytest.raises(PluginError, match="lone surrogate"):
        pipeline(gives_junk).run(Text("a"))


def test_a_step_that_changes_its_input_changes_nobody_elses() -> None:
    @step
    def spoils(words: list[Word]) -> int:
        words.clear()
        return 0

    @step(after="spoils")
    def looks(words: list[Word]) -> int:
        return len(words)

    assert pipeline(split_text, spoils, looks).run(Text("a b")).of(looks) == 2


def test_one_failed_item_lets_the_others_finish_and_fails_the_step() -> None:
    seen: list[str] = []

    @step(each="words")
    def picky(word: Word) -> int:
        seen.append(word.id)
        if word.text == "bad":
            raise StepError("bad word")
        return 1

    with pytest.raises(FailedStepError, match="w2: bad word"):
        pipeline(split_text, picky).run(Text("a bad c"))
    assert sorted(seen) == ["w1", "w2", "w3"]


def test_failed_items_can_be_left_out() -> None:
    @step(each="words")
    def picky(word: Word) -> int:
        if word.text == "bad":
            raise StepError("bad word")
        return 1

    @step(each="words")
    def follows(word: Word, picky: int) -> int:
        return picky + 1

    result = pipeline(split_text, picky, follows, steps={"picky": {"onItemError": "skip"}}).run(Text("a bad c"))

    assert dict(result.of(picky)) == {"w1": 1, "w3": 1}
    assert result.of(picky).errors["w2"].reason == "bad word"
    assert result.of(follows).errors["w2"].skipped
    assert len(result.warnings) == 2


def test_two_items_with_one_id_are_an_error_that_names_the_step() -> None:
    @step(provides="words")
    def doubles(text: str) -> list[Word]:
        return [Word("w", "a"), Word("w", "b")]

    with pytest.raises(FailedStepError, match="two items of 'words' have the id 'w'") as caught:
        pipeline(doubles, count_letters).run(Text("x"))
    assert caught.value.step == "count-letters"


def test_a_step_that_hangs_is_told_with_its_place() -> None:
    @step
    def hangs(text: str) -> int:
        import time

        time.sleep(1.0)
        return 1

    with pytest.raises(PluginError, match=r"no sign of life for 0\.05 seconds") as caught:
        pipeline(hangs, steps={"hangs": {"timeout": 0.05}}).run(Text("x"))
    assert "time.sleep" in str(caught.value)


async def times_out_itself() -> int:
    async with asyncio.timeout(0.001):
        await asyncio.sleep(60)
    return 1


def reads_from_a_silent_socket() -> int:
    silent, other = socket.socketpair()
    with silent, other:
        silent.settimeout(0.001)
        return len(silent.recv(1))


def test_a_time_limit_of_the_steps_own_is_its_own_error_and_no_hang() -> None:
    @step
    async def awaits(text: str) -> int:
        return await times_out_itself()

    @step
    def reads(text: str) -> int:
        return reads_from_a_silent_socket()

    @step
    def waits(text: str, ctx: StepContext) -> int:
        return ctx.wait(times_out_itself())

    for own in (awaits, reads, waits):
        with pytest.raises(PluginError, match=f"the step {own.name} raised TimeoutError") as caught:
            pipeline(own).run(Text("x"))
        assert (caught.value.kind, caught.value.code, caught.value.step) == ("step-raised", 9, own.name)


def test_a_time_limit_of_one_items_own_is_that_items_failure() -> None:
    @step(each="words")
    async def awaits(word: Word) -> int:
        return await times_out_itself() if word.text == "slow" else 1

    result = pipeline(split_text, awaits, steps={"awaits": {"onItemError": "skip"}}).run(Text("a slow c"))
    assert "raised TimeoutError" in result.of(awaits).errors["w2"].reason


@pytest.mark.parametrize("kind", ["async", "plain", "waiting"])
def test_what_a_step_raises_is_told_with_the_line_that_raised_it(kind: str) -> None:
    def breaks() -> int:
        return int("many")  # the line

    async def breaks_later() -> int:
        await asyncio.sleep(0)
        return breaks()

    @step(name="plain")
    def plain(text: str) -> int:
        return breaks()

    @step(name="async")
    async def awaits(text: str) -> int:
        return await breaks_later()

    @step(name="waiting")
    def waits(text: str, ctx: StepContext) -> int:
        return ctx.wait(breaks_later())

    steps: dict[str, Step[..., Any, Any]] = {"plain": plain, "async": awaits, "waiting": waits}
    own = steps[kind]
    with pytest.raises(PluginError, match=f"the step {kind} raised ValueError") as caught:
        pipeline(own).run(Text("x"))
    place, _, line = caught.value.where.rpartition(":")
    assert Path(place) == Path(__file__)
    assert Path(__file__).read_text().splitlines()[int(line) - 1].endswith("# the line")


def test_work_done_once_is_kept_when_the_step_fails_later(tmp_path: Path) -> None:
    paid: list[str] = []
    fails = True

    @step
    async def costly(text: str, ctx: StepContext) -> int:
        async def ask() -> int:
            paid.append("call")
            return 7

        value = await ctx.once("call", ask, returns=int, inputs={"text": text})
        if fails:
            raise StepError("later")
        return value

    pipe = pipeline(costly, folder=tmp_path)
    with pytest.raises(FailedStepError) as caught:
        pipe.run(Text("a"))
    fails = False

    assert pipe.resume(caught.value.run_id or "").of(costly) == 7
    assert paid == ["call"]


def test_a_key_used_again_with_other_inputs_is_an_error() -> None:
    @step
    async def careless(text: str, ctx: StepContext) -> int:
        async def work() -> int:
            return 1

        await ctx.once("key", work, returns=int, inputs=1)
        return await ctx.once("key", work, returns=int, inputs=2)

    with pytest.raises(FailedStepError, match="used with other inputs"):
        pipeline(careless).run(Text("a"))


def test_a_question_pauses_the_run_and_its_answer_goes_on(tmp_path: Path) -> None:
    @step
    async def asks(text: str, ctx: StepContext) -> str:
        return await ctx.answer("colour", Question(text="Which colour?", returns=str))

    pipe = pipeline(asks, folder=tmp_path)
    paused = pipe.run(Text("a"))
    assert paused.pause is not None
    assert paused.pause.reason == "question"
    assert [question.text for question in paused.questions] == ["Which colour?"]

    done = pipe.resume(paused.run_id, Resume(answers={paused.questions[0].key: "green"}))
    assert done.of(asks) == "green"


def test_a_plain_function_may_wait_for_what_is_asynchronous() -> None:
    @step
    def waits(text: str, ctx: StepContext) -> int:
        async def later() -> int:
            await asyncio.sleep(0)
            return 5

        return ctx.wait(later())

    assert pipeline(waits).run(Text("a")).of(waits) == 5


def test_two_classes_of_one_name_are_two_types() -> None:
    def made(field: str) -> Step[..., Any, Any]:
        cls = make_class("Half", [field], frozen=True)
        cls.__module__ = cls.__qualname__ = "half"  # as a cell of a notebook that was run again makes it
        cls.__annotations__[field] = str

        def reads(words: list[Any]) -> str:
            return ",".join(str(getattr(word, field)) for word in words)

        reads.__annotations__["words"] = list[cls]  # type: ignore[valid-type]
        return Step(reads, name=f"reads-{field}")

    first, second = made("text"), made("id")
    result = pipeline(split_text, first, second).run(Text("a b"))
    assert (result.of(first), result.of(second)) == ("a,b", "w1,w2")


def test_scratch_space_is_gone_after_the_step() -> None:
    places: list[Path] = []

    @step
    def scribbles(text: str, ctx: StepContext) -> int:
        (ctx.folder / "note").write_text(text)
        places.append(ctx.folder)
        return 1

    pipeline(scribbles).run(Text("a"))
    assert not places[0].exists()


def test_a_string_is_a_path_and_a_missing_one_says_so() -> None:
    with pytest.raises(PipekitError, match="no such file") as caught:
        pipeline().run("not a text but a path")
    assert caught.value.code == InputError.code


def test_a_ready_value_of_the_input_type_is_an_input(tmp_path: Path) -> None:
    @step
    def spells(word: Word) -> str:
        return word.text[::-1]

    workflow = Workflow(name="spelling", input="word", input_type=Word, steps=[spells])
    pipe = Pipeline({}, workflow=workflow, plugins=[], folder=tmp_path)
    run = pipe.run(Word("w", "abc"))
    assert run.of(spells) == "cba"
    assert pipe.resume(run.run_id, Resume(from_step="spells")).of(spells) == "cba"


def test_runs_are_found_newest_first_and_an_unknown_one_says_so() -> None:
    pipe = pipeline()
    ids = [pipe.run(Text("a")).run_id for _ in range(3)]

    assert [run.run_id for run in pipe.runs.find(RunQuery(limit=2))] == ids[:0:-1]
    assert pipe.runs.resolve("last") == ids[-1]
    with pytest.raises(RunNotFoundError):
        pipe.runs.get("run-20000101-000000-000000")


def test_two_pipelines_share_nothing() -> None:
    one, other = pipeline(), pipeline()
    one.run(Text("a"))
    assert list(other.runs.find()) == []


def test_a_listener_that_raises_changes_nothing() -> None:
    class Noisy:
        @staticmethod
        def pipekit_event(event: object) -> None:
            raise RuntimeError("no")

    from pipekit import hookimpl

    Noisy.pipekit_event = staticmethod(hookimpl(Noisy.pipekit_event))  # type: ignore[method-assign]
    pipe = Pipeline({}, workflow=letters(), plugins=[Noisy()], store="memory:")
    assert pipe.run(Text("a")).status == "completed"


def test_a_step_for_its_effect_gives_nothing() -> None:
    done: list[str] = []

    @step
    def tells(text: str) -> None:
        done.append(text)

    result = pipeline(tells).run(Text("a"))
    assert done == ["a"]
    assert result.of(tells) is None


def test_several_artifacts_of_one_step_are_fields_of_its_result() -> None:
    @step(provides=("first", "rest"))
    def divide(text: str) -> Parts:
        first, *rest = text.split()
        return Parts(first, tuple(rest))

    @step
    def counts(first: str, rest: list[str]) -> Mapping[str, int]:
        return {first: len(rest)}

    result = pipeline(divide, counts).run(Text("a b c"))
    assert result.of(counts) == {"a": 2}
    assert result.of(divide) == Parts("a", ("b", "c"))


def test_each_piece_of_work_has_an_idempotency_key_of_its_own_that_stays_the_same(tmp_path: Path) -> None:
    keys: list[str] = []
    fails = True

    @step(each="words")
    async def pays(word: Word, ctx: StepContext) -> int:
        async def pay() -> int:
            keys.append(ctx.idempotency_key)
            return 1

        async def refund() -> int:
            keys.append(await asyncio.to_thread(lambda: ctx.idempotency_key))
            if fails:
                raise StepError("no")
            return 1

        await ctx.once("pay", pay, returns=int)
        keys.append(ctx.idempotency_key)
        return await ctx.once("refund", refund, returns=int)

    pipe = pipeline(split_text, pays, folder=tmp_path)
    with pytest.raises(FailedStepError) as caught:
        pipe.run(Text("a"))
    run = caught.value.run_id or ""
    assert keys == [f"{run}/pays/w1/pay", f"{run}/pays/w1", f"{run}/pays/w1/refund"]

    keys.clear()
    fails = False
    pipe.resume(run)
    assert keys == [f"{run}/pays/w1", f"{run}/pays/w1/refund"]
