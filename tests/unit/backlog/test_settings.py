from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipekit.backlog.model.confidence import SCORE_NAMES
from pipekit.backlog.settings import ContextSettings, ReadinessSettings, ScoreSettings, ScoreWeights
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
