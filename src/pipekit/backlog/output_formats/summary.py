"""``summary.md``: all candidates in one table, then what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipekit.backlog.evidence.coverage import Coverage
from pipekit.backlog.model.question import PRIORITIES
from pipekit.backlog.output_formats.cited import coverage_in, doubt_of
from pipekit.backlog.output_formats.mermaid_graph import mermaid_graph
from pipekit.backlog.output_formats.reading import (
    as_mapping,
    asked_of,
    candidates_of,
    confidences_of,
    earlier_item,
    how_reviewed,
    input_name,
    offline_sentence,
    optional,
    rejected_of,
    repeated,
)
from pipekit.interfaces import OutputFile, RunView
from pipekit.markdown import code, inline, table_cell

__all__ = ["Summary"]

#: The least urgent questions, and what is more than so many for one addressee, stay in the files of the candidates.
_SHOWN_TO = PRIORITIES.index("medium")
_SHOWN = 5
_SHOWN_DOUBTS = 10


class Summary:
    """The page to read after the meeting."""

    needs: Sequence[str] = (
        "candidates",
        "event?",
        "confidence?",
        "context?",
        "questions?",
        "readiness?",
        "dependencies?",
        "batch_readiness?",
        "rejected?",
        "review?",
    )

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """One file."""
        candidates = candidates_of(run)
        readiness, questions = (as_mapping(optional(run, name)) for name in ("readiness", "questions"))
        coverage = coverage_in(run)
        lines = [
            f"# Refined backlog: {inline(input_name(run))}",
            "",
            *_opening(run, candidates, coverage),
            *_table(run, candidates, readiness, questions),
            *_next(run, candidates, readiness),
            *_reviewed(run, candidates),
            *_doubtful(coverage, candidates),
            *_questions(questions, candidates),
            *_seen_before(run, candidates),
            *_order(run, candidates),
            *_rejected(run),
        ]
        return [OutputFile(path="summary.md", content=("\n".join(lines).rstrip() + "\n").encode())]


def _opening(run: RunView, candidates: Sequence[dict[str, Any]], coverage: Coverage | None) -> list[str]:
    event = as_mapping(optional(run, "event"))
    kind = f"A {event['eventType']} meeting" if event and event["eventType"] != "other" else "A meeting"
    sure = f" ({event['confidence']:.0%} sure)" if event else ""
    count = {0: "no candidates", 1: "one candidate"}.get(len(candidates), f"{len(candidates)} candidates")
    lines = [f"{kind}{sure} with {count}. Run {code(run.record.run_id)}.", ""]
    if coverage is not None and coverage.claims:
        lines += [f"Evidence: {coverage}.", ""]
    offline = offline_sentence(run)
    return [*lines, f"*{offline}*", ""] if offline else lines


def _table(
    run: RunView, candidates: Sequence[dict[str, Any]], readiness: Mapping[str, Any], questions: Mapping[str, Any]
) -> list[str]:
    if not candidates:
        return ["Nothing in this meeting asks for work.", ""]
    confidence = confidences_of(run)
    lines = ["| | title | type | confidence | readiness | blockers |", "|---|---|---|---|---|---|"]
    for number, candidate in enumerate(candidates, start=1):
        key = candidate["id"]
        score = as_mapping(confidence.get(key)).get("overallConfidence", "–")
        status = as_mapping(readiness.get(key)).get("readinessStatus", "–")
        blockers = as_mapping(questions.get(key)).get("readinessBlockers", [])
        shown = "; ".join(table_cell(text, 80) for text in blockers) or "–"
        title = table_cell(candidate["title"])
        lines.append(f"| {number} | {title} | {candidate['type']} | {score} | {status} | {shown} |")
    return [*lines, ""]


def _next(run: RunView, candidates: Sequence[dict[str, Any]], readiness: Any) -> list[str]:
    titles = {candidate["id"]: candidate["title"] for candidate in candidates}
    batch = as_mapping(optional(run, "batch_readiness"))
    lines = []
    together = batch.get("canSprintTogether", [])
    if together:
        lines.append(f"- Take into the sprint together: {'; '.join(inline(titles.get(one, one)) for one in together)}")
    for key, verdict in readiness.items():
        if verdict["readinessStatus"] != "ready":
            actions = verdict.get("improvementActions") or verdict.get("blockingIssues") or []
            if actions:
                lines.append(f"- {inline(titles.get(key, key))}: {inline(actions[0])}")
    return ["## What to do next", "", *lines, ""] if lines else []


def _reviewed(run: RunView, candidates: Sequence[dict[str, Any]]) -> list[str]:
    """What people decided about the candidates, and added to them."""
    reviews = as_mapping(optional(run, "review"))
    lines = []
    for candidate in candidates:
        how = how_reviewed(as_mapping(reviews.get(candidate["id"])))
        if how:
            lines.append(f"- {inline(candidate['title'])}: {how[0].lower()}{how[1:]}")
            lines += [f"  - {inline(note)}" for note in candidate.get("notes", ())]
    return ["## Reviewed", "", *lines, ""] if lines else []


def _doubtful(coverage: Coverage | None, candidates: Sequence[dict[str, Any]]) -> list[str]:
    """What is said to come from the meeting and isn't there word for word."""
    titles = {candidate["id"]: candidate["title"] for candidate in candidates}
    doubtful = coverage.doubtful if coverage else ()
    lines = [f"- {inline(titles.get(one.candidate or '', one.text))}: {inline(doubt_of(one))}" for one in doubtful]
    if len(lines) > _SHOWN_DOUBTS:
        lines[_SHOWN_DOUBTS:] = [f"- {len(lines) - _SHOWN_DOUBTS} more, marked in the files of the candidates"]
    return ["## Check against the meeting", "", *lines, ""] if lines else []


