"""A candidate as other tools take it: an id that stays the same, and its text in sections for them to mark up."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from pipekit.backlog.composing import composed
from pipekit.backlog.output_formats.cited import doubt, evidence_by_text, place, spans_of
from pipekit.backlog.output_formats.reading import Findings, as_mapping, asked_of, candidates_of, optional
from pipekit.interfaces import RunView
from pipekit.markdown import visible

__all__ = ["NEEDS", "Section", "Ticket", "external_ids", "tickets_of"]

#: What formats that make tickets read.
NEEDS: Sequence[str] = (
    "candidates",
    "meeting",
    "confidence?",
    "risks?",
    "questions?",
    "readiness?",
    "dependencies?",
    "review?",
)

_WORD = re.compile(r"\w+")


@frozen
class Section:
    """Lines of plain text under a title, an empty one for the opening; ``is_list`` says that each is an item."""

    title: str
    lines: tuple[str, ...]
    is_list: bool = True


@frozen
class Ticket:
    """One candidate."""

    external_id: str
    title: str
    type: str
    readiness: str | None
    sections: tuple[Section, ...]


def tickets_of(run: RunView) -> list[Ticket]:
    """All candidates, in order; their texts on one line each and without hidden characters."""
    candidates = candidates_of(run)
    findings = Findings(run)
    ids = external_ids(as_mapping(optional(run, "meeting")).get("utterances", []), candidates)
    names = {one["id"]: f"{_line(one['title'])} ({ids[one['id']]})" for one in candidates}
    edges = as_mapping(optional(run, "dependencies")).get("dependencies", [])
    tickets = []
    for candidate in candidates:
        about = findings.about(candidate["id"])
        sections = (
            Section("", (_line(candidate["description"]),), is_list=False),
            Section("Acceptance criteria", _lines(_criteria(candidate))),
            Section("Open questions", _lines(_questions(as_mapping(about.get("questions"))))),
            Section("Risks", _lines(_risks(as_mapping(about.get("risks"))))),
            Section("Dependencies", _lines(_dependencies(candidate["id"], edges, names))),
            Section("Added after the meeting", _lines(candidate.get("notes", ()))),
            Section("From the meeting", _lines(_quotes(candidate))),
        )
        tickets.append(
            Ticket(
                external_id=ids[candidate["id"]],
                title=_line(candidate["title"]) or "(no title)",
                type=candidate["type"],
                readiness=as_mapping(about.get("readiness")).get("readinessStatus"),
                sections=tuple(one for one in sections if any(one.lines)),
            )
        )
    return tickets


def external_ids(utterances: Iterable[Mapping[str, Any]], candidates: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """An id for each candidate that another run over the same meeting gives it, too.

    It is made of the words that were said in the meeting and of those that led to the candidate, letters and digits
    only. So it outlives a rerun, a fork, another name or kind of file, other candidates beside it, and a title,
    description or type that a person or another model changed; the same words in another meeting are another item.
    Where two candidates come of the very same words, the later one's title counts as well.
    """
    heard = _words(" ".join(one["text"] for one in utterances))
    ids: dict[str, str] = {}
    for candidate in candidates:
        parts = [heard, _words(candidate["rawContext"])]
        made = _digest(parts)
        if made in ids.values():
            parts.append(_words(candidate["title"]))
            made = _digest(parts)
        while made in ids.values():
            parts.append("again")
            made = _digest(parts)
        ids[candidate["id"]] = made
    return ids


def _words(text: str) -> str:
    return " ".join(_WORD.findall(composed(text, "NFKC").casefold()))


def _digest(parts: Sequence[str]) -> str:
    return f"pipekit-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:12]}"


def _line(text: str) -> str:
    return " ".join(visible(text).split())


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(_line(text) for text in texts)


def _criteria(candidate: Mapping[str, Any]) -> Iterable[str]:
    evidence = evidence_by_text(candidate.get("criteriaEvidence"))
    for text in candidate["acceptanceCriteria"]:
        yield text + _doubts(evidence.get(text, []))


def _doubts(spans: Iterable[Mapping[str, Any]]) -> str:
    """What keeps words that are said to come from the meeting from being its own, to put behind them."""
    found = "; ".join(dict.fromkeys(why for span in spans if (why := doubt(span))))
    return f" ({found})" if found else ""


def _questions(questions: Mapping[str, Any]) -> Iterable[str]:
    for one in questions.get("questions", []):
        if one["status"] == "needs_answer":
            yield f"{one['question']} ({one['priority']}, for the {asked_of(one)}){_doubts(spans_of(one))}"


def _risks(risks: Mapping[str, Any]) -> Iterable[str]:
    if risks:
        yield f"Risk {risks['riskLevel']}, complexity {risks['complexityLevel']}"
        evidence = evidence_by_text(risks.get("unknownsEvidence"))
        for text in risks.get("unknowns", []):
            yield f"Unknown: {text}{_doubts(evidence.get(text, []))}"


def _dependencies(candidate_id: str, edges: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> Iterable[str]:
    words = {"blocks": "Waits for", "extends": "Extends"}
    for edge in edges:
        if edge["source"] == candidate_id:
            yield f"{words.get(edge['type'], 'Is related to')} {names.get(edge['target'], edge['target'])}"


def _quotes(candidate: Mapping[str, Any]) -> Iterable[str]:
    for span in candidate["evidence"]:
        yield ", ".join(part for part in (f"“{span['quote']}”", place(span), doubt(span)) if part)
