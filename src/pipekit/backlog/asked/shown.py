"""What a model is shown: a meeting as numbered lines, a candidate, its siblings and its past as short texts.

Everything stands on lines of its own, white space folded, so that no word of a transcript can look like another line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipekit.backlog.asked.wording import one_line, shortened
from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import SCORE_NAMES, Confidence
from pipekit.backlog.model.context import Context
from pipekit.backlog.model.dependency import DependencyMap
from pipekit.backlog.model.meeting import Meeting, Utterance
from pipekit.backlog.model.risk import RiskAssessment
from pipekit.backlog.text import utterances_of

__all__ = [
    "NOTHING",
    "candidate_shown",
    "candidates_shown",
    "confidence_shown",
    "context_shown",
    "dependencies_shown",
    "meeting_shown",
    "opening_shown",
    "risks_shown",
    "siblings_shown",
    "talk_shown",
]

#: Shown where there is nothing to show.
NOTHING = "(nothing)"
#: Lines before and behind the talk about a candidate that are shown, too.
AROUND = 2
#: What kind of meeting it was shows at its beginning and its end: so many lines of each.
FIRST, LAST = 120, 40


def meeting_shown(meeting: Meeting) -> str:
    """The whole meeting, a line for each utterance: ``[12] Ann: …``, the number counts as the source does."""
    return "\n".join([*_head(meeting), *map(_line, meeting.utterances)])


def opening_shown(meeting: Meeting) -> str:
    """The meeting's beginning and end; what is left out in between is said."""
    row = meeting.utterances
    if len(row) <= FIRST + LAST:
        return meeting_shown(meeting)
    left = f"… {len(row) - FIRST - LAST} lines left out …"
    return "\n".join([*_head(meeting), *map(_line, row[:FIRST]), left, *map(_line, row[-LAST:])])


def talk_shown(meeting: Meeting, candidate: Candidate) -> str:
    """The stretches of the meeting that are about a candidate, with some lines around them."""
    row = meeting.utterances
    about = {id(one) for one in utterances_of(meeting, candidate)}
    inside = [place for place, one in enumerate(row) if id(one) in about]
    wanted = sorted({near for at in inside for near in range(max(0, at - AROUND), min(len(row), at + AROUND + 1))})
    lines: list[str] = []
    for number, place in enumerate(wanted):
        if number and wanted[number - 1] != place - 1:
            lines.append("…")
        lines.append(_line(row[place]))
    return "\n".join(lines) or NOTHING


def candidate_shown(candidate: Candidate) -> str:
    """All of a candidate that says what it is."""
    stated = "stated in the meeting" if candidate.verified else "not found in the meeting word for word"
    return "\n".join(
        [
            f"{candidate.id}: {one_line(candidate.title)}",
            f"type: {candidate.type}",
            f"description: {one_line(candidate.description)}",
            f"words that led to it ({stated}): {one_line(candidate.raw_context)}",
            f"mentioned by: {', '.join(map(one_line, candidate.mentioned_by)) or 'nobody by name'}",
            *_listed("acceptance criteria that were stated", candidate.acceptance_criteria),
            *(_listed("added by people after the meeting", candidate.notes) if candidate.notes else ()),
        ]
    )


def candidates_shown(candidates: Sequence[Sibling]) -> str:
    """The candidates, each with the words that led to it: what tells them apart in the meeting."""
    return "\n".join(map(_summary, candidates)) or NOTHING


def siblings_shown(candidates: Sequence[Sibling], candidate: Sibling) -> str:
    """The other candidates of the meeting."""
    return candidates_shown([one for one in candidates if one.id != candidate.id])


def dependencies_shown(dependencies: DependencyMap | None, candidate: Sibling) -> str:
    """The dependencies that a candidate has, and those that others have on it."""
    edges = [
        f"{edge.source} depends on {edge.target} ({edge.type}, {edge.strength}): {one_line(edge.reason)}"
        for edge in (dependencies.dependencies if dependencies else ())
        if candidate.id in (edge.source, edge.target)
    ]
    return "\n".join(edges) or NOTHING


def context_shown(context: Context | None) -> str:
    """What the past says, each entry under the name that an answer has to use as its source."""
    if context is None:
        return NOTHING
    lines = [
        *(f"decision {one.id}: {one.title}: {shortened(one.decision, 400)}" for one in context.relevant_adrs),
        *(f"document {one.source}: {one.title}: {shortened(one.snippet, 400)}" for one in context.technical_docs),
        *(f"lesson {one.source}: {one.title}: {shortened(one.lesson, 400)}" for one in context.lessons_learned),
        *(f"earlier work {one.source}: {one.title}: {shortened(one.snippet, 200)}" for one in context.similar_work),
    ]
    return "\n".join(map(one_line, lines)) or NOTHING


def confidence_shown(confidence: Confidence | None) -> str:
    """The four scores, and what a candidate was found to lack."""
    if confidence is None:
        return NOTHING
    scores = ", ".join(f"{name} {getattr(confidence.scores, name)}" for name in SCORE_NAMES)
    return "\n".join([scores, *_listed("weaknesses", confidence.weaknesses)])


def risks_shown(risks: RiskAssessment | None) -> str:
    """What may go wrong, as far as it calls for questions."""
    if risks is None:
        return NOTHING
    open_ones = (one for one in risks.dependencies if one.status in ("unresolved", "unknown"))
    return "\n".join(
        [
            f"risk {risks.risk_level}, complexity {risks.complexity_level}",
            *_listed("waits for", (f"{one.description} ({one.type}, {one.status})" for one in open_ones)),
            *_listed("scope", (one.indicator for one in risks.scope_creep_indicators)),
            *_listed(
                "conflicts", (f"{one.conflicts_with}: {one.description}" for one in risks.architectural_conflicts)
            ),
            *_listed("unknown", risks.unknowns),
        ]
    )


def _head(meeting: Meeting) -> list[str]:
    found = {"title": meeting.title, "date": meeting.date, "people": ", ".join(meeting.attendees)}
    return [f"{name}: {one_line(value)}" for name, value in found.items() if value]


def _line(utterance: Utterance) -> str:
    said = one_line(utterance.text)
    if utterance.kind == "heading":
        said = f"{'#' * max(1, utterance.level)} {said}"
    elif utterance.kind == "bullet":
        said = f"{'  ' * max(0, utterance.level - 1)}- {said}"
    if utterance.speaker:
        said = f"{one_line(utterance.speaker)}: {said}"
    return f"[{utterance.line}] {said}"


def _summary(candidate: Sibling) -> str:
    stated = "; ".join(one_line(text) for text in candidate.acceptance_criteria)
    summary = f"{candidate.id}: {one_line(candidate.title)} | words: {shortened(candidate.raw_context, 240)}"
    return f"{summary} | criteria: {stated}" if stated else summary


def _listed(name: str, texts: Iterable[str]) -> list[str]:
    lines = [f"- {one_line(text)}" for text in texts]
    return [f"{name}:", *lines] if lines else [f"{name}: none"]
