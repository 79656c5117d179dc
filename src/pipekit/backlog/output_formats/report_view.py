"""What the report shows, put together as its template wants it: plain values, and text without hidden characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import evolve

from pipekit.backlog.composing import composed
from pipekit.backlog.evidence.locating import locator_of
from pipekit.backlog.model.candidate import Candidate
from pipekit.backlog.model.confidence import SCORE_NAMES
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.model.question import PRIORITIES
from pipekit.backlog.output_formats.cited import coverage_in, doubt, doubt_of, evidence_by_text, spans_of
from pipekit.backlog.output_formats.dependency_drawing import draw
from pipekit.backlog.output_formats.highlights import Mark, Piece, highlight, line_of
from pipekit.backlog.output_formats.reading import (
    Findings,
    as_mapping,
    asked_of,
    candidates_of,
    earlier_item,
    edited_by_people,
    how_reviewed,
    input_name,
    offline_sentence,
    optional,
    people_of,
    rejected_of,
    steps_of,
)
from pipekit.backlog.output_formats.run_timeline import timeline
from pipekit.interfaces import RunView
from pipekit.markdown import visible
from pipekit.quantities import cost_text, duration_text

__all__ = ["report_view"]

#: The columns of the board, by readiness; the last holds what nobody checked.
_COLUMNS = (
    ("ready", "Ready"),
    ("needs-refinement", "Needs refinement"),
    ("not-ready", "Not ready"),
    ("unchecked", "Not checked"),
)
_ROLES = (
    ("product-owner", "Product owner"),
    ("tech-lead", "Tech lead"),
    ("developer", "Developer"),
    ("stakeholder", "Stakeholder"),
)
_RISKS = ("dependencies", "scopeCreepIndicators", "architecturalConflicts", "unknowns", "dangerEvidence")
_PAST = ("similarWork", "relevantAdrs", "technicalDocs", "lessonsLearned", "siblingWork")


def report_view(run: RunView) -> dict[str, Any]:
    """The names that the template has."""
    meeting = _clean(as_mapping(optional(run, "meeting")))
    utterances = meeting.get("utterances", [])
    candidates = _candidates(run)
    locator = locator_of(run.artifact("meeting", Meeting))
    marks = {
        Mark(number, count): span
        for number, one in enumerate(_with_evidence(run, candidates), start=1)
        for count, span in enumerate(one.evidence, start=1)
    }
    pieces, found = highlight(locator, marks)
    for mark, span in marks.items():
        # A quote that isn't there word for word still leads to where it was heard.
        line = line_of(locator, span.first)
        place = f"said-{mark.candidate}-{mark.number}" if mark in found else f"line-{line}" if line is not None else ""
        candidates[mark.candidate - 1]["places"].append(place)
    dependencies = _clean(as_mapping(optional(run, "dependencies")))
    titles = {one["id"]: one["title"] for one in candidates}
    return {
        "title": meeting.get("title") or _clean(input_name(run)),
        "meeting": meeting,
        "place_text": partial(_place_text, meeting),
        "coverage": coverage_in(run),
        "doubt_of": doubt_of,
        "spans_of": spans_of,
        "evidence_by_text": evidence_by_text,
        "places_of": partial(_places_of, meeting, partial(line_of, locator)),
        "from_right": _from_right,
        "record": run.record,
        "event": _clean(as_mapping(optional(run, "event"))),
        "offline": offline_sentence(run),
        "candidates": candidates,
        "numbers": {one["id"]: one["number"] for one in candidates},
        "titles": titles,
        "board": _board(candidates),
        "roles": _questions_by_role(candidates),
        "batch": _clean(as_mapping(optional(run, "batch_readiness"))),
        "dependencies": dependencies,
        "drawing": draw(titles, dependencies.get("dependencies", [])),
        "asked_of": asked_of,
        "people_of": people_of,
        "rejected": _clean(rejected_of(run)),
        "notes": _clean(optional(run, "extraction_notes") or []),
        "transcript": list(zip(utterances, map(_visible, pieces), strict=True)),
        # Why a search found nothing is mostly the same for all of them: it is said once.
        "past_notes": list(
            dict.fromkeys(
                one["context"]["contextSummary"] for one in candidates if one["context"] and not one["has_past"]
            )
        ),
        **_of_the_run(run),
    }


def _with_evidence(run: RunView, candidates: Sequence[Mapping[str, Any]]) -> list[Candidate]:
    """The candidates that are shown, in their order, as the meeting gave them."""
    shown = {one["id"] for one in candidates}
    return [one for one in run.artifact("candidates", list[Candidate]) if one.id in shown]


def _place_text(meeting: Mapping[str, Any], span: Mapping[str, Any]) -> str:
    """Where a quote stands: ``line 12``, behind the name of its source where a meeting has more than one."""
    units = {one["name"]: one["unit"] for one in meeting.get("sources", [])}
    source = span.get("source")
    if not source:
        return f"{meeting['unit']} {span['first']}"
    return f"{source}, {units.get(source, 'line')} {span['sourceLine']}"


def _places_of(
    meeting: Mapping[str, Any], line_of: Callable[[int], int | None], spans: Sequence[Mapping[str, Any]]
) -> list[tuple[dict[str, Any], str]]:
    """Where words stand, None of it where they stand nowhere, and what keeps them from being the meeting's own."""
    told = []
    for span in spans:
        line = None if span.get("match") == "unsupported" else line_of(span["first"])
        told.append(({} if line is None else {"line": line, "text": _place_text(meeting, span)}, doubt(span)))
    # Two claims often rest on the same sentence, which need not be named twice.
    return [one for number, one in enumerate(told) if one not in told[:number]]


