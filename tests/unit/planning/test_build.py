"""The plan: which steps run, in which order, with which model, and everything that can be wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from pipekit import LLM, Artifacts, Rendering, Selection, Workflow, settings, step
from pipekit.config import Override, load_configuration
from pipekit.errors import ConfigError, PlanError, PluginError, ProviderError, UsageError
from pipekit.interfaces import FormatName
from pipekit.planning.build import make_plan
from pipekit.planning.members import Registered
from pipekit.planning.plan import Plan
from pipekit.planning.request import PlanRequest
from pipekit.state.record import StepRecord


@frozen
class Word:
    id: str
    text: str


@settings
class CountSettings:
    least: int = 1


@settings
class WriteSettings:
    formats: tuple[FormatName, ...] = (FormatName("json"),)


@step(provides="words")
def split_text(text: str) -> tuple[Word, ...]:
    return tuple(Word(str(index), word) for index, word in enumerate(text.split()))


def _count(word: Word, settings: CountSettings) -> int:
    return len(word.text)


@step(provides="lengths", each="words", offline=_count)
async def count_letters(word: Word, settings: CountSettings, llm: LLM) -> int:
    return await llm.ask("count-letters", returns=int, word=word)


@step
def add_up(words: Sequence[Word], lengths: Mapping[str, int] | None = None) -> int:
    return len(words)


@step
def write_all(artifacts: Artifacts, rendering: Rendering, settings: WriteSettings) -> None:
    rendering.render(settings.formats)


WORKFLOW = Workflow(
    name="letters",
    input="text",
    input_type=str,
    steps=[split_text, count_letters, add_up, write_all],
    numbered=["split-text", "count-letters", "write-all"],
)


class FakeInstalled:
    """Knows one provider that needs a key, and one format that needs an artifact."""

    def secrets_of(self, provider: str) -> Sequence[str]:
        if provider == "acme":
            return ("ACME_KEY",)
        raise PluginError(f"no plugin brings the provider {provider}", kind="missing", hint="pip install . ./plugins/x")

    def is_priced(self, reference: str) -> bool:
        return reference == "acme/large"

    def needs_of(self, output_format: str) -> Sequence[str]:
        if output_format == "json":
            return ("words", "lengths?")
        if output_format == "table":
            return ("lengths",)
        raise PluginError(f"no plugin brings the output format {output_format}", kind="missing")


MakePlan = Callable[..., Plan]


@pytest.fixture
def plan(tmp_path: Path) -> MakePlan:
    def make(
        config: str = "",
        *,
        workflow: Workflow = WORKFLOW,
        registered: Sequence[Registered] = (),
        overrides: Sequence[Override] = (),
        environ: Mapping[str, str] | None = None,
        **request: Any,
    ) -> Plan:
        (tmp_path / "pipekit.yaml").write_text(config)
        environ = {"XDG_CONFIG_HOME": str(tmp_path / "none"), **(environ or {})}
        configuration = load_configuration(None, folder=tmp_path, environ=environ, overrides=overrides)
        return make_plan(
            PlanRequest(
                workflow=workflow,
                registered=registered,
                configuration=configuration,
                installed=FakeInstalled(),
                environ=environ,
                **request,
            )
        )

    return make


def names(plan: Plan) -> list[str]:
    return [planned.name for planned in plan.to_run]


def faults(caught: pytest.ExceptionInfo[PlanError]) -> list[str]:
    return [str(fault) for fault in caught.value.faults]


def test_with_no_configuration_every_step_runs_offline_in_order(plan: MakePlan) -> None:
    made = plan()

    assert names(made) == ["split-text", "count-letters", "add-up", "write-all"]
    assert [planned.key for planned in made.steps] == [1, 2, "add-up", 3]
    counting = made.find("count-letters")
    assert counting is not None
    assert counting.model == "offline"
    assert counting.uses_offline_rule
    assert str(counting.reason) == "enabled by default"
    split = made.find("split-text")
    assert split is not None
    assert split.model is None, "it asks no model"


def test_a_step_that_gathers_comes_last_whatever_its_place(plan: MakePlan) -> None:
    shuffled = Workflow(
        name="letters", input="text", input_type=str, steps=[write_all, add_up, count_letters, split_text]
    )
    assert names(plan(workflow=shuffled))[-1] == "write-all"


def test_a_disabled_step_is_skipped_and_says_where(plan: MakePlan) -> None:
    made = plan("steps:\n  count-letters:\n    enabled: false\n")

    skipped = made.find("count-letters")
    assert skipped is not None
    assert skipped.decision == "skip"
    assert "pipekit.yaml:3" in str(skipped.reason)
    assert "add-up" in names(made), "its parameter has a default"


def test_disabling_what_others_need_is_said_with_the_line(plan: MakePlan) -> None:
    with pytest.raises(PlanError) as caught:
        plan("steps:\n  step1:\n    enabled: false\n")

    first = caught.value.faults[0]
    assert isinstance(first, ConfigError)
    assert "needs 'words', which split-text makes" in first.message
    assert "pipekit.yaml:3" in first.where
    assert "--skip" in first.hint


def test_skipping_by_flag_what_others_need_is_a_usage_error(plan: MakePlan) -> None:
    with pytest.raises(PlanError) as caught:
        plan(selection=Selection(skip=["1"]))
    assert all(isinstance(fault, UsageError) for fault in caught.value.faults)
    assert caught.value.code == 2


def test_steps_are_named_by_number_stepn_or_name_in_any_spelling(plan: MakePlan) -> None:
    for spelling in ("2", "step2", "count-letters", "countLetters", "COUNT_LETTERS"):
        made = plan(selection=Selection(skip=[spelling]))
        assert "count-letters" not in names(made), spelling


def test_an_unknown_step_gets_a_suggestion(plan: MakePlan) -> None:
    with pytest.raises(PlanError) as caught:
        plan(selection=Selection(until="count-leters"))
    assert caught.value.faults[0].hint == "did you mean count-letters?"


def test_only_runs_these_and_needs_what_is_there(plan: MakePlan) -> None:
    assert names(plan(selection=Selection(only="split-text"))) == ["split-text"]
    with pytest.raises(PlanError, match="needs 'words'"):
        plan(selection=Selection(only="add-up"))


def test_finished_steps_are_reused_and_from_step_runs_them_again(plan: MakePlan) -> None:
    finished = {name: a_record(name) for name in ("split-text", "count-letters")}

    assert names(plan(finished=finished)) == ["add-up", "write-all"]
    assert names(plan(finished=finished, from_step="2")) == ["count-letters", "add-up", "write-all"]


def test_from_step_is_refused_while_a_step_before_it_is_unfinished(plan: MakePlan) -> None:
    with pytest.raises(PlanError) as caught:
        plan(finished={"split-text": a_record("split-text")}, from_step="write-all")

    assert isinstance(caught.value.faults[0], UsageError)
    assert "step 2 (count-letters) before it is not finished" in caught.value.faults[0].message


def test_from_step_is_refused_where_nothing_would_run_again_and_says_why(plan: MakePlan) -> None:
    finished = {name: a_record(name) for name in ("split-text", "count-letters")}
    with pytest.raises(PlanError) as caught:
        plan(finished=finished, from_step="3", selection=Selection(only="count-letters"), run_id="run-1")

    (fault,) = caught.value.faults
    assert isinstance(fault, UsageError)
    assert "--from-step 3 would run nothing: write-all is not among --only" in fault.message
    assert "pipekit resume run-1 --from-step 3 --only 3" in fault.hint
    assert names(plan(finished=finished, from_step="2", selection=Selection(only="count-letters"))) == ["count-letters"]


def test_from_step_is_refused_where_the_run_leaves_all_of_it_out(plan: MakePlan) -> None:
    finished = {name: a_record(name) for name in ("split-text", "count-letters", "add-up")}
    with pytest.raises(PlanError, match="would run nothing: write-all is left out by --skip write-all") as caught:
        plan(finished=finished, from_step="write-all", selection=Selection(skip="3"))
    assert "leave it out of --skip" in caught.value.faults[0].hint


def test_from_step_is_refused_where_the_configuration_leaves_all_of_it_out(plan: MakePlan) -> None:
    finished = {name: a_record(name) for name in ("split-text", "count-letters", "add-up")}
    with pytest.raises(PlanError, match="would run nothing: write-all is disabled"):
        plan("steps:\n  write-all: {enabled: false}\n", finished=finished, from_step="write-all")


def test_all_faults_are_reported_at_once_each_with_its_place(plan: MakePlan) -> None:
    config = "steps:\n  step2:\n    leest: 2\n  stepp3: {}\nllm:\n  temperature: hot\n"

    with pytest.raises(PlanError) as caught:
        plan(config, selection=Selection(skip="nothing"))

    text = "\n".join(faults(caught))
    assert len(caught.value.faults) == 4
    assert "pipekit.yaml:3" in text
    assert "pipekit.yaml:4" in text
    assert "pipekit.yaml:6" in text
    assert "--skip" in text


def test_a_models_provider_that_is_not_installed_is_named_with_the_install_line(plan: MakePlan) -> None:
    with pytest.raises(PlanError) as caught:
        plan("steps:\n  step2:\n    model: nowhere/large\n")

    fault = caught.value.faults[0]
    assert isinstance(fault, PluginError)
    assert fault.code == 9
    assert "pipekit.yaml:3" in fault.where
    assert "pip install" in fault.hint


def test_a_missing_key_is_named_by_its_variable(plan: MakePlan) -> None:
    with pytest.raises(PlanError) as caught:
        plan("llm: {model: acme/large}")

    fault = caught.value.faults[0]
    assert isinstance(fault, ProviderError)
    assert (fault.kind, fault.variable, caught.value.code) == ("auth", "ACME_KEY", 6)
    made = plan("llm: {model: acme/large}", environ={"ACME_KEY": "x"})
    counting = made.find("count-letters")
    assert counting is not None
    assert counting.model == "acme/large"
    assert not counting.uses_offline_rule


def test_a_model_given_for_all_steps_beats_a_steps_own(plan: MakePlan) -> None:
    made = plan("steps: {step2: {model: nowhere/large}}", overrides=[Override.model("offline")])
    counting = made.find("count-letters")
    assert counting is not None
    assert counting.model == "offline"


def test_a_step_with_a_model_and_no_offline_rule_says_what_to_do(plan: MakePlan) -> None:
    @step
    async def dream(text: str, llm: LLM) -> str:
        return await llm.ask("dream", returns=str, text=text)

    workflow = Workflow(name="dreams", input="text", input_type=str, steps=[dream])
    with pytest.raises(PlanError) as caught:
        plan(workflow=workflow)
    assert "--skip dream" in caught.value.faults[0].hint
    assert "--model" in caught.value.faults[0].hint


def test_an_unknown_format_and_one_whose_needs_are_not_made_are_faults(plan: MakePlan) -> None:
    with pytest.raises(PlanError) as caught:
        plan("steps:\n  step3:\n    formats: [json, pdf, table]\n  step2: {enabled: false}\n")

    text = "\n".join(faults(caught))
    assert "output format pdf" in text
    assert "the output format table needs 'lengths'" in text
    assert "pipekit.yaml:3" in text


def test_two_makers_of_one_artifact_are_settled_by_use(plan: MakePlan) -> None:
    @step(provides="words")
    def split_lines(text: str) -> tuple[Word, ...]:
        return ()

    both = Workflow(name="both", input="text", input_type=str, steps=[split_text, split_lines, add_up])

    with pytest.raises(PlanError, match="two steps make 'words'") as caught:
        plan(workflow=both)
    assert "use:" in caught.value.faults[0].hint
    assert names(plan("use: {words: split-lines}", workflow=both)) == ["split-text", "split-lines", "add-up"]


@step(provides="words")
def split_again(text: str) -> tuple[Word, ...]:
    return ()


BOTH = Workflow(
    name="both",
    input="text",
    input_type=str,
    steps=[split_text, split_again, add_up],
    numbered=["split-text", "split-again"],
)


@pytest.mark.parametrize("named", ["split-again", "splitAgain", "SPLIT_AGAIN", "step2", "'2'"])
@pytest.mark.parametrize("artifact", ["words", "WORDS"])
def test_use_takes_a_step_by_every_name_it_goes_by(plan: MakePlan, named: str, artifact: str) -> None:
    made = plan(f"use: {{{artifact}: {named}}}", workflow=BOTH)
    summing = made.find("add-up")
    assert summing is not None
    assert "split-again" in summing.waits_for
    assert "split-text" not in summing.waits_for


@pytest.mark.parametrize(
    ("use", "hint"),
    [
        ("words: splt-again", "did you mean split-again?"),
        ("words: add-up", "there are: split-text, split-again"),
        ("wrods: split-again", "did you mean words?"),
        ("nothing: split-again", "there are: words, add_up"),
    ],
)
def test_a_near_miss_under_use_is_told_with_what_was_meant(plan: MakePlan, use: str, hint: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(f"use: {{{use}}}", workflow=BOTH)
    (wrong,) = [
        fault
        for fault in caught.value.faults
        if str(fault).startswith("pipekit.yaml:1:") and "use: no step" in str(fault)
    ]
    assert wrong.kind == "unknown-name"
    assert wrong.hint == hint


def test_an_artifact_of_the_wrong_type_is_a_fault_that_says_the_right_one(plan: MakePlan) -> None:
    @step
    def misuse(words: int) -> int:
        return words

    workflow = Workflow(name="w", input="text", input_type=str, steps=[split_text, misuse])
    with pytest.raises(PlanError, match="takes 'words' as int"):
        plan(workflow=workflow)


def test_fields_are_published_of_a_class_that_has_them(plan: MakePlan) -> None:
    @frozen
    class Extremes:
        shortest: int
        longest: int

    def of(returns: object, *provides: str) -> Workflow:
        def compare(text: str) -> object:
            raise NotImplementedError

        compare.__annotations__["return"] = returns
        return Workflow(name="w", input="text", input_type=str, steps=[step(provides=provides)(compare)])

    assert names(plan(workflow=of(Extremes, "shortest", "longest"))) == ["compare"]
    assert names(plan(workflow=of(dict[str, int], "shortest", "longest"))) == ["compare"]
    for wrong in (tuple[int, int], int):
        with pytest.raises(PlanError, match="provides 'shortest', which its return type hasn't as a field"):
            plan(workflow=of(wrong, "shortest", "longest"))
    with pytest.raises(PlanError, match="provides 'middle'"):
        plan(workflow=of(Extremes, "shortest", "middle"))


def test_a_need_that_nobody_provides_gets_a_suggestion(plan: MakePlan) -> None:
    @step
    def typo(wrods: list[Word]) -> int:
        return 0

    workflow = Workflow(name="w", input="text", input_type=str, steps=[split_text, typo])
    with pytest.raises(PlanError, match="needs 'wrods', which no step makes") as caught:
        plan(workflow=workflow)
    assert "did you mean 'words'?" in caught.value.faults[0].hint


def test_an_optional_need_that_nobody_provides_is_a_warning(plan: MakePlan) -> None:
    @step
    def typo(words: list[Word], lenghts: int = 0) -> int:
        return 0

    workflow = Workflow(name="w", input="text", input_type=str, steps=[split_text, count_letters, typo])
    assert any("did you mean 'lengths'?" in warning for warning in plan(workflow=workflow).warnings)


def test_steps_that_wait_for_each_other_are_named_with_the_path(plan: MakePlan) -> None:
    @step(after="second")
    def first(text: str) -> int:
        return 0

    @step(after="first")
    def second(text: str) -> int:
        return 0

    workflow = Workflow(name="w", input="text", input_type=str, steps=[first, second])
    with pytest.raises(PlanError, match="wait for each other: "):
        plan(workflow=workflow)


def test_a_registered_step_joins_its_workflow_and_no_other(plan: MakePlan) -> None:
    @step(workflow="letters", after="add-up")
    def joins(words: list[Word]) -> int:
        return 0

    @step
    def stays_out(words: list[Word]) -> int:
        return 0

    registered = [Registered(step=joins, package="pkg 1.0"), Registered(step=stays_out, package="pkg 1.0")]

    made = plan(registered=registered)
    assert names(made) == ["split-text", "count-letters", "add-up", "joins", "write-all"]
    joined = made.find("joins")
    assert joined is not None
    assert "pkg 1.0" in str(joined.reason)
    assert "stays-out" in names(plan("steps: {stays-out: {enabled: true}}", registered=registered))


def test_settings_are_filled_and_wrong_ones_are_faults_with_line_and_column(plan: MakePlan) -> None:
    made = plan("steps: {step2: {least: 4}}")
    counting = made.find("count-letters")
    assert counting is not None
    assert counting.settings["settings"] == CountSettings(least=4)

    with pytest.raises(PlanError) as caught:
        plan('steps:\n  step2:\n    least: "4"\n')
    assert caught.value.faults[0].where.endswith("pipekit.yaml:3:12")


def test_a_name_that_could_leave_its_folder_is_a_fault(plan: MakePlan) -> None:
    @step(name="../../evil")
    def evil(text: str) -> int:
        return 0

    with pytest.raises(PlanError, match="can't have that name"):
        plan(workflow=Workflow(name="w", input="text", input_type=str, steps=[evil]))


def test_two_steps_of_one_name_in_a_workflow_are_a_fault(plan: MakePlan) -> None:
    @step(name="add-up")
    def other(words: list[Word]) -> int:
        return 0

    with pytest.raises(PlanError, match="two steps of the workflow w are called add-up"):
        plan(workflow=Workflow(name="w", input="text", input_type=str, steps=[split_text, add_up, other]))


def a_record(name: str) -> StepRecord:
    from datetime import UTC, datetime

    return StepRecord(
        key=name, name=name, path="", sha256="", size=0, started_at=datetime(2026, 1, 1, tzinfo=UTC), duration=0.0
    )


def test_the_plan_says_which_models_cheapest_first_asks_last_for_want_of_a_price(plan: MakePlan) -> None:
    config = "llm: {model: acme/large, fallback: [acme/dear, acme/x], strategy: cheapest-first}"
    made = plan(config, environ={"ACME_KEY": "x"})
    assert [warning.partition(" costs")[0] for warning in made.warnings] == [
        "nobody knows what acme/dear",
        "nobody knows what acme/x",
    ]
    assert "llm.models.acme/dear takes inputPrice and outputPrice" in made.warnings[0]
    assert plan(config.replace("cheapest-first", "cascade"), environ={"ACME_KEY": "x"}).warnings == ()


# --- where faults are, and in which order ----------------------------------------------------------------------------


def test_a_fault_in_a_list_is_at_its_entry(plan: MakePlan) -> None:
    config = (
        "llm:\n  model: near/x\n  fallback:\n    - near/y\n    - far/z\n    - acme/a\n"
        "steps:\n  write-all: {formats: [json, nope, markup]}\n"
    )
    with pytest.raises(PlanError) as caught:
        plan(config)
    assert faults(caught) == [
        "pipekit.yaml:2:10: no plugin brings the provider near",
        "pipekit.yaml:5:7: no plugin brings the provider far",
        "pipekit.yaml:6:7: the model acme/a needs a key, and ACME_KEY is not set",
        "pipekit.yaml:8:31: no plugin brings the output format nope",
        "pipekit.yaml:8:37: no plugin brings the output format markup",
    ]


def test_faults_come_in_the_order_of_the_file_and_those_without_a_place_last(plan: MakePlan) -> None:
    config = (
        "use: {words: split-txet}\nsteps:\n  write-all: {formats: [nope]}\n  count-letters: {least: a}\n"
        "  adds-up: {}\nllm: {model: acme/x}\nrun: {concurrency: 0}\n"
    )
    with pytest.raises(PlanError) as caught:
        plan(config, selection=Selection(skip="nothing"))
    places = [fault.where for fault in caught.value.faults]
    lines = [int(place.split(":")[1]) for place in places if place]
    assert lines == sorted(lines) == [1, 3, 4, 5, 6, 7]
    assert places[-1] == ""


PROFILES = """
steps:
  count-letters: {least: 2}
