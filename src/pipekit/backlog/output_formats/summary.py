"""``summary.md``: all candidates in one table, then what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pipekit.backlog.output_formats.mermaid_graph import mermaid_graph
from pipekit.backlog.output_formats.reading import (
    as_mapping,
    candidates_of,
    earlier_item,
    input_name,
    offline_sentence,
    optional,
    repeated,
)
from pipekit.interfaces import OutputFile, RunView
from pipekit.markdown import inline, table_cell

__all__ = ["Summary"]


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
    )

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """One file."""
        candidates = candidates_of(run)
        readiness = as_mapping(optional(run, "readiness"))
        lines = [
            f"# Refined backlog: {inline(input_name(run))}",
            "",
            *_opening(run, candidates),
            *_table(run, candidates, readiness),
            *_next(run, candidates, readiness),
            *_seen_before(run, candidates),
            *_order(run, candidates),
            *_rejected(run),
        ]
        return [OutputFile(path="summary.md", content=("\n".join(lines).rstrip() + "\n").encode())]


def _opening(run: RunView, candidates: Sequence[dict[str, Any]]) -> list[str]:
    event = as_mapping(optional(run, "event"))
    kind = f"A {event['eventType']} meeting" if event and event["eventType"] != "other" else "A meeting"
    sure = f" ({event['confidence']:.0%} sure)" if event else ""
    count = {0: "no candidates", 1: "one candidate"}.get(len(candidates), f"{len(candidates)} candidates")
    lines = [f"{kind}{sure} with {count}. Run `{run.record.run_id}`.", ""]
    offline = offline_sentence(run)
    return [*lines, f"*{offline}*", ""] if offline else lines


def _table(run: RunView, candidates: Sequence[dict[str, Any]], readiness: Any) -> list[str]:
    if not candidates:
        return ["Nothing in this meeting asks for work.", ""]
    confidence = as_mapping(optional(run, "confidence"))
    questions = as_mapping(optional(run, "questions"))
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
    rejected = optional(run, "rejected")
    if not rejected:
        return []
    return ["## Not taken up", "", *(f"- {inline(one['title'])} ({one['reason']})" for one in rejected), ""]
