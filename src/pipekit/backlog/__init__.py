"""The workflow `backlog`: its values, public and typed, for programs and for steps that join it.

>>> from pipekit.backlog import Candidate, refined
"""

from __future__ import annotations

from pipekit.backlog.evidence.source import source_of
from pipekit.backlog.model.candidate import Candidate, Claim, Extraction, RejectedItem, Span
from pipekit.backlog.model.confidence import Confidence, Scores
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.model.event import Event
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.model.outputs import OutputRef, Outputs
from pipekit.backlog.model.question import ProposedAnswer, Question, Questions
from pipekit.backlog.model.readiness import BatchReadiness, DorCheck, DorChecks, Readiness
from pipekit.backlog.model.review import Review
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.refined import RefinedCandidate, refined

__all__ = [
    "BatchReadiness",
    "Candidate",
    "Claim",
    "Confidence",
    "Context",
    "Dependency",
    "DependencyMap",
    "DorCheck",
    "DorChecks",
    "Event",
    "Extraction",
    "Meeting",
    "OutputRef",
    "Outputs",
    "ProposedAnswer",
    "Question",
    "Questions",
    "Readiness",
    "RefinedCandidate",
    "RejectedItem",
    "Review",
    "RiskAssessment",
    "Scores",
    "Span",
    "Utterance",
    "refined",
    "source_of",
]
