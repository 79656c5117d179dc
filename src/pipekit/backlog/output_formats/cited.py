"""Where the words stand that something rests on, and how surely they were found, in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["brief", "cited", "doubt", "evidence_by_text", "place", "spans_of"]


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
    """A place in the source in one line, for ``pipekit show``; None for any other value."""
    if not {"first", "last", "verified"} <= value.keys():
        return None
    quote = f"“{value['quote']}”" if value.get("quote") else ""
    return ", ".join(part for part in (quote, place(value), _clock(value.get("start")), doubt(value)) if part)


def _clock(seconds: float | None) -> str:
    return "" if seconds is None else f"at {int(seconds) // 60}:{int(seconds) % 60:02d}"
