"""``candidates/candidate-N.md``: one file a candidate, with front matter, to paste or commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipekit.backlog.output_formats.cited import cited, doubt, evidence_by_text, place, spans_of
from pipekit.backlog.output_formats.reading import (
    Findings,
    as_mapping,
    asked_of,
    candidates_of,
    edited_by_people,
    how_reviewed,
    offline_sentence,
    optional,
    repeated,
)
from pipekit.interfaces import OutputFile, RunView
from pipekit.markdown import inline, yaml_text

__all__ = ["CandidateMarkdown"]


class CandidateMarkdown:
    """Overview, acceptance criteria, scores, dependencies, risks, open questions and evidence of each candidate."""

    needs: Sequence[str] = (
        "candidates",
        "meeting?",
        "confidence?",
        "context?",
        "risks?",
        "questions?",
        "readiness?",
        "dependencies?",
        "review?",
    )

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """One file a candidate."""
        candidates = candidates_of(run)
        titles = {candidate["id"]: candidate["title"] for candidate in candidates}
        findings, offline, edited = Findings(run), offline_sentence(run), edited_by_people(run)
        dependencies = as_mapping(optional(run, "dependencies"))
        unit = as_mapping(optional(run, "meeting")).get("unit", "")
        for number, candidate in enumerate(candidates, start=1):
            about = findings.about(candidate["id"])
            lines = [
                *_front_matter(number, candidate, about),
                "",
                f"# {inline(candidate['title'])}",
                "",
                *_overview(candidate, about, offline, edited=candidate["id"] in edited),
                *_criteria(candidate, unit),
                *_scores(about),
                *_dependencies(candidate["id"], dependencies, titles),
                *_risks(about, unit),
                *_questions(about, unit),
                *_context(about),
                *_evidence(candidate, unit),
            ]
            text = "\n".join(lines).rstrip() + "\n"
            yield OutputFile(path=f"candidates/{candidate['id']}.md", content=text.encode())


def _front_matter(number: int, candidate: dict[str, Any], about: dict[str, Any]) -> list[str]:
    confidence = as_mapping(about.get("confidence")).get("overallConfidence")
    readiness = as_mapping(about.get("readiness")).get("readinessStatus")
    return [
        "---",
        f"type: {candidate['type']}",
        f"id: DRAFT-{number:03d}",
        f"title: {yaml_text(candidate['title'])}",
        "status: draft",
        f"confidence: {confidence if confidence is not None else 'null'}",
        f"readiness: {readiness or 'null'}",
        "---",
    ]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""] if lines else []


def _overview(candidate: dict[str, Any], about: dict[str, Any], offline: str, *, edited: bool) -> list[str]:
    readiness = as_mapping(about.get("readiness"))
    lines = [inline(candidate["description"]), ""]
    if readiness:
        lines.append(f"- Readiness: **{readiness['readinessStatus']}** ({readiness['readinessScore']} of 100)")
        lines += [f"- Missing: {inline(issue)}" for issue in readiness.get("blockingIssues", [])]
        lines += [f"- Next: {inline(action)}" for action in readiness.get("improvementActions", [])]
    lines += ["- Edited by a person after the meeting"] if edited else []
    how = how_reviewed(as_mapping(about.get("review")))
    lines += [f"- {how}"] if how else []
    lines += [f"- Added after the meeting: {inline(note)}" for note in candidate.get("notes", ())]
    if candidate["mentionedBy"]:
        lines.append(f"- Mentioned by: {inline(', '.join(candidate['mentionedBy']))}")
    if offline:
        lines += ["", f"*{offline}*"]
    return _section("Overview", lines)


def _criteria(candidate: dict[str, Any], unit: str) -> list[str]:
    evidence = evidence_by_text(candidate.get("criteriaEvidence"))
    stated = [
        f"- [ ] {inline(criterion)}{_from(evidence.get(criterion, []), unit)}"
        for criterion in candidate["acceptanceCriteria"]
    ]
    return _section("Acceptance criteria", stated or ["None were stated in the meeting."])


def _from(spans: Sequence[Mapping[str, Any]], unit: str) -> str:
    """Where in the meeting something was said, to put behind it; empty where it doesn't claim to come from there."""
    told = cited(spans, unit)
    return f" *({inline(told)})*" if told else ""


def _scores(about: dict[str, Any]) -> list[str]:
    confidence = as_mapping(about.get("confidence"))
    if not confidence:
        return []
    lines = ["| aspect | score |", "|---|---|"]
    lines += [f"| {name} | {score} |" for name, score in confidence["scores"].items()]
    lines += [f"| **overall** | **{confidence['overallConfidence']}** |", ""]
    for label, key in (("Strong", "strengths"), ("Weak", "weaknesses"), ("Do", "recommendations")):
        lines += [f"- {label}: {inline(text)}" for text in confidence.get(key, [])]
    return _section("Scores", lines)


