from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipekit.backlog.model.confidence import SCORE_NAMES
from pipekit.backlog.settings import ContextSettings, ReadinessSettings, ScoreSettings
from pipekit.backlog.weighing import ScoreWeights, Weighing
from pipekit.interfaces.steps import is_settings


@pytest.mark.parametrize("cls", [ScoreSettings, ContextSettings, ReadinessSettings])
def test_they_are_marked_as_settings_and_have_defaults(cls: type) -> None:
    assert is_settings(cls)
    assert cls() == cls()


def test_each_score_has_a_weight() -> None:
    assert tuple(ScoreWeights().by_name()) == SCORE_NAMES
    assert sum(ScoreWeights().by_name().values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("cls", "value"),
    [
        (ScoreWeights, {"clarity": -1.0}),
        (ScoreWeights, {"clarity": float("inf")}),
        (ScoreWeights, dict.fromkeys(SCORE_NAMES, 0.0)),
        (ScoreSettings, {"threshold": 101}),
        (ContextSettings, {"rag_top_k": 0}),
        (ContextSettings, {"rag_threshold": 1.5}),
        (ReadinessSettings, {"dor": ""}),
    ],
)
def test_values_out_of_range_are_refused(cls: type[Any], value: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        cls(**value)


def test_the_definition_of_ready_is_the_one_whose_digest_was_given_however_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "dor.yaml"
    file.write_text("required: [Ours]")
    readiness = ReadinessSettings()
    digest = readiness.depends_on(tmp_path)["Definition of Ready"]

    file.write_text("required: [Theirs]")

    assert readiness.definition(tmp_path).digest() == digest
    assert readiness.definition(tmp_path).required[0].text == "Ours"
    assert readiness == ReadinessSettings(), "what was read is no setting"
    assert ReadinessSettings().definition(tmp_path).required[0].text == "Theirs"
    assert readiness.definition(tmp_path / "elsewhere").required[0].text != "Ours"


def test_evidence_can_be_required_whatever_the_teams_file_says(tmp_path: Path) -> None:
    (tmp_path / "dor.yaml").write_text("required: [Ours]")
    assert [one.text for one in ReadinessSettings().definition(tmp_path).required] == ["Ours"]
    assert [one.check for one in ReadinessSettings(require_evidence=True).definition(tmp_path).required] == [
        None,
        "evidence",
    ]
    (tmp_path / "dor.yaml").write_text("required: [{text: Ours, check: evidence, atMost: 1}]")
    assert len(ReadinessSettings(require_evidence=True).definition(tmp_path).required) == 1


def test_what_the_configuration_sets_goes_before_the_teams_file(tmp_path: Path) -> None:
    (tmp_path / "scoring.yaml").write_text("threshold: 70\nweights: {clarity: 1}")
    assert ScoreSettings().weighing(tmp_path) == Weighing(weights=ScoreWeights(clarity=1.0), threshold=70)
    assert ScoreSettings(threshold=10).weighing(tmp_path) == Weighing(weights=ScoreWeights(clarity=1.0), threshold=10)
    assert ScoreSettings(weights=ScoreWeights(clarity=2.0)).weighing(tmp_path).weights == ScoreWeights(clarity=2.0)


def test_scores_depend_on_what_the_teams_file_says_and_not_on_how(tmp_path: Path) -> None:
    without = ScoreSettings().depends_on(tmp_path)
    (tmp_path / "scoring.yaml").write_text("# as it comes\nthreshold: 60\n")
    assert ScoreSettings().depends_on(tmp_path) == without
    (tmp_path / "scoring.yaml").write_text("threshold: 61")
    assert ScoreSettings().depends_on(tmp_path) != without


def test_the_scoring_is_the_one_whose_digest_was_given_however_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "scoring.yaml"
    file.write_text("threshold: 61")
    settings = ScoreSettings()
    settings.depends_on(tmp_path)
    file.write_text("threshold: 99")
    assert settings.weighing(tmp_path).threshold == 61