def _clean(value: Any) -> Any:
    """The same JSON with every text in composed form and without characters that hide or turn it around."""
    if isinstance(value, str):
        return visible(composed(value))
    if isinstance(value, Mapping):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return value


def _from_right(text: str) -> bool:
    """Whether a text begins in a script that is written from the right, as ``dir="auto"`` has it."""
    kinds = map(unicodedata.bidirectional, text)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"


def _visible(pieces: Sequence[Piece]) -> list[Piece]:
    return [evolve(one, text=visible(one.text)) for one in pieces]


def _candidates(run: RunView) -> list[dict[str, Any]]:
    findings, edited = Findings(run), edited_by_people(run)
    result: list[dict[str, Any]] = []
    for number, candidate in enumerate(_clean(candidates_of(run)), start=1):
        about = _clean(findings.about(candidate["id"]))
        confidence = as_mapping(about.get("confidence"))
        readiness = as_mapping(about.get("readiness"))
        context = as_mapping(about.get("context"))
        risks = as_mapping(about.get("risks"))
        questions = as_mapping(about.get("questions")).get("questions", [])
        result.append(
            {
                "number": number,
                "id": candidate["id"],
                "title": candidate["title"],
                "candidate": candidate,
                "edited": candidate["id"] in edited,
                "confidence": confidence,
                "scores": [(name, confidence["scores"][name]) for name in SCORE_NAMES] if confidence else [],
                "weaknesses": _beside(questions, confidence.get("weaknesses", [])),
                "recommendations": _beside(questions, confidence.get("recommendations", [])),
                "readiness": readiness,
                "status": readiness.get("readinessStatus", "unchecked"),
                "risks": risks,
                "has_risks": any(risks.get(name) for name in _RISKS),
                "questions": questions,
                "unnamed": as_mapping(about.get("questions")).get("unnamedRoles", []),
                "open": [one for one in questions if one["status"] == "needs_answer"],
                "context": context,
                "has_past": any(context.get(name) for name in _PAST),
                "seen": earlier_item(context),
                "reviewed": how_reviewed(as_mapping(about.get("review"))),
                "places": [],
            }
        )
    return result


def _board(candidates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns, most confident first in each; one for what nobody checked only where there is such a candidate."""
    columns = []
    for status, label in _COLUMNS:
        cards = [one for one in candidates if one["status"] == status]
        cards.sort(key=lambda one: -one["confidence"].get("overallConfidence", -1))
        if cards or status != "unchecked":
            columns.append({"status": status, "label": label, "cards": cards})
    return [one for one in columns if one["cards"]] if columns[-1]["status"] == "unchecked" else columns


def _beside(questions: Sequence[Mapping[str, Any]], lines: Sequence[str]) -> list[str]:
    """The lines, but for those that only repeat a question: it stands beside them, with all that is known of it."""

    def repeats(line: str) -> bool:
        asked = line.partition(": ")[2].removesuffix("…").strip()
        return bool(asked) and any(one["question"].startswith(asked) for one in questions)

    return [line for line in lines if not repeats(line)]


def _questions_by_role(candidates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The open questions by whom to ask and what they are about, most urgent first."""

    def urgency(question: Mapping[str, Any]) -> int:
        return PRIORITIES.index(question["priority"])

    roles = []
    for role, label in _ROLES:
        asked = []
        for one in candidates:
            questions = sorted((each for each in one["open"] if each["targetRole"] == role), key=urgency)
            if questions:
                asked.append((one, questions))
        asked.sort(key=lambda pair: urgency(pair[1][0]))
        if asked:
            unnamed = any(role in one["unnamed"] for one in candidates)
            roles.append({"role": role, "label": label, "asked": asked, "unnamed": unnamed})
    return roles


def _of_the_run(run: RunView) -> dict[str, Any]:
    """What it took."""
    steps = steps_of(run)
    usage = run.usage
    return {
        "bars": timeline(steps),
        "models": list(dict.fromkeys("rules" if one.model == "offline" else one.model for one in steps if one.model)),
        "tokens": usage.total_tokens,
        "cost": cost_text(usage.cost),
        "working": duration_text(sum(one.duration for one in steps)),
        "cost_text": cost_text,
        "duration_text": duration_text,
        "doubt": doubt,
    }
