"""What may go wrong with a candidate: what it waits for, what nobody knows, and how much of it there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from attrs import evolve

from pipekit.backlog.model.candidate import Candidate, Claim, Sibling
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.dependency import Dependency, DependencyMap
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.risk import (
    ArchitecturalConflict,
    ComplexityLevel,
    RiskAssessment,
    RiskDependency,
    ScopeCreepIndicator,
    risk_level,
)
from pipekit.backlog.offline import signals
from pipekit.backlog.offline.amounts import estimate_in
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.discussion import Discussion, Remark, discussion_of, shortened
from pipekit.backlog.offline.siblings import by_id, needed_by, sibling_named_in
from pipekit.backlog.offline.spoken import in_its_language

__all__ = ["assess_risks"]


@in_its_language
def assess_risks(
    candidate: Candidate,
    meeting: Meeting,
    candidates: Sequence[Sibling],
    dependencies: DependencyMap | None = None,
    context: Context | None = None,
) -> RiskAssessment:
    """The risks of ``candidate`` with the words that tell of them; what a sibling takes care of names it.

    ``dependencies`` are those between the candidates, ``context`` adds decisions that the candidate may collide with.
    """
    discussion = discussion_of(meeting, candidate, candidates)
    waits_for = tuple(_dependencies(discussion, candidates, dependencies))
    creep = tuple(_scope_creep(discussion, candidates))
    conflicts = tuple(_conflicts(discussion, context))
    unknowns = _unknowns(discussion)
    complexity = _complexity(discussion, waits_for)
    severe = discussion.first(signals.says_severe) if unknowns or candidate.type == "bug" else None
    level = risk_level(
        complexity=complexity,
        dependencies=waits_for,
        scope_creep=creep,
        conflicts=conflicts,
        unknowns=[one.text for one in unknowns],
        severe=severe is not None,
    )
    found = RiskAssessment(
        risk_level=level,
        complexity_level=complexity,
        scope_creep_indicators=creep,
        dependencies=waits_for,
        architectural_conflicts=conflicts,
        unknowns=tuple(one.text for one in unknowns),
        unknowns_evidence=unknowns,
        danger_evidence=discussion.places(severe) if severe else (),
    )
    return _with_assessment(found, severe.quoted() if severe else "")


def _dependencies(
    discussion: Discussion, candidates: Sequence[Sibling], dependencies: DependencyMap | None
) -> Iterable[RiskDependency]:
    candidate = discussion.candidate
    others = by_id(candidates)
    edges = [edge for edge in needed_by(candidate, dependencies) if edge.target in others]
    others_edges = dependencies.dependencies if dependencies else ()
    for edge in edges:
        yield _on_sibling(edge, others[edge.target])
    for remark in discussion.remarks:
        if not signals.tells_need(remark.text) or signals.asks(remark.text) or len(remark.text.split()) < 5:
            continue
        sibling = sibling_named_in(remark.text, candidate, candidates)
        if sibling is not None or any(_is_said_by(edge, remark.text) for edge in others_edges):
            continue  # named above by its edge, or a relation that map-dependencies decided against
        whom = signals.tells_external(remark.text)
        if whom is not None:
            settled = cues().shape("settled").search(remark.text)
            status: Literal["resolved", "unresolved"] = "resolved" if settled else "unresolved"
            yield RiskDependency(
                type="external",
                description=f"{whom}: {remark.quoted()}",
                status=status,
                evidence=discussion.places(remark),
            )
        elif cues().shape("waits").search(remark.text) and not _is_criterion(remark.text, candidate):
            yield RiskDependency(
                type="blocking", description=remark.quoted(), status="unknown", evidence=discussion.places(remark)
            )
    asked: set[str] = set()
    for question in discussion.questions():
        for said in () if question.answer else (*question.doubts, *question.reply):
            whom = signals.tells_external(said.text)
            if whom is not None and whom.casefold() not in asked:
                asked.add(whom.casefold())
                description = f"an answer from {whom} is missing: {shortened(question.text)}"
                yield RiskDependency(
                    type="external",
                    description=description,
                    status="unresolved",
                    evidence=discussion.places(question.asked, said),
                )
                break


def _on_sibling(edge: Dependency, sibling: Sibling) -> RiskDependency:
    is_hard = edge.strength == "hard" and edge.type != "relates-to"
    said = f": {shortened(edge.reason)}" if edge.reason else ""
    count = len(sibling.acceptance_criteria)
    return RiskDependency(
        type="blocking" if is_hard else "soft",
        description=f"needs “{sibling.title}” ({sibling.id}){said}",
        status="mitigated_by_sibling",
        mitigated_by=sibling.id,
        residual_risk="none" if count >= 2 else "low" if count or not is_hard else "medium",
        evidence=edge.evidence,
    )


def _is_said_by(edge: Dependency, text: str) -> bool:
    words = signals.content_words(text)
    return bool(words) and len(words & signals.content_words(edge.reason)) >= len(words) / 2


def _is_criterion(text: str, candidate: Candidate) -> bool:
    words = signals.content_words(text)
    return any(
        len(words & signals.content_words(criterion)) >= max(2, len(words) / 2)
        for criterion in candidate.acceptance_criteria
    )


def _scope_creep(discussion: Discussion, candidates: Sequence[Sibling]) -> Iterable[ScopeCreepIndicator]:
    candidate = discussion.candidate
    answered = {question.asked.text for question in discussion.questions() if question.answer is not None}
    seen: set[str] = set()
    for remark in discussion.remarks:
        if remark.text in answered or sibling_named_in(remark.text, candidate, candidates) is not None:
            continue
        for words, severity in signals.creep_words(remark.text):
            if words.casefold() not in seen:
                seen.add(words.casefold())
                yield ScopeCreepIndicator(
                    indicator=f"“{words}” in {remark.quoted()}",
                    severity="major" if severity == "major" else "moderate",
                    suggestion=f"Write down what “{words}” includes, and make a candidate of its own of the rest",
                    evidence=discussion.places(remark),
                )
    elastic = signals.elastic_words(f"{candidate.title}. {candidate.description}")
    if elastic and not candidate.acceptance_criteria:
        words = ", ".join(f"“{word}”" for word in elastic)
        yield ScopeCreepIndicator(
            indicator=f"{words} in the description, without a measure",
            severity="minor",
            suggestion=f"Say from which number on it is enough, for {words}",
        )


def _conflicts(discussion: Discussion, context: Context | None) -> Iterable[ArchitecturalConflict]:
    for remark in discussion.remarks:
        match = None if signals.asks(remark.text) else cues().shape("conflict").search(remark.text)
        if match is not None:
            yield ArchitecturalConflict(
                conflicts_with=shortened(match.group(), 80),
                description=remark.quoted(),
                resolution="Decide whether it is replaced first, or worked around, and write the decision down",
                evidence=discussion.places(remark),
            )
    words = signals.content_words(f"{discussion.candidate.title} {discussion.candidate.description}")
    for adr in context.relevant_adrs if context else ():
        parts = cues().shape("forbids").findall(adr.decision)
        forbidden = [part for part in parts if len(words & signals.content_words(part)) >= 1]
        if forbidden:
            yield ArchitecturalConflict(
                conflicts_with=f"{adr.id} {adr.title}".strip(),
                description=f"the decision says “{shortened(forbidden[0].strip(), 90)}”, which it may not fit",
                resolution=f"Check the candidate against {adr.id or adr.title}, or propose a new decision",
            )


def _unknowns(discussion: Discussion) -> tuple[Claim, ...]:
    """Stated risks, and what nobody could tell, word for word; each once."""
    found = list(discussion.warnings())

    def add(text: str, *remarks: Remark) -> None:
        if not any(text in other.text for other in found):
            found.append(Claim(text=text, evidence=discussion.places(*remarks)))

    told: set[str] = set()
    for question in discussion.questions():
        told.update(said.text for said in (question.asked, *question.doubts, *question.reply))
        if question.answer is None and question.doubts:
            doubt = question.doubts[0]
            if doubt is question.asked:
                add(doubt.text, doubt)
            else:
                add(f"{question.text} {doubt.text}", question.asked, doubt)
    for remark in discussion.remarks:
        if remark.text not in told and _is_doubt_of_its_own(remark):
            add(remark.text, remark)
    each_once: dict[str, Claim] = {}
    for one in found:
        text = shortened(one.text, 300)
        each_once.setdefault(text, evolve(one, text=text))
    return tuple(each_once.values())


def _is_doubt_of_its_own(remark: Remark) -> bool:
    text = remark.text
    if len(text.split()) < 4 or signals.asks(text) or estimate_in(text) or signals.says_not_now(text):
        return False
    return signals.doubts(text) and not signals.takes_on(text)


def _complexity(discussion: Discussion, waits_for: Sequence[RiskDependency]) -> ComplexityLevel:
    """From the estimate where there is one in points, else from what the work is made of."""
    points = 0
    estimate = discussion.estimate()
    if estimate is not None:
        match = cues().shape("number").search(estimate[0])
        number = _number(match.group()) if match else 0
        is_points = cues().shape("story_points").search(estimate[0]) is not None
        points += (number >= 5) + (number > 8) if is_points else (number >= 5) + (number >= 15)
    elif discussion.first(lambda text: signals.doubts(text) and not signals.asks(text)) is not None:
        points += 1
    points += min(2, len(discussion.all(cues().shape("large_work").search)))
    points += len(waits_for) >= 2
    points += len(discussion.candidate.acceptance_criteria) >= 5
    return "high" if points >= 3 else "medium" if points >= 1 else "low"


def _number(text: str) -> int:
    return int(text) if text.isdigit() else cues().numbers.get(text.casefold(), 13)


def _with_assessment(found: RiskAssessment, severe: str) -> RiskAssessment:
    parts: list[str] = []
    covered = [entry.mitigated_by for entry in found.dependencies if entry.mitigated_by]
    waiting = [entry for entry in found.dependencies if entry.status in ("unresolved", "unknown")]
    if severe:
        parts.append(f"The meeting calls it grave: {severe}.")
    if waiting:
        first = waiting[0].description.rstrip(".?")
        parts.append(f"It waits for {_count(waiting, 'thing')} that nobody here controls; first: {first}.")
    if covered:
        parts.append(f"{', '.join(covered)} takes care of what it needs first.")
    if found.unknowns:
        parts.append(f"{_count(found.unknowns, 'thing')} unknown; first: {found.unknowns[0].rstrip('.')}.")
    if found.architectural_conflicts:
        parts.append(f"It collides with {found.architectural_conflicts[0].conflicts_with}.")
    if found.scope_creep_indicators:
        parts.append(f"Its scope may grow: {found.scope_creep_indicators[0].indicator}.")
    if not parts:
        parts.append("Nothing in the meeting tells of a risk.")
    parts.append(f"Risk {found.risk_level}, complexity {found.complexity_level}.")
    return evolve(found, overall_assessment=" ".join(parts))


def _count(things: Sequence[object], noun: str) -> str:
    return f"1 {noun}" if len(things) == 1 else f"{len(things)} {noun}s"
