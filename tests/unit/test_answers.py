"""People's answers: what fits a question, and that a run keeps them before anybody acts on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipekit import Pipeline, Question, Resume, RunResult, StepContext, Text, Workflow, settings, step
from pipekit.answers import UnfitAnswerError, fitting
from pipekit.errors import RunBusyError, StepError, UsageError
from pipekit.interfaces import Owner
from pipekit.state.record import AskedQuestion

CHOICES = {"approve": "take it", "reject": "leave it out"}


def asked(**more: Any) -> AskedQuestion:
    return AskedQuestion(key="s/k", step="s", text="?", **more)


@pytest.mark.parametrize(
    ("question", "value", "kept"),
    [
        (asked(takes="text"), "  Ada\n", "Ada"),
        (asked(takes="text", choices=CHOICES), "APPROVE ", "approve"),
        (asked(takes="text", choices=CHOICES, or_text=True), "why not?", "why not?"),
        (asked(takes="integer"), 3, 3),
        (asked(takes="number"), 3, 3),
        (asked(takes="number"), 0.5, 0.5),
        (asked(takes="boolean"), False, False),
        (asked(), {"a": (1, 2)}, {"a": [1, 2]}),
        (asked(), "", ""),
    ],
)
def test_an_answer_that_fits_is_kept_as_the_question_means_it(question: AskedQuestion, value: Any, kept: Any) -> None:
    assert fitting(question, value) == kept


@pytest.mark.parametrize(
    ("question", "value", "said"),
    [
        (asked(takes="text"), " ", "empty"),
        (asked(takes="text"), 3, "takes text, not 3"),
        (asked(takes="text", choices=CHOICES), "aprove", "did you mean approve?"),
        (asked(takes="integer"), True, "a whole number"),
        (asked(takes="integer"), "3", "a whole number"),
        (asked(takes="number"), False, "a number"),
        (asked(takes="boolean"), 1, "true or false"),
        (asked(), float("nan"), "JSON"),
        (asked(), object(), "JSON"),
    ],
)
def test_an_answer_that_cannot_be_one_is_refused_with_what_can(question: AskedQuestion, value: Any, said: str) -> None:
    with pytest.raises(UnfitAnswerError, match=said):
        fitting(question, value)


def test_choices_are_words() -> None:
    with pytest.raises(TypeError, match="returns=str"):
        Question(text="?", returns=int, choices={"one": "1"})


@step
def words(text: str) -> list[str]:
    return text.split()


@step(each="words", item_key=str)
async def judged(word: str, ctx: StepContext) -> str:
    return await ctx.answer("verdict", Question(text=f"{word}?", returns=str, choices=CHOICES, context="by the rules"))


@pytest.fixture
def pipe(tmp_path: Path) -> Pipeline:
    workflow = Workflow(name="words", input="text", input_type=str, steps=[words, judged])
    return Pipeline({}, workflow=workflow, plugins=[], folder=tmp_path)


def test_a_question_says_what_it_takes_and_which_item_it_is_about(pipe: Pipeline) -> None:
    run = pipe.run(Text("one two"))
    (one, two) = run.questions
    assert (one.key, one.item, one.takes, dict(one.choices)) == ("judged/one/verdict", "one", "text", CHOICES)
    assert pipe.questions(run.run_id) == (one, two)


def test_answers_are_kept_one_by_one_before_the_run_goes_on(pipe: Pipeline, tmp_path: Path) -> None:
    run = pipe.run(Text("one two"))

    left = pipe.answer(run.run_id, {"judged/two/verdict": "Reject"})
    again = Pipeline({}, workflow=pipe.workflow, plugins=[], folder=tmp_path)
    assert [one.key for one in left] == ["judged/one/verdict"]
    assert again.questions(run.run_id) == tuple(left)
    assert again.runs.record(run.run_id).status == "paused"

    assert again.answer(run.run_id, {"judged/one/verdict": "approve"}) == ()
    assert dict(again.resume(run.run_id).of(judged)) == {"one": "approve", "two": "reject"}


def test_of_answers_of_which_one_is_wrong_none_is_taken(pipe: Pipeline) -> None:
    run = pipe.run(Text("one two"))
    good = {"judged/one/verdict": "approve"}
    for bad, where in (
        ({"judged/two/verdict": "maybe"}, "judged/two/verdict"),
        ({"judged/no/verdict": "x"}, "judged/no"),
    ):
        with pytest.raises(UsageError) as caught:
            pipe.answer(run.run_id, {**good, **bad})
        assert caught.value.where.startswith(where)
        with pytest.raises(UsageError):
            pipe.resume(run.run_id, Resume(answers={**good, **bad}))
    assert len(pipe.questions(run.run_id)) == 2


def test_a_run_that_somebody_works_on_takes_no_answer(pipe: Pipeline) -> None:
    run = pipe.run(Text("one"))
    lease = pipe._setup.store.acquire(run.run_id, Owner.this_process())
    try:
        with pytest.raises(RunBusyError):
            pipe.answer(run.run_id, {"judged/one/verdict": "approve"})
    finally:
        lease.release()


def test_a_fork_takes_the_answers_that_it_was_given_with_it(pipe: Pipeline) -> None:
    run = pipe.run(Text("one two"))
    pipe.answer(run.run_id, {"judged/one/verdict": "reject"})
    fork = pipe.fork(run.run_id, Resume(answers={"judged/two/verdict": "APPROVE"}))
    assert dict(fork.of(judged)) == {"one": "reject", "two": "approve"}
    assert pipe.runs.record(run.run_id).status == "paused"


def test_a_choice_that_the_step_no_longer_offers_is_named(tmp_path: Path) -> None:
    offered = {"old": "as ever"}

    @step
    async def picks(text: str, ctx: StepContext) -> str:
        return await ctx.answer("which", Question(text="Which?", returns=str, choices=offered))

    workflow = Workflow(name="w", input="text", input_type=str, steps=[picks])
    pipe = Pipeline({}, workflow=workflow, plugins=[], folder=tmp_path)
    run = pipe.run(Text("a"))
    pipe.answer(run.run_id, {"picks/which": "old"})
    offered.clear()
    offered["new"] = "as of now"
    with pytest.raises(StepError, match="none of new: 'old'"):
        pipe.resume(run.run_id, Resume(stale="rerun"))


class Changing:
    """A run whose step is made again once a setting changes; what it asks may change with another one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pipe = self._pipe({})
        self.run_id = self.pipe.run(Text("one two")).run_id
        self.pipe.answer(self.run_id, {"asks/one/verdict": "approve", "asks/two/verdict": "reject"})
        assert dict(self.pipe.resume(self.run_id).of(asks)) == {"one": "approve 0", "two": "reject 0"}

    def _pipe(self, settings: dict[str, Any]) -> Pipeline:
        workflow = Workflow(name="w", input="text", input_type=str, steps=[words, asks])
        config = {"steps": {"asks": settings}} if settings else {}
        return Pipeline(config, workflow=workflow, plugins=[], folder=self.folder)

    def again(self, options: Resume, **settings: Any) -> RunResult:
        return self._pipe(settings).resume(self.run_id, options)


