"""What a run made of a meeting, as far as it is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.model.event import Event
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.question import Questions
from pipekit.backlog.model.readiness import Readiness
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.scoring.wording import evened
from pipekit.interfaces import Each, RunView

__all__ = ["Made"]


@frozen(kw_only=True)
class Made:
    """What a run made; None for what its plan left out."""

    meeting: Meeting
    event: Event | None
    candidates: Sequence[Candidate] | None
    dependencies: Sequence[Dependency] | None
    readiness: Each[Readiness] | None
    questions: Each[Questions] | None
    risks: Each[RiskAssessment] | None

    @classmethod
    def of(cls, run: RunView) -> Made:
        """What a run made so far."""

        def made(name: str, type_: Any) -> Any:
            return run.artifact(name, type_) if name in run.names else None

        edges: DependencyMap | None = made("dependencies", DependencyMap)
        return cls(
            meeting=run.artifact("meeting", Meeting),
            event=made("event", Event),
            candidates=made("candidates", list[Candidate]),
            dependencies=edges.dependencies if edges else None,
            readiness=made("readiness", Each[Readiness]),
            questions=made("questions", Each[Questions]),
            risks=made("risks", Each[RiskAssessment]),
        )

    def question_texts(self) -> Sequence[str] | None:
        """Every question with what is said of it, evened; what isn't known is a question, too."""
        if self.questions is None:
            return None
        texts = [f"{one.question} {one.context}" for many in self.questions.values() for one in many.questions]
        texts += [text for risk in (self.risks.values() if self.risks else ()) for text in risk.unknowns]
        return [evened(text) for text in texts]

    def risk_texts(self) -> Sequence[str] | None:
        """Everything that an assessment names, evened."""
        if self.risks is None:
            return None
        return [evened(text) for risk in self.risks.values() for text in _named_risks(risk)]


def _named_risks(risk: RiskAssessment) -> Iterator[str]:
    yield from (f"{one.indicator} {one.suggestion}" for one in risk.scope_creep_indicators)
    yield from (one.description for one in risk.dependencies)
    yield from (f"{one.conflicts_with} {one.description} {one.resolution}" for one in risk.architectural_conflicts)
    yield from risk.unknowns
    yield risk.overall_assessment
