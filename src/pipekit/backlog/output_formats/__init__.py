"""What people and tools get, by the name that ``formats: [...]`` takes. Modules are named for what they make."""

from __future__ import annotations

from collections.abc import Mapping

from pipekit.backlog.output_formats.candidate_markdown import CandidateMarkdown
from pipekit.backlog.output_formats.github_issues import GithubIssues
from pipekit.backlog.output_formats.import_csv import ImportCsv
from pipekit.backlog.output_formats.merged_json import MergedJson
from pipekit.backlog.output_formats.report_html import ReportHtml
from pipekit.backlog.output_formats.summary import Summary
from pipekit.hookspecs import Factory

__all__ = [
    "OUTPUT_FORMATS",
    "CandidateMarkdown",
    "GithubIssues",
    "ImportCsv",
    "MergedJson",
    "ReportHtml",
    "Summary",
]

OUTPUT_FORMATS: Mapping[str, Factory] = {
    "json": MergedJson,
    "markdown": CandidateMarkdown,
    "summary": Summary,
    "html": ReportHtml,
    "csv": ImportCsv,
    "github": GithubIssues,
}