def _dependencies(candidate_id: str, dependencies: Any, titles: dict[str, str]) -> list[str]:
    lines = []
    for edge in dependencies.get("dependencies", []):
        reason = f": {inline(edge['reason'])}" if edge.get("reason") else ""
        if edge["source"] == candidate_id:
            other = f"{edge['target']} ({inline(titles.get(edge['target'], ''))})"
            verb = {"blocks": "waits for", "extends": "extends"}.get(edge["type"], "is related to")
            lines.append(f"- {verb} {other}, {edge['strength']}{reason}")
        elif edge["target"] == candidate_id:
            lines.append(f"- is needed by {edge['source']} ({inline(titles.get(edge['source'], ''))}){reason}")
    return _section("Dependencies", lines or ["None were found."] if dependencies else [])


def _risks(about: dict[str, Any], unit: str) -> list[str]:
    risks = as_mapping(about.get("risks"))
    if not risks:
        return []
    danger = risks.get("dangerEvidence", [])
    lines = [f"- Risk: **{risks['riskLevel']}**, complexity: {risks['complexityLevel']}"]
    lines += [f"- Grave: “{inline(span['quote'])}”{_from([span], unit)}" for span in danger]
    evidence = evidence_by_text(risks.get("unknownsEvidence"))
    lines += [f"- Unknown: {inline(text)}{_from(evidence.get(text, []), unit)}" for text in risks.get("unknowns", [])]
    for one in risks.get("dependencies", []):
        by = f", taken care of by {one['mitigatedBy']}" if one.get("mitigatedBy") else ""
        kind = f"{one['type']}, {one['status'].replace('_', ' ')}{by}"
        lines.append(f"- Depends ({kind}): {inline(one['description'])}{_from(spans_of(one), unit)}")
    for one in risks.get("scopeCreepIndicators", []):
        told = f"{inline(one['indicator'])}{_from(spans_of(one), unit)}"
        lines.append(f"- May grow ({one['severity']}): {told}; {inline(one['suggestion'])}")
    for one in risks.get("architecturalConflicts", []):
        told = f"{inline(one['description'])}{_from(spans_of(one), unit)}"
        lines.append(f"- Conflicts with {inline(one['conflictsWith'])}: {told}")
    if risks.get("overallAssessment"):
        lines += ["", inline(risks["overallAssessment"])]
    return _section("Risks", lines)


def _questions(about: dict[str, Any], unit: str) -> list[str]:
    lines = []
    for one in as_mapping(about.get("questions")).get("questions", []):
        text = f"{inline(one['question'])}{_from(spans_of(one), unit)}"
        lines.append(f"- **{one['priority']}**, for the {inline(asked_of(one))}: {text}")
        if one.get("answeredBy"):
            lines.append(f"  - answered by {inline(one['answeredBy'])}")
        proposed = one.get("proposedAnswer")
        if proposed:
            lines.append(f"  - proposed answer: {inline(proposed['answer'])} (from {inline(proposed['source'])})")
        if one.get("context"):
            lines.append(f"  - why: {inline(one['context'])}")
    return _section("Open questions", lines)


def _context(about: dict[str, Any]) -> list[str]:
    context = as_mapping(about.get("context"))
    lines = [f"- {repetition}"] if (repetition := repeated(context)) else []
    lines += [f"- Similar: {inline(one['title'])} ({inline(one['source'])})" for one in context.get("similarWork", [])]
    lines += [
        f"- Decision: {inline(one['title'])}: {inline(one['decision'])}" for one in context.get("relevantAdrs", [])
    ]
    lines += [f"- Document: {inline(one['title'])}" for one in context.get("technicalDocs", [])]
    lines += [f"- Learned: {inline(one['title'])}" for one in context.get("lessonsLearned", [])]
    if context.get("contextSummary"):
        lines += ["", inline(context["contextSummary"])]
    return _section("What the past says", lines)


def _evidence(candidate: dict[str, Any], unit: str) -> list[str]:
    lines = []
    for span in candidate["evidence"]:
        where, why = place(span, unit), doubt(span)
        told = f"{where} ({why})" if where and why else where or why
        quote = inline(span["quote"] or "No words from the meeting were given.")
        lines += [f"> {quote}", ">", f"> — {inline(told)}", ""]
    return _section("Evidence", lines)
