"""The workflow `backlog`: its steps in order, and their numbers, which are fixed for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipekit import Workflow
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.steps.assess_risks import assess_risks
from pipekit.backlog.steps.batch_readiness import batch_readiness
from pipekit.backlog.steps.check_readiness import check_readiness
from pipekit.backlog.steps.detect_event import detect_event
from pipekit.backlog.steps.enrich_context import enrich_context
from pipekit.backlog.steps.extract_candidates import extract_candidates
from pipekit.backlog.steps.generate_questions import generate_questions
from pipekit.backlog.steps.map_dependencies import map_dependencies
from pipekit.backlog.steps.score_confidence import score_confidence
from pipekit.backlog.steps.write_output import write_output

if TYPE_CHECKING:
    from pipekit.interfaces import Figure, RunView, Scorer

__all__ = ["BACKLOG", "STEPS"]

STEPS = (
    detect_event,
    extract_candidates,
    map_dependencies,
    score_confidence,
    enrich_context,
    assess_risks,
    generate_questions,
    check_readiness,
    batch_readiness,
    write_output,
)


def _scorer() -> Scorer[Any]:
    """Runs against gold files; only an evaluation loads what that takes."""
    from pipekit.backlog.scoring.scorer import BacklogScorer

    return BacklogScorer()


def _merge(meetings: Sequence[Meeting]) -> Meeting:
    """One meeting of several sources."""
    from pipekit.backlog.merging import merge_meetings

    return merge_meetings(meetings)


def _figures(run: RunView) -> Sequence[Figure]:
    """How well the findings are supported by the meeting."""
    from pipekit.backlog.output_formats.cited import coverage_in
    from pipekit.interfaces import Figure

    found = coverage_in(run)
    if found is None:
        return ()
    return [Figure(name="evidenceCoverage", value=found.to_json(), text=f"evidence: {found}")]


def _brief(value: Mapping[str, Any]) -> str | None:
    """A place in the source in one line."""
    from pipekit.backlog.output_formats.cited import brief

    return brief(value)


BACKLOG = Workflow(
    name="backlog",
    description="From a meeting to refined work items, or to a precise list of what is still missing.",
    input="meeting",
    input_type=Meeting,
    steps=[step.name for step in STEPS],
    numbered=[
        "detect-event",
        "extract-candidates",
        "score-confidence",
        "enrich-context",
        "assess-risks",
        "generate-questions",
        "check-readiness",
        "write-output",
    ],
    table={
        "id": "candidates.id",
        "title": "candidates.title",
        "type": "candidates.type",
        "confidence": "review.confidence.overallConfidence|confidence.overallConfidence",
        "review": "review.decision",
        "risk": "risks.riskLevel",
        "readiness": "readiness.readinessStatus",
    },
    problems={
        "failed checks": "readiness.dorChecks.required.status=fail.criterion",
        "unchecked": "readiness.dorChecks.required.status=unchecked.criterion",
        "blocking": "readiness.blockingIssues",
        "open questions": "questions.readinessBlockers",
    },
    why={"extract-candidates": "why"},
    figures=_figures,
    brief=_brief,
    # What the meeting said, word for word, is no matter of opinion.
    editable={"candidates": ("title", "description", "type", "acceptanceCriteria", "notes")},
    merge=_merge,
    scorer=_scorer,
)
