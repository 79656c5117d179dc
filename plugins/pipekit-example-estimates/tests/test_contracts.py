"""The example passes what every step and every output format must do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pipekit_example_estimates.estimates_csv import EstimatesCsv
from pipekit_example_estimates.estimating import estimate_points

from pipekit import Pipeline
from pipekit.backlog import Candidate, Readiness, RiskAssessment
from pipekit.interfaces import OutputFormat, RunView
from pipekit.testing import OutputFormatContract, StepContract

MEETING = Path(__file__).parents[3] / "examples" / "museum-refinement.txt"


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    """A run of the example's meeting."""
    return Pipeline({}, folder=tmp_path_factory.mktemp("run")).run(MEETING).view


class TestEstimatePoints(StepContract):
    step = estimate_points

    @pytest.fixture
    def inputs(self, meeting: RunView) -> Mapping[str, object]:
        return {
            "candidates": meeting.artifact("candidates", list[Candidate]),
            "readiness": meeting.artifact("readiness", dict[str, Readiness]),
            "risks": meeting.artifact("risks", dict[str, RiskAssessment]),
        }


class TestEstimatesCsv(OutputFormatContract):
    @pytest.fixture
    def output_format(self) -> OutputFormat:
        return EstimatesCsv()
