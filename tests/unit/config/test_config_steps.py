from __future__ import annotations

from collections.abc import Callable

from pipekit.config.configuration import Configuration
from pipekit.config.layers import Override
from pipekit.config.steps import resolve_step_blocks

Load = Callable[..., Configuration]

NAMES = {
    "step3": "score-confidence",
    "3": "score-confidence",
    "score-confidence": "score-confidence",
    "step4": "enrich-context",
    "enrich-context": "enrich-context",
    "estimate-points": "estimate-points",
}


def test_a_step_that_nobody_mentions_has_an_empty_block(load: Load) -> None:
    steps, faults = resolve_step_blocks(load(), NAMES)

    assert faults == []
    assert set(steps) == {"score-confidence", "enrich-context", "estimate-points"}
    assert steps["estimate-points"].node.plain() == {}
    assert steps["estimate-points"].core.enabled is None
    assert steps["estimate-points"].model is None
    assert str(steps["estimate-points"].origin("enabled")) == "default"


def test_every_name_of_a_step_leads_to_it(load: Load) -> None:
    for name in ("step3", "3", "score-confidence", "scoreConfidence", "Step_3"):
        steps, faults = resolve_step_blocks(load(f"steps:\n  {name}: {{enabled: false, top: 5}}\n"), NAMES)

        assert faults == []
        assert steps["score-confidence"].core.enabled is False
        assert steps["score-confidence"].path == f"steps.{name}"
        assert str(steps["score-confidence"].origin("enabled")).startswith("pipekit.yaml:2:")


def test_two_names_of_one_step_in_one_file_are_a_fault_that_names_both(load: Load) -> None:
    _, faults = resolve_step_blocks(load("steps:\n  step3: {a: 1}\n  score-confidence: {b: 2}\n"), NAMES)

    (fault,) = faults
    assert fault.where == "pipekit.yaml:3:3"
    assert fault.message == (
        "score-confidence and step3 are the same step, score-confidence, set first at pipekit.yaml:2:3"
    )


def test_two_names_in_two_layers_merge_in_the_order_of_the_layers(load: Load) -> None:
    configuration = load(
        "steps:\n  step3: {a: 1, b: 1, c: 1}\nprofiles:\n  fast: {steps: {'3': {b: 2}}}\n",
        profile="fast",
        environ={"PIPEKIT_STEPS__SCORE_CONFIDENCE__C": "3"},
        overrides=(Override.parse("steps.scoreConfidence.d=4"),),
    )

    steps, faults = resolve_step_blocks(configuration, NAMES)

    assert faults == []
    assert steps["score-confidence"].node.plain() == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert str(steps["score-confidence"].origin("c")) == "PIPEKIT_STEPS__SCORE_CONFIDENCE__C"


def test_an_unknown_step_is_a_fault_with_the_nearest_name(load: Load) -> None:
    _, faults = resolve_step_blocks(load("steps:\n  score-confidnce: {}\n  dance: {}\n"), NAMES)

    assert [(str(one), one.hint) for one in faults] == [
        ("pipekit.yaml:2:3: there is no step score-confidnce", "did you mean score-confidence?"),
        ("pipekit.yaml:3:3: there is no step dance", "known: score-confidence, enrich-context, estimate-points"),
    ]


def test_the_cores_keys_are_checked_and_the_steps_own_are_left_alone(load: Load) -> None:
    configuration = load("steps:\n  step4: {enabled: 'yes', concurrency: 0, onItemError: skp, ragTopK: anything}\n")

    _, faults = resolve_step_blocks(configuration, NAMES)

    assert [one.message for one in faults] == [
        'steps.step4.enabled must be true or false, not the text "yes"',
        'steps.step4.onItemError must be one of fail, skip, not the text "skp"',
        "steps.step4.concurrency can't be 0: it must be greater than 0",
    ]
    assert faults[1].hint == "did you mean skip?"


def test_a_block_that_is_no_mapping_is_a_fault_of_that_block(load: Load) -> None:
    configuration = load("steps:\n  step4: false\n  step3:\n")

    steps, faults = resolve_step_blocks(configuration, NAMES)

    assert configuration.faults == ()
    assert [str(one) for one in faults] == ["pipekit.yaml:2:10: steps.step4 must be a mapping, not false"]
    assert steps["score-confidence"].node.plain() == {}


def test_a_step_has_its_own_model(load: Load) -> None:
    configuration = load(
        "llm: {provider: ollama, model: llama3.2}\n"
        "steps:\n  step3: {model: anthropic/claude-x}\n  step4: {model: tiny}\n"
        "  estimate-points: {provider: openrouter, model: meta/llama}\n"
    )

    steps, faults = resolve_step_blocks(configuration, NAMES)

    assert faults == []
    assert {name: str(one.model and one.model.reference) for name, one in steps.items()} == {
        "score-confidence": "anthropic/claude-x",
        "enrich-context": "ollama/tiny",
        "estimate-points": "openrouter/meta/llama",
    }


def test_a_bare_model_of_a_step_needs_a_provider_from_somewhere(load: Load) -> None:
    _, faults = resolve_step_blocks(load("steps: {step3: {model: tiny}}\n"), NAMES)

    assert [str(one) for one in faults] == [
        "pipekit.yaml:1:24: steps.step3.model names a model and no provider, 'tiny'"
    ]


def test_a_model_that_is_no_text_is_one_fault_and_not_two(load: Load) -> None:
    _, faults = resolve_step_blocks(load("steps: {step3: {model: [a]}}\n"), NAMES)

    assert [one.message for one in faults] == ["steps.step3.model must be text, not a list"]


def test_the_model_of_the_command_line_holds_for_all_steps(load: Load) -> None:
    configuration = load("steps:\n  step3: {model: anthropic/claude-x}\n", overrides=(Override.model("offline"),))

    steps, faults = resolve_step_blocks(configuration, NAMES)

    assert faults == []
    assert steps["score-confidence"].model is None
    assert str(configuration.model_for_all and configuration.model_for_all.reference) == "offline"