profiles:
  fine: {steps: {count-letters: {least: 3}, write-all: {enabled: true}}}
  wrong:
    steps:
      count-letters: {leest: 3, least: x, enabled: "no"}
      cont-letters: {}
"""


def test_the_steps_of_profiles_that_are_not_chosen_are_checked_as_well(plan: MakePlan) -> None:
    with pytest.raises(PlanError) as caught:
        plan(PROFILES)
    assert faults(caught) == [
        "pipekit.yaml:8:23: there is no setting steps.count-letters.leest",
        'pipekit.yaml:8:40: steps.count-letters.least must be a whole number, not the text "x"',
        'pipekit.yaml:8:52: steps.count-letters.enabled must be true or false, not the text "no"',
        "pipekit.yaml:9:7: there is no step cont-letters",
    ]
    assert [fault.hint for fault in caught.value.faults][-1] == "did you mean count-letters?"


def test_a_profile_of_another_workflow_or_with_plugins_of_its_own_is_checked_when_it_is_chosen(plan: MakePlan) -> None:
    plan(
        "profiles:\n  other: {workflow: other, steps: {unheard-of: {}}}\n"
        "  more: {plugins: {local: [a.py]}, steps: {a: {}}}\n"
    )


# --- which model a step gets -----------------------------------------------------------------------------------------

AUTHORS = {"llm": {"model": "acme/authors"}, "steps": {"count-letters": {"model": "acme/for-this-step"}}}


def model_of(plan: MakePlan, config: str, defaults: Mapping[str, object], *overrides: Override) -> tuple[str, str]:
    workflow = Workflow(
        name="letters", input="text", input_type=str, steps=[split_text, count_letters], defaults=defaults
    )
    made = plan(config, workflow=workflow, overrides=overrides, environ={"ACME_KEY": "x"})
    step = made.find("count-letters")
    assert step is not None
    assert step.model_reason is not None
    return step.model or "", step.model_reason.origin or "no origin"


USERS = "llm: {model: acme/users}\n"
USERS_STEP = "llm: {model: acme/users}\nsteps: {count-letters: {model: acme/users-step}}\n"


def test_with_nothing_set_anywhere_the_rules_do_it(plan: MakePlan) -> None:
    assert model_of(plan, "", {})[0] == "offline"


def test_what_the_workflows_author_sets_for_all_steps_is_a_default(plan: MakePlan) -> None:
    assert model_of(plan, "", {"llm": {"model": "acme/authors"}}) == ("acme/authors", "workflow letters")


def test_what_the_workflows_author_sets_for_one_step_goes_before_it(plan: MakePlan) -> None:
    assert model_of(plan, "", AUTHORS)[0] == "acme/for-this-step"


def test_what_the_user_sets_for_all_steps_goes_before_anything_of_the_author(plan: MakePlan) -> None:
    assert model_of(plan, USERS, AUTHORS) == ("acme/users", "pipekit.yaml:1:14")


def test_what_the_user_sets_for_one_step_goes_before_that(plan: MakePlan) -> None:
    assert model_of(plan, USERS_STEP, AUTHORS)[0] == "acme/users-step"


def test_the_model_of_the_command_line_goes_before_all(plan: MakePlan) -> None:
    assert model_of(plan, USERS_STEP, AUTHORS, Override.model("acme/now")) == ("acme/now", "--model")


def test_a_format_that_needs_a_disabled_step_is_told_with_the_line_that_disables_it(plan: MakePlan) -> None:
    # Nothing else needs the step, and nobody named the format: what is wrong stands in the configuration.
    alone = evolve(WORKFLOW, steps=[split_text, count_letters, write_all])
    config = "steps:\n  count-letters: {enabled: false}\n  write-all: {formats: [table]}\n"
    with pytest.raises(PlanError) as caught:
        plan(config, workflow=alone)
    (fault,) = caught.value.faults
    assert str(fault) == (
        "pipekit.yaml:2:28: the output format table needs 'lengths', which count-letters makes, "
        "and that step is disabled"
    )
    assert (fault.code, caught.value.code) == (3, 3)
    assert fault.hint == "run count-letters, or take table out of steps.write-all.formats"


def test_a_format_that_needs_a_step_left_out_by_a_flag_is_a_usage_error(plan: MakePlan) -> None:
    alone = evolve(WORKFLOW, steps=[split_text, count_letters, write_all])
    with pytest.raises(PlanError, match="that step is left out by --skip count-letters") as caught:
        plan("steps: {write-all: {formats: [table]}}", workflow=alone, selection=Selection(skip=["count-letters"]))
    assert caught.value.code == 2


def test_a_part_of_a_name_that_fits_one_step_is_enough_to_suggest_it(plan: MakePlan) -> None:
    for text, hint in (("letters", "did you mean count-letters?"), ("t", "the steps are: ")):
        with pytest.raises(PlanError) as caught:
            plan(selection=Selection(until=text))
        assert caught.value.faults[0].hint.startswith(hint)
