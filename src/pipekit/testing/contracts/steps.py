"""What every step must do, whatever it makes: its work goes into files, is taken up again, and is paid for once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipekit.errors import PipekitError, StepError
from pipekit.input_values import Text
from pipekit.interfaces import ProviderFailure, Step
from pipekit.interfaces.llm_providers import FailureKind
from pipekit.llm.prompts import normalised
from pipekit.pipeline import Pipeline
from pipekit.planning.signature import read_signature
from pipekit.planning.step_prompts import prompts_beside, tasks_of
from pipekit.serde import encode, unstructure
from pipekit.testing.contracts.contract import Contract
from pipekit.testing.fakes import Outcome, ScriptedError, ScriptedProvider
from pipekit.testing.running import Replies, pipeline_of, run_step, script_of, with_answers

__all__ = ["StepContract"]

#: The roles and texts of the messages, delimiters made alike.
_Question = tuple[tuple[str, str], ...]
#: At how many of its questions a run is broken off.
_BROKEN_OFF = 6

#: What models say when they go wrong: nothing, chatter, half an answer, and answers to another question.
_JUNK = ("", "I am sorry, I can't do that.", '{"id": ', "[]", '{"no": "such answer"}', "null", "42")


class StepContract(Contract):
    """Subclass it as ``TestAcmeStep``, name the ``step``, write the fixture ``inputs``, for a model ``replies``.

    ``inputs`` are the artifacts that it takes, by name: for one with ``each=`` the list of items, at least two of them,
    and for an artifact that is fanned out a mapping, item id → value. ``replies`` are what the model says, one for each
    question. ``settings`` are the step's own, ``config`` what else is configured, ``plugins`` what else is needed, and
    ``answers`` what people say to what it asks them, as `run_step` takes it.
    """

    step: ClassVar[Step[..., Any, Any]]
    config: ClassVar[Mapping[str, object]] = {}
    plugins: ClassVar[Sequence[object]] = ()
    answers: ClassVar[Mapping[str, object]] = {}

    # --- what an author writes ---------------------------------------------------------------------------------------

    @pytest.fixture
    def inputs(self) -> Mapping[str, object]:
        """The artifacts that the step takes."""
        return {}

    @pytest.fixture
    def replies(self) -> Replies:
        """What a model says to it; none for a step that asks none."""
        return ()

    @pytest.fixture
    def settings(self) -> object:
        """Its settings; None for the defaults."""
        return None

    # --- the tests ---------------------------------------------------------------------------------------------------

    def test_its_signature_says_what_it_takes_and_makes(self) -> None:
        """Every parameter and the result has a type: the plan is made of them, before anything runs."""
        assert isinstance(getattr(self, "step", None), Step), f"{type(self).__name__} needs step = the step to test"
        read_signature(self.step)

    def test_it_makes_something_that_can_be_kept(
        self, inputs: Mapping[str, object], replies: Replies, settings: object
    ) -> None:
        """By the engine, and of the type that it says."""
        encode(unstructure(self._made(inputs, replies, settings)))

    def test_the_same_inputs_and_replies_give_the_same(
        self, inputs: Mapping[str, object], replies: Replies, settings: object
    ) -> None:
        """No chance, clock or earlier run is in it: a result that is made anew can be compared with the old one."""
        first = self._made(inputs, replies, settings)
        assert self._made(inputs, replies, settings) == first, "done again, it makes something else"

    def test_it_leaves_what_it_is_given_as_it_is(
        self, inputs: Mapping[str, object], replies: Replies, settings: object
    ) -> None:
        """Each step has a copy of its own; but whoever calls the function in a program hands over the original."""
        signature = read_signature(self.step)
        plain = {need.name for need in signature.needs} & set(inputs)
        if replies or any(one.kind in ("service", "item") for one in signature.parameters) or not plain:
            pytest.skip("the function can't be called by itself: it takes services or items")
        before = {name: encode(unstructure(value)) for name, value in inputs.items()}
        given = dict(inputs) | {
            one.name: settings for one in signature.parameters if one.kind == "settings" and settings
        }
        made = self.step(**{name: value for name, value in given.items() if name in plain or value is settings})
        if asyncio.iscoroutine(made):
            asyncio.run(made)
        changed = [name for name, value in inputs.items() if encode(unstructure(value)) != before[name]]
        assert not changed, f"it changes {', '.join(changed)}"

    def test_each_item_has_its_own_result(
        self, inputs: Mapping[str, object], replies: Replies, settings: object
    ) -> None:
        """Alone it gets the same result as among others, where no model is asked."""
        if self.step.each is None or replies:
            pytest.skip("it isn't worked on for each item, or asks a model")
        together = self._made(inputs, replies, settings)
        items = list(inputs[self.step.each])  # type: ignore[call-overload]
        assert len(items) > 1, f"inputs has {len(items)} of {self.step.each}: two are needed to tell them apart"
        assert len(together) == len(items)
        for item, key in zip(items, together, strict=True):
            one = {**_of_item(inputs, key), self.step.each: [item]}
            assert self._made(one, replies, settings)[key] == together[key], f"alone, {key} has another result"

    def test_without_a_model_it_does_what_it_says(self, inputs: Mapping[str, object], settings: object) -> None:
        """With ``offline=`` it runs by that rule; without one it is refused before the run, and never in its middle."""
        if not self._asks():
            pytest.skip("it asks no model")
        if self.step.offline is not None:
            encode(unstructure(self._made(inputs, (), settings)))
            return
        with pytest.raises(PipekitError) as caught:
            self._made(inputs, (), settings)
        assert not isinstance(caught.value, StepError), "that it needs a model is found out only when it runs"

    def test_its_prompts_are_in_the_package(self) -> None:
        """Beside the step's module, and among the files that are installed."""
        tasks = tasks_of(self.step)
        if not tasks:
            pytest.skip("it names no prompt")
        folder = prompts_beside(self.step.fn)
        missing = [f"{task}.md" for task in tasks if not (folder / f"{task}.md").is_file()]
        assert not missing, f"missing in {folder}: {', '.join(missing)}"
        shipped = _shipped_prompts(self.step.fn.__module__.partition(".")[0])
        if shipped is not None:
            left = [f"{task}.md" for task in tasks if f"{task}.md" not in shipped]
            assert not left, f"not among the files of the installed package: {', '.join(left)}"

    @pytest.mark.parametrize("said", _JUNK)
    def test_words_that_are_no_answer_do_not_break_it(
        self, inputs: Mapping[str, object], replies: Replies, settings: object, said: str
    ) -> None:
        """Models talk. What comes of it is a failure of the run's, or a result; never an error of the step's own."""
        self._needs_replies(replies)
        broken = ""
        try:
            self._made(inputs, (said,), settings)
        except PipekitError as error:
            broken = str(error) if error.kind == "step-raised" else ""
        assert not broken, f"the step itself breaks on {said!r}: {broken}"

    @pytest.mark.parametrize("kind", ["server", "auth"])
    def test_without_an_answer_there_is_no_result(
        self, inputs: Mapping[str, object], replies: Replies, settings: object, kind: FailureKind
    ) -> None:
        """A model that can't be had makes the run fail, to be gone on with later: a result would stay."""
        self._needs_replies(replies)
        failure = ScriptedError(ProviderFailure(kind=kind, message="not to be had, says the contract"))
        script = script_of([failure])
        config = self._config()
        pipeline = pipeline_of(self.step, inputs, script=script, settings=settings, config=config, plugins=self.plugins)
        with pytest.raises(PipekitError):
            with_answers(pipeline, pipeline.run(Text("-")), self.answers)

    def test_a_resume_asks_nothing_twice(
        self, inputs: Mapping[str, object], replies: Replies, settings: object
    ) -> None:
        """Broken off at any question, the run goes on with that one: what was answered is paid for, and kept."""
        self._needs_replies(replies)
        whole = _Counted(replies)
        wanted = self._run(whole, inputs, settings)
        needed = len(whole.answered)
        for answered in range(min(needed, _BROKEN_OFF)):
            script = _Counted(replies, seen=whole, fails_at=answered)
            pipeline = self._pipeline(script, inputs, settings)
            with pytest.raises(PipekitError):
                with_answers(pipeline, pipeline.run(Text("-")), self.answers)
            script.fails_at = None
            made = with_answers(pipeline, pipeline.resume("last"), self.answers).of(self.step)
            pipeline.close()
            twice = len(script.answered) - needed
            assert not twice, f"broken off after {answered} answers, {twice} questions are answered once more"
            assert made == wanted, f"broken off after {answered} answers, the result is another one"

    def test_answers_that_come_one_by_one_give_the_same_and_cost_no_more(
        self, inputs: Mapping[str, object], replies: Replies, settings: object
    ) -> None:
        """People answer when they can. Whatever has been done when they do isn't done, or paid for, again."""
        if not self.answers:
            pytest.skip("it asks nobody, as far as its answers say")
        whole = _Counted(replies or ("",))
        wanted = self._run(whole, inputs, settings, replies=replies)
        script = _Counted(replies or ("",), seen=whole)
        pipeline = self._pipeline(script, inputs, settings, replies=replies)
        try:
            result = pipeline.run(Text("-"))
            assert result.questions, "it has answers, and asks nothing"
            while result.questions:
                key = result.questions[0].key
                pipeline.answer(result.run_id, {key: self.answers[key.partition("/")[2]]})
                result = pipeline.resume(result.run_id)
            made = result.of(self.step)
        finally:
            pipeline.close()
        assert made == wanted, "answered one by one, the result is another one"
        more = len(script.answered) - len(whole.answered)
        assert not more, f"answered one by one, {more} questions to the model are answered once more"

    # --- what the tests use ------------------------------------------------------------------------------------------

    def _made(self, inputs: Mapping[str, object], replies: Replies, settings: object) -> Any:
        return run_step(
            self.step,
            replies=replies or None,
            settings=settings,
            config=self.config,
            plugins=self.plugins,
            answers=self.answers,
            **inputs,
        )

    def _asks(self) -> bool:
        return read_signature(self.step).service("llm") is not None

    def _needs_replies(self, replies: Replies) -> None:
        if not self._asks():
            pytest.skip("it asks no model")
        assert replies, f"{self.step.name} asks a model: write the fixture `replies` that returns what the model says"

    def _pipeline(
        self, script: _Counted, inputs: Mapping[str, object], settings: object, *, replies: Replies = ("",)
    ) -> Pipeline:
        """The step's pipeline with the script's model, or without any where there are no ``replies``."""
        provider = script.provider if replies else None
        config = self._config()
        return pipeline_of(self.step, inputs, script=provider, settings=settings, config=config, plugins=self.plugins)

    def _config(self) -> Mapping[str, object]:
        """One try a question: the failure of a test is no accident to be waited for."""
        return {**self.config, "llm": {**_inner(self.config, "llm"), "retry": {"attempts": 1}}}

    def _run(
        self, script: _Counted, inputs: Mapping[str, object], settings: object, *, replies: Replies = ("",)
    ) -> Any:
        pipeline = self._pipeline(script, inputs, settings, replies=replies)
        try:
            return with_answers(pipeline, pipeline.run(Text("-")), self.answers).of(self.step)
        finally:
            pipeline.close()


