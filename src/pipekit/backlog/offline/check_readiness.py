"""Whether a candidate meets the Definition of Ready: the computed checks; the verdict itself is in the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import evolve, frozen

from pipekit.backlog.dor import Criterion, DefinitionOfReady
from pipekit.backlog.evidence.coverage import stated_claims
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import Confidence
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.question import Questions
from pipekit.backlog.model.readiness import (
    CheckStatus,
    DorCheck,
    DorChecks,
    Readiness,
    readiness_of,
)
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.offline import signals
from pipekit.backlog.offline.amounts import has_bound, points_in
from pipekit.backlog.offline.assess_risks import assess_risks
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.discussion import Discussion, discussion_of, shortened
from pipekit.backlog.offline.generate_questions import generate_questions
from pipekit.backlog.offline.siblings import by_id, needed_by
from pipekit.backlog.offline.spoken import in_its_language

__all__ = ["CHECKS", "check_readiness"]

#: What a dependency is that nobody takes care of.
_OPEN = ("unresolved", "unknown")


@frozen(kw_only=True)
class _Known:
    """All that the checks may look at, of one candidate."""

    candidate: Candidate
    discussion: Discussion
    confidence: Confidence | None
    questions: Questions
    risks: RiskAssessment
    dependencies: DependencyMap | None
    context: Context | None
    candidates: Sequence[Sibling]


@in_its_language
def check_readiness(
    candidate: Candidate,
    meeting: Meeting,
    dor: DefinitionOfReady,
    candidates: Sequence[Sibling] = (),
    confidence: Confidence | None = None,
    risks: RiskAssessment | None = None,
    questions: Questions | None = None,
    dependencies: DependencyMap | None = None,
    context: Context | None = None,
) -> Readiness:
    """The checks of ``dor`` on ``candidate``, each with what it saw, and the verdict that follows from them.

    ``risks`` and ``questions`` are found here when their steps didn't run; what the meeting itself says to be open
    counts whatever ``risks`` leave out. Criteria without a check are ``unchecked``,
    and so are those about ``confidence`` and ``context`` where there is none.
    """
    stated = assess_risks(candidate, meeting, candidates, dependencies)
    risks = stated if risks is None else _with_stated(risks, stated)
    if questions is None:
        questions = generate_questions(candidate, meeting, candidates, confidence, risks)
    known = _Known(
        candidate=candidate,
        discussion=discussion_of(meeting, candidate, candidates),
        confidence=confidence,
        questions=questions,
        risks=risks,
        dependencies=dependencies,
        context=context,
        candidates=candidates,
    )
    checks = DorChecks(
        required=tuple(_checked(criterion, known) for criterion in dor.required),
        recommended=tuple(_checked(criterion, known) for criterion in dor.recommended),
    )
    return readiness_of(checks, questions.readiness_blockers)


def _with_stated(found: RiskAssessment, stated: RiskAssessment) -> RiskAssessment:
    """The risks with what the meeting itself says to be open: it doesn't go away because a model leaves it out."""
    if found == stated:
        return found
    texts = [*found.unknowns, *(one.description for one in found.dependencies if one.status in _OPEN)]
    said = [signals.content_words(text) for text in texts]

    def is_new(text: str) -> bool:
        words = signals.content_words(text)
        return not any(2 * len(words & other) >= min(len(words), len(other)) for other in said if other)

    needs = (one for one in stated.dependencies if one.status in _OPEN and is_new(one.description))
    return evolve(
        found,
        dependencies=(*found.dependencies, *needs),
        unknowns=(*found.unknowns, *filter(is_new, stated.unknowns)),
    )


def _checked(criterion: Criterion, known: _Known) -> DorCheck:
    if criterion.check is None:
        return DorCheck(criterion=criterion.text, status="unchecked", notes="for a model or a person to answer")
    status, notes = CHECKS[criterion.check](criterion, known)
    return DorCheck(criterion=criterion.text, status=status, notes=notes)


_Result = tuple[CheckStatus, str]


def _clear_title(criterion: Criterion, known: _Known) -> _Result:
    title = known.candidate.title.strip()
    words = len(title.split())
    if not title or cues().shape("vague_title").match(title):
        return "fail", "the title names nothing" if title else "there is no title"
    if words < criterion.least():
        return "partial", f"{words} of at least {criterion.least()} words"
    if len(title) > criterion.most():
        return "partial", f"{len(title)} characters, at most {criterion.most()} are readable"
    return "pass", f"{words} words, {len(title)} characters"


def _business_context(criterion: Criterion, known: _Known) -> _Result:  # noqa: ARG001 - takes no numbers
    if signals.gives_reason(known.candidate.description):
        return "pass", f"“{shortened(known.candidate.description)}”"
    reason = known.discussion.first(signals.gives_reason)
    if reason is not None:
        return "pass", reason.quoted()
    words = len(signals.content_words(known.candidate.description))
    if words >= 6:
        return "partial", "the description says what, and nobody said why"
    return "fail", "nobody said why it is wanted"


def _acceptance_criteria(criterion: Criterion, known: _Known) -> _Result:
    count, wanted = len(known.candidate.acceptance_criteria), criterion.least()
    if count >= wanted:
        return "pass", f"{count} stated"
    return ("partial", f"{count} of {wanted} stated") if count else ("fail", "none stated")


def _open_questions(criterion: Criterion, known: _Known) -> _Result:
    still_open = [
        question
        for question in known.questions.questions
        if question.status == "needs_answer" and question.priority == "critical"
    ]
    if len(still_open) > criterion.most():
        return "fail", "; ".join(shortened(question.question) for question in still_open[:3])
    return "pass", "none open" if not still_open else f"{len(still_open)} open, {criterion.most()} allowed"


