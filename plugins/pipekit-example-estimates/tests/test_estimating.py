"""The step, the settings and the format of the example."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipekit_example_estimates.estimating import EstimateSettings, estimate_points

from pipekit import Pipeline
from pipekit.backlog import Candidate
from pipekit.errors import PlanError

MEETING = Path(__file__).parents[3] / "examples" / "museum-refinement.txt"


def a_candidate(criteria: int) -> Candidate:
    return Candidate(
        id="candidate-1",
        title="Book a seat",
        description="Book a seat.",
        type="feature",
        raw_context="book a seat",
        verified=True,
        acceptance_criteria=tuple(f"criterion {number}" for number in range(criteria)),
    )


@pytest.mark.parametrize(("scale", "points"), [("fibonacci", 5), ("linear", 7)])
def test_the_scale_is_a_setting(scale: str, points: int) -> None:
    settings = EstimateSettings(scale=scale)  # type: ignore[arg-type]
    assert estimate_points(a_candidate(6), settings).points == points


def test_no_estimate_is_above_the_most() -> None:
    assert estimate_points(a_candidate(40), EstimateSettings(scale="linear", most=9)).points == 9


def test_an_installed_plugin_joins_the_workflow(tmp_path: Path) -> None:
    pipeline = Pipeline({"steps": {"step8": {"formats": ["json", "estimates"]}}}, folder=tmp_path)

    result = pipeline.run(MEETING)

    estimates = result.of(estimate_points)
    assert list(estimates) == [f"candidate-{number}" for number in range(1, len(estimates) + 1)]
    assert [path.name for path in result.outputs] == ["pipeline-output.json", "estimates.csv"]
    assert "candidate-1," in result.outputs[1].read_text()


def test_its_setting_is_checked_like_any_other(tmp_path: Path) -> None:
    pipeline = Pipeline({"steps": {"estimate-points": {"scale": "shirts"}}}, folder=tmp_path)
    with pytest.raises(PlanError, match="fibonacci"):
        pipeline.plan()
