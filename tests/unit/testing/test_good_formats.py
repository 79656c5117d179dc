"""The output formats of the workflow pass the contract that strangers' formats pass."""

from __future__ import annotations

import pytest

from pipekit.backlog.output_formats import OUTPUT_FORMATS
from pipekit.interfaces import OutputFormat
from pipekit.pipeline import Pipeline
from pipekit.testing import OutputFormatContract


def made(name: str) -> OutputFormat:
    """A format with its defaults, as a run makes it."""
    return Pipeline({}, plugins=[], environ={})._setup.installation.output_format(name)


class TestJson(OutputFormatContract):
    @pytest.fixture
    def output_format(self) -> OutputFormat:
        return made("json")


class TestMarkdown(OutputFormatContract):
    @pytest.fixture
    def output_format(self) -> OutputFormat:
        return made("markdown")


class TestSummary(OutputFormatContract):
    @pytest.fixture
    def output_format(self) -> OutputFormat:
        return made("summary")


class TestHtml(OutputFormatContract):
    @pytest.fixture
    def output_format(self) -> OutputFormat:
        return made("html")


class TestCsv(OutputFormatContract):
    @pytest.fixture
    def output_format(self) -> OutputFormat:
        return made("csv")


class TestGithub(OutputFormatContract):
    @pytest.fixture
    def output_format(self) -> OutputFormat:
        return made("github")


def test_each_format_of_the_workflow_is_tested_here() -> None:
    tested = {name.removeprefix("Test").lower() for name in globals() if name.startswith("Test")}
    assert tested == set(OUTPUT_FORMATS)