def _questions(questions: Mapping[str, Any], candidates: Sequence[dict[str, Any]]) -> list[str]:
    """The open questions by whom to ask, most urgent first; and the roles for which the team named nobody."""
    by_whom: dict[str, list[tuple[int, str]]] = {}
    unnamed: dict[str, None] = {}
    for candidate in candidates:
        about = as_mapping(questions.get(candidate["id"]))
        unnamed |= dict.fromkeys(about.get("unnamedRoles", []))
        for one in about.get("questions", []):
            rank = PRIORITIES.index(one["priority"])
            if one["status"] == "needs_answer" and rank <= _SHOWN_TO:
                line = f"{inline(one['question'])} ({one['priority']}; {inline(candidate['title'])})"
                by_whom.setdefault(_whom(one), []).append((rank, line))
    lines = [
        f"- Nobody is named for the role {role.replace('-', ' ')}: name somebody in the stakeholders file"
        for role in unnamed
    ]
    for whom, asked in by_whom.items():
        lines.append(f"- {whom}")
        lines += [f"  - {line}" for _, line in sorted(asked, key=lambda pair: pair[0])[:_SHOWN]]
        if len(asked) > _SHOWN:
            lines.append(f"  - {len(asked) - _SHOWN} more in the files of the candidates")
    return ["## Whom to ask", "", *lines, ""] if lines else []


def _whom(question: Mapping[str, Any]) -> str:
    """The role and the people as a line of Markdown, with how to reach them."""
    whom = asked_of(question)
    contacts = [code(one["contact"]) for one in question.get("addressedTo", []) if one.get("contact")]
    return f"**{inline(whom[0].upper() + whom[1:])}**{''.join(f', {one}' for one in contacts)}"


def _seen_before(run: RunView, candidates: Sequence[dict[str, Any]]) -> list[str]:
    context = as_mapping(optional(run, "context"))
    lines = []
    for candidate in candidates:
        about = as_mapping(context.get(candidate["id"]))
        if earlier_item(about):
            lines.append(f"- {inline(candidate['title'])}: {repeated(about)}")
    return ["## Seen before", "", *lines, ""] if lines else []


def _order(run: RunView, candidates: Sequence[dict[str, Any]]) -> list[str]:
    titles = {candidate["id"]: candidate["title"] for candidate in candidates}
    dependencies = as_mapping(optional(run, "dependencies"))
    edges = dependencies.get("dependencies", [])
    if not edges:
        return []
    words = {"blocks": "waits for", "extends": "extends"}
    lines = [
        f"- {inline(titles.get(edge['source'], edge['source']))} {words.get(edge['type'], 'is related to')} "
        f"{inline(titles.get(edge['target'], edge['target']))} ({edge['strength']})"
        for edge in edges
    ]
    lines += [f"- Check: {inline(warning)}" for warning in dependencies.get("warnings", [])]
    return ["## What depends on what", "", *lines, "", *mermaid_graph(titles, edges), ""]


def _rejected(run: RunView) -> list[str]:
    rejected = rejected_of(run)
    if not rejected:
        return []
    return ["## Not taken up", "", *(f"- {inline(one['title'])} ({inline(one['reason'])})" for one in rejected), ""]
