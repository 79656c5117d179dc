"""Something that answers each task of the workflow by reading what it was sent, in the place of a model.

It is simple and has no opinion: what it says are words of the request, found by a few cues and copied. An answer to a
request with another transcript, or with none, is another answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from wirekit.question import Question

__all__ = ["answer_to"]

_LINE = re.compile(r"^\[(\d+)\] (?:([^:\n]{1,40}): )?(.*)$", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?]*[.!?]+|[^.!?]+$")
_SUMMARY = re.compile(r"^(candidate-\d+): (.*?) \| words: (.*?)(?: \| criteria: (.*))?$", re.MULTILINE)
_WISH = re.compile(r"\bI want to\b|\bwe should\b|\bwe want to\b|\bthey'd like to\b|\bneed(?:s)? to\b", re.IGNORECASE)
_FAULT = re.compile(r"\bstops as soon as\b|\bshows? nothing\b|\bdoesn't work\b|\bis broken\b", re.IGNORECASE)
_CRITERION = re.compile(r"\bsolved if\b|\bhas a maximum\b|\bcan't be chosen\b|\bdone when\b", re.IGNORECASE)
_REFUSAL = re.compile(r"\bnot doing that\b|\bwon't do\b|\bwe don't need\b", re.IGNORECASE)
_DOUBT = re.compile(r"\bhave to ask\b|\bcan't tell\b|\bcan't say\b|\bit's open\b|\bI don't know\b", re.IGNORECASE)
_ORDER = re.compile(r"\bbuilds on\b|\bafter the\b|\bfirst we\b", re.IGNORECASE)
_KINDS = ("refinement", "planning", "standup", "retrospective")


@frozen
class _Said:
    """A sentence of the transcript, and who said it."""

    who: str
    words: str


def answer_to(question: Question) -> Mapping[str, Any]:
    """The answer to a question, made from its data."""
    return _ANSWERS[question.task](question.data)


def _sentences(meeting: str) -> Sequence[_Said]:
    return [
        _Said(who or "", words)
        for _, who, line in _LINE.findall(meeting)
        for part in _SENTENCE.findall(line)
        if len(words := part.strip()) > 5
    ]


def _like(cue: re.Pattern[str], meeting: str) -> list[_Said]:
    return [said for said in _sentences(meeting) if cue.search(said.words)]


def _event(data: Mapping[str, str]) -> Mapping[str, Any]:
    said = _sentences(data["meeting"])
    counted = {kind: data["meeting"].casefold().count(kind) for kind in _KINDS}
    kind = max(counted, key=lambda name: counted[name])
    return {
        "indicators": [one.words for one in said[1:4]],
        "eventType": kind if counted[kind] else "refinement",
        "confidence": round(min(0.95, 0.5 + len(said) / 200), 2),
    }


def _extraction(data: Mapping[str, str]) -> Mapping[str, Any]:
    said = _sentences(data["meeting"])
    found: list[dict[str, Any]] = []
    for one in said:
        is_fault = _FAULT.search(one.words) is not None
        if is_fault or _WISH.search(one.words):
            found.append(
                {
                    "quotes": [one.words],
                    "title": _title(one.words, is_fault),
                    "type": "bug" if is_fault else "feature",
                    "description": one.words,
                    "acceptanceCriteria": [],
                    "mentionedBy": [one.who] if one.who else [],
                }
            )
        elif found and _CRITERION.search(one.words):
            found[-1]["acceptanceCriteria"].append({"text": one.words, "quote": one.words})
    rejected = [
        {"quote": one.words, "title": said[max(0, place - 2)].words[:60], "reason": "rejected"}
        for place, one in enumerate(said)
        if _REFUSAL.search(one.words)
    ]
    return {"candidates": found, "rejected": rejected, "notes": []}


def _title(words: str, is_fault: bool) -> str:
    wish = _WISH.search(words)
    core = words[wish.end() :] if wish and not is_fault else words
    return ("Fix: " if is_fault else "") + core.strip(" .,!?")[:70]


def _dependencies(data: Mapping[str, str]) -> Mapping[str, Any]:
    ids = [found[0] for found in _SUMMARY.findall(data["candidates"])]
    order = _like(_ORDER, data["meeting"])
    if len(ids) < 2 or not order:
        return {"dependencies": []}
    edge = {"quote": order[0].words, "source": ids[1], "target": ids[0], "type": "blocks"}
    return {"dependencies": [{**edge, "strength": "hard", "reason": order[0].words}]}


def _confidence(data: Mapping[str, str]) -> Mapping[str, Any]:
    candidate, meeting = data["candidate"], data["meeting"]
    criteria = re.findall(r"^- (.*)$", candidate, re.MULTILINE)
    doubts = [one.words for one in _like(_DOUBT, meeting)]
    words = next((line for line in candidate.splitlines() if line.startswith("words that led to it")), "")

    def score(least: int) -> dict[str, Any]:
        found = [*criteria[:1], words.partition("): ")[2]]
        return {
            "found": [one for one in found if one],
            "missing": doubts[:1],
            "score": max(0, min(100, least + 20 * len(criteria) - 15 * len(doubts))),
        }

    return {
        "completeness": score(55),
        "clarity": score(50),
        "testability": score(25),
        "actionability": score(60),
        "recommendations": [f"Find out: {one}" for one in doubts[:2]],
    }


def _risks(data: Mapping[str, str]) -> Mapping[str, Any]:
    lines = _LINE.findall(data["meeting"])
    doubts = [{"quote": one.words, "text": one.words} for one in _like(_DOUBT, data["meeting"])]
    return {
        "dependencies": [],
        "scopeCreep": [],
        "conflicts": [],
        "unknowns": doubts,
        "danger": None,
        "complexity": "high" if len(lines) > 12 else "medium" if doubts else "low",
        "assessment": f"{len(doubts)} things nobody could tell",
    }


def _questions(data: Mapping[str, str]) -> Mapping[str, Any]:
    asked = [one for one in _sentences(data["meeting"]) if one.words.endswith("?")]
    return {
        "questions": [
            {
                "question": one.words,
                "context": f"asked by {one.who or 'somebody'}",
                "category": "scope",
                "priority": "medium",
                "targetRole": "product-owner",
                "proposedAnswer": None,
            }
            for one in asked[:4]
        ]
    }


_ANSWERS: Mapping[str, Callable[[Mapping[str, str]], Mapping[str, Any]]] = {
    "detect-event": _event,
    "extract-candidates": _extraction,
    "map-dependencies": _dependencies,
    "score-confidence": _confidence,
    "assess-risks": _risks,
    "generate-questions": _questions,
    "doctor": lambda _: {"isReady": True},
}
