from __future__ import annotations

from pathlib import Path

import pytest

from pipekit.backlog.weighing import ScoreWeights, Weighing, find_weighing, parse_weighing
from pipekit.errors import ConfigError


def test_what_a_file_leaves_out_is_as_it_comes() -> None:
    found = parse_weighing("Weights: {clarity: 2, testability: 0.5}", "scoring.yaml")
    assert found == Weighing(weights=ScoreWeights(clarity=2.0, testability=0.5))


def test_the_file_beside_the_configuration_is_used_when_there_is_one(tmp_path: Path) -> None:
    assert find_weighing(tmp_path) == Weighing()
    (tmp_path / "scoring.yaml").write_text("threshold: 75")
    assert find_weighing(tmp_path).threshold == 75


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read") as caught:
        find_weighing(tmp_path, "team.yaml")
    assert caught.value.field == "steps.score-confidence.scoring"


@pytest.mark.parametrize(
    ("text", "place", "field", "words"),
    [
        ("weights: {clarity: -1}", (1, 20), "weights.clarity", "no number from 0 on"),
        ("weights: {clarity: .inf}", (1, 20), "weights.clarity", "no number from 0 on"),
        ("weights: {clarity: .nan}", (1, 20), "weights.clarity", "no number from 0 on"),
        ("weights: {clarity: '1'}", (1, 20), "weights.clarity", "no number from 0 on"),
        ("weights:\n  clearness: 1", (2, 3), "weights.clearness", "not known here"),
        ("weights: 3", (1, 10), "weights", "keys and values"),
        ("threshold: 101", (1, 12), "threshold", "above 100"),
        ("threshold: 60.5", (1, 12), "threshold", "no whole number"),
        ("treshold: 60", (1, 1), "treshold", "not known here"),
        ("threshold: 1\nthreshold: 2", (2, 1), "threshold", "twice"),
        (
            "weights: {completeness: 0, clarity: 0, testability: 0, actionability: 0}",
            (1, 10),
            "weights",
            "at least one weight",
        ),
        ("weights: {", (1, 11), None, "no valid YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, place: tuple[int, int], field: str | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_weighing(text, "scoring.yaml")
    assert (caught.value.line, caught.value.column) == place
    assert (caught.value.file, caught.value.field) == ("scoring.yaml", field)
    assert caught.value.hint
