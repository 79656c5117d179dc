"""Numbers in what people say: measures that something can be tested against, and estimates of work."""

from __future__ import annotations

import re

from pipekit.backlog.offline.cues import cues

__all__ = ["estimate_in", "has_bound", "has_measure", "points_in"]

# A number's length is bounded: a line of 20,000 digits and dots is not read to its end from each of them.


def has_measure(sentence: str) -> bool:
    """Whether it holds a number with a unit or a bound: “within half a second”, “30 days”."""
    return bool(cues().shape("measure").search(sentence))


def has_bound(sentence: str) -> bool:
    """Whether it can be checked: a measure, or a word that leaves no room (never, every, only)."""
    return has_measure(sentence) or bool(cues().pattern("no_room").search(sentence))


def estimate_in(sentence: str) -> str | None:
    """The words that say how much work it is: “Eight points”, “three days”; not in a question or about the past."""
    if sentence.rstrip().endswith("?"):
        return None
    points = cues().shape("story_points").search(sentence)
    if points and not cues().pattern("no_points").search(sentence):
        return points.group()
    effort = cues().shape("effort").search(sentence)
    if effort and not cues().pattern("no_effort").search(sentence):
        return effort.group("effort") or effort.group()
    return None


def points_in(estimate: str) -> int | None:
    """How many story points an estimate gives, None for one in anything else."""
    if not cues().shape("story_points").search(estimate):
        return None
    digits = re.search(r"\d{1,6}", estimate)
    if digits is not None:
        return int(digits.group())
    numbers = cues().numbers
    return next((numbers[word] for word in re.findall(r"\w+", estimate.casefold()) if word in numbers), None)