@settings
class AsksSettings:
    strictness: int = 0
    doubted: str = ""


@step(each="words", item_key=str)
async def asks(word: str, settings: AsksSettings, ctx: StepContext) -> str:
    doubt = " Really?" if word == settings.doubted else ""
    said = await ctx.answer("verdict", Question(text=f"{word}?{doubt}", returns=str, choices=CHOICES))
    return f"{said} {settings.strictness}"


def test_a_step_that_is_made_again_asks_nothing_that_was_answered_word_for_word(tmp_path: Path) -> None:
    changing = Changing(tmp_path)
    again = changing.again(Resume(stale="rerun"), strictness=3)
    assert dict(again.of(asks)) == {"one": "approve 3", "two": "reject 3"}
    once_more = changing.again(Resume(stale="rerun"), strictness=4)
    assert dict(once_more.of(asks)) == {"one": "approve 4", "two": "reject 4"}


def test_what_is_asked_in_other_words_is_asked_again(tmp_path: Path) -> None:
    changing = Changing(tmp_path)
    again = changing.again(Resume(stale="rerun"), doubted="two")
    assert [one.text for one in again.questions] == ["two? Really?"]
    done = changing.again(Resume(answers={"asks/two/verdict": "approve"}), doubted="two")
    assert dict(done.of(asks)) == {"one": "approve 0", "two": "approve 0"}


def test_whoever_begins_a_step_anew_is_asked_everything_again(tmp_path: Path) -> None:
    changing = Changing(tmp_path)
    again = changing.again(Resume(from_step="asks"))
    assert [one.key for one in again.questions] == ["asks/one/verdict", "asks/two/verdict"]
    later = changing.again(Resume())
    assert len(later.questions) == 2
    forked = changing.pipe.fork(changing.run_id, Resume(answers={"asks/one/verdict": "reject"}))
    assert [one.key for one in forked.questions] == ["asks/two/verdict"]


def test_an_earlier_answer_can_be_answered_better(tmp_path: Path) -> None:
    changing = Changing(tmp_path)
    done = changing.again(Resume(stale="rerun", answers={"asks/two/verdict": "approve"}), strictness=1)
    assert dict(done.of(asks)) == {"one": "approve 1", "two": "approve 1"}