def _inner(config: Mapping[str, object], key: str) -> Mapping[str, Any]:
    found = config.get(key, {})
    return found if isinstance(found, Mapping) else {}


class _Counted:
    """Scripted replies that are counted, with a failure in the place of one of them.

    They come in turn, or, once a whole run has been seen, each to the question that it was the reply to.
    """

    def __init__(self, replies: Replies, *, seen: _Counted | None = None, fails_at: int | None = None) -> None:
        self._words = list(script_of(replies).model("m").script)
        self.by_question: dict[_Question, Outcome] = {} if seen is None else dict(seen.by_question)
        self.fails_at = fails_at
        self.answered: list[_Question] = []
        self.provider = ScriptedProvider(self._say)

    def _say(self, messages: Sequence[Any]) -> Any:
        question = tuple((str(one.type), normalised(str(one.text))) for one in messages)
        if self.fails_at == len(self.answered):
            raise ScriptedError(ProviderFailure(kind="refused", message="broken off by the contract"))
        turn = self._words[min(len(self.answered), len(self._words) - 1)]
        word = self.by_question.setdefault(question, turn)
        self.answered.append(question)
        if isinstance(word, Exception):
            raise word
        return word(messages) if callable(word) else word


def _of_item(inputs: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The inputs with the results of one item alone, where they are told apart by items."""
    return {
        name: {key: value[key]} if isinstance(value, Mapping) and key in value else value
        for name, value in inputs.items()
    }


def _shipped_prompts(package: str) -> set[str] | None:
    """The names of the Markdown files in a distribution; None for one that isn't there, or is installed as a link."""
    for name in metadata.packages_distributions().get(package, ()):
        found = metadata.distribution(name)
        files = found.files or []
        if any(Path(str(one)).suffix == ".md" or Path(str(one)).parts[0] == package for one in files):
            return {Path(str(one)).name for one in files if Path(str(one)).suffix == ".md"}
    return None
