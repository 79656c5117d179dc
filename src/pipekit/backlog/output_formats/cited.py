"""Where the words stand that something rests on, and how surely they were found, in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipekit.backlog.evidence.coverage import Coverage, SupportedClaim, coverage_of
from pipekit.backlog.model.candidate import RejectedItem
from pipekit.backlog.refined import refined
from pipekit.interfaces import RunView

__all__ = ["brief", "cited", "coverage_in", "doubt", "doubt_of", "evidence_by_text", "place", "spans_of"]


def doubt(span: Mapping[str, Any]) -> str:
    """What keeps a quote from being word for word the meeting's, in plain text; empty where nothing does."""
    match = span.get("match")
    if match == "close":
        return f"close match, {span['similarity']:.0%} alike; given as “{span['given']}”"
    if match == "unsupported":
        at = f"{span['source']}, {span['sourceLine']}" if span.get("source") else span["first"]
        likeliest = f", {at} is likeliest to be meant" if at else ""
        return f"unsupported: not in the meeting{likeliest}"
    # Earlier versions kept nothing more about a quote than this.
    return "" if span["verified"] else "not found word for word"


def place(span: Mapping[str, Any], unit: str = "") -> str:
    """Who said it and on which lines it stands, in plain text: "Ann, line 3"; empty for words that stand nowhere.

    Where a meeting has more than one source, the line is that of the source, behind its name: "Ann, notes.md, 3".
    """
    if span.get("match") == "unsupported" or not span["first"]:
        return ""
    if span.get("source"):
        return ", ".join(part for part in (span.get("speaker"), span["source"], f"{span['sourceLine']}") if part)
    lines = f"{span['first']}" if span["first"] == span["last"] else f"{span['first']}–{span['last']}"
    return ", ".join(part for part in (span.get("speaker"), f"{unit} {lines}".strip()) if part)


def coverage_in(run: RunView) -> Coverage | None:
    """How well the findings of a run are supported by its meeting; None before there are any."""
    if "candidates" not in run.names:
        return None
    rejected = run.artifact("rejected", list[RejectedItem]) if "rejected" in run.names else []
    return coverage_of(refined(run), rejected)


def doubt_of(claim: SupportedClaim) -> str:
    """A claim that doesn't stand in the meeting word for word, as part of a sentence."""
    what = {"candidate": "the item itself", "rejected": "that it was turned down"}.get(claim.kind, f"the {claim.kind}")
    text = "" if claim.kind in ("candidate", "rejected") else f" “{claim.text}”"
    why = "rests on a close match" if claim.match == "close" else "rests on words that aren't in the meeting"
    return f"{what}{text} {why} ({claim.match})"


def spans_of(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The evidence of a finding; none where it claims none, or an earlier version kept none."""
    found: list[Mapping[str, Any]] = entry.get("evidence") or []
    return found


def evidence_by_text(claims: Iterable[Mapping[str, Any]] | None) -> Mapping[str, list[Mapping[str, Any]]]:
    """The evidence of claims (of acceptance criteria, of unknowns) by their texts."""
    return {claim["text"]: spans_of(claim) for claim in claims or ()}


def cited(spans: Iterable[Mapping[str, Any]], unit: str = "") -> str:
    """Where something comes from, in one line: "Ann, line 3; Bob, line 4 (close match, …)"; empty without any."""
    told = (": ".join(part for part in (place(span, unit), doubt(span)) if part) for span in spans)
    return "; ".join(dict.fromkeys(told))


def brief(value: Mapping[str, Any]) -> str | None:
    """A place in the source, or what was made of a sentence, in one line for ``pipekit show``; None for others."""
    if {"said", "outcome", "because"} <= value.keys():
        signs = "; ".join(
            f"{one['rule'].replace('_', ' ')} “{one['words']}”, {one['weight']:g}" for one in value["signs"]
        )
        told = value["candidate"] or value["outcome"]
        return f"{brief(value['said'])} → {told}: {value['because']}{f' ({signs})' if signs else ''}"
    if not {"first", "last", "verified"} <= value.keys():
        return None
    quote = f"“{value['quote']}”" if value.get("quote") else ""
    return ", ".join(part for part in (quote, place(value), _clock(value.get("start")), doubt(value)) if part)


def _clock(seconds: float | None) -> str:
    return "" if seconds is None else f"at {int(seconds) // 60}:{int(seconds) % 60:02d}"