def _dependencies(criterion: Criterion, known: _Known) -> _Result:  # noqa: ARG001 - takes no numbers
    loose = [entry for entry in known.risks.dependencies if entry.type == "blocking" and entry.status in _OPEN]
    if loose:
        return "partial", f"not traced to anybody: {loose[0].description}"
    others = by_id(known.candidates)
    named = [f"{edge.type} {edge.target}" for edge in needed_by(known.candidate, known.dependencies)]
    missing = [edge.target for edge in needed_by(known.candidate, known.dependencies) if edge.target not in others]
    if missing and known.candidates:
        return "fail", f"depends on something unknown: {', '.join(missing)}"
    return "pass", ", ".join(named) if named else "none was spoken of"


def _estimate(criterion: Criterion, known: _Known) -> _Result:  # noqa: ARG001 - takes no numbers
    estimate = known.discussion.estimate()
    if estimate is None:
        return "fail", "nobody said how much work it is"
    return "pass", estimate[1].quoted()


def _size(criterion: Criterion, known: _Known) -> _Result:
    estimate = known.discussion.estimate()
    if estimate is None:
        return "fail", "nobody said how much work it is"
    points, quoted = points_in(estimate[0]), estimate[1].quoted()
    if points is None:
        return "unchecked", f"no points were given, compare by hand: {quoted}"
    if points > criterion.most():
        return "fail", f"{points} points, at most {criterion.most()}: {quoted}"
    return "pass", f"{points} points: {quoted}"


def _approach(criterion: Criterion, known: _Known) -> _Result:  # noqa: ARG001 - takes no numbers
    said = known.discussion.first(signals.says_how)
    return ("pass", said.quoted()) if said else ("fail", "nobody said how it could be built")


def _next_step(criterion: Criterion, known: _Known) -> _Result:  # noqa: ARG001 - takes no numbers
    said = known.discussion.first(signals.takes_on)
    return ("pass", said.quoted()) if said else ("fail", "nobody took it on, or said that it can start")


def _scope(criterion: Criterion, known: _Known) -> _Result:
    loose = [one.indicator for one in known.risks.scope_creep_indicators if one.severity != "minor"]
    if len(loose) > criterion.most():
        return "fail", f"{len(loose)} without bounds; first: {shortened(loose[0])}"
    return "pass", "nothing without bounds" if not loose else f"{len(loose)} without bounds, {criterion.most()} allowed"


def _risks(criterion: Criterion, known: _Known) -> _Result:
    open_ones = [entry.description for entry in known.risks.dependencies if entry.status in _OPEN]
    open_ones += known.risks.unknowns
    open_ones += [conflict.description for conflict in known.risks.architectural_conflicts]
    if len(open_ones) <= criterion.most():
        return "pass", "none open" if not open_ones else f"{len(open_ones)} open, {criterion.most()} allowed"
    mitigated = any(entry.mitigated_by for entry in known.risks.dependencies)
    return ("partial" if mitigated else "fail"), f"{len(open_ones)} open; first: {shortened(open_ones[0])}"


def _test_scenarios(criterion: Criterion, known: _Known) -> _Result:
    texts = known.candidate.acceptance_criteria
    scenarios = [text for text in texts if signals.edge_words(text)]
    bounded = [text for text in texts if has_bound(text)]
    if len(scenarios) >= criterion.least():
        return "pass", f"“{shortened(scenarios[0])}”" if scenarios else "none asked for"
    if bounded:
        return "partial", f"it can be measured, but no case is told: “{shortened(bounded[0])}”"
    return "fail", "no case to test was told"


def _confidence(criterion: Criterion, known: _Known) -> _Result:
    if known.confidence is None:
        return "unchecked", "it was not scored"
    overall = known.confidence.overall_confidence
    if overall >= criterion.least():
        return "pass", f"{overall} of 100"
    first = f"; first: {known.confidence.weaknesses[0]}" if known.confidence.weaknesses else ""
    return "fail", f"{overall} of at least {criterion.least()}{first}"


def _evidence(criterion: Criterion, known: _Known) -> _Result:
    claims = list(stated_claims(known.candidate))
    missing = [one for one in claims if one.match == "unsupported"]
    close = [one for one in claims if one.match == "close"]
    if len(missing) > criterion.most():
        return "fail", f"not in the meeting: {missing[0].kind} “{shortened(missing[0].text)}”"
    if missing:
        return "pass", f"{len(missing)} not in the meeting, {criterion.most()} allowed"
    if close:
        return "pass", f"{len(close)} of {len(claims)} only nearly word for word: “{shortened(close[0].text)}”"
    return "pass", "all of it is there word for word"


def _new_item(criterion: Criterion, known: _Known) -> _Result:  # noqa: ARG001 - takes no numbers
    repetition = known.context.repetition if known.context else None
    if repetition is None:
        return "unchecked", "no earlier items were searched"
    if repetition.verdict == "duplicate":
        return "fail", f"it repeats “{shortened(repetition.title)}” ({repetition.source})"
    return "pass", repetition.reason


#: The computed checks by the names that a Definition of Ready uses.
CHECKS: Mapping[str, Callable[[Criterion, _Known], _Result]] = {
    "clear-title": _clear_title,
    "business-context": _business_context,
    "acceptance-criteria": _acceptance_criteria,
    "open-questions": _open_questions,
    "dependencies": _dependencies,
    "estimate": _estimate,
    "size": _size,
    "approach": _approach,
    "next-step": _next_step,
    "scope": _scope,
    "risks": _risks,
    "test-scenarios": _test_scenarios,
    "confidence": _confidence,
    "evidence": _evidence,
    "new-item": _new_item,
}
