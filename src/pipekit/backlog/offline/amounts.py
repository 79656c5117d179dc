"""Numbers in what people say: measures that something can be tested against, and estimates of work."""

from __future__ import annotations

import re

from pipekit.backlog.offline import phrases

__all__ = ["estimate_in", "has_bound", "has_measure"]

# A number's length is bounded: a line of 20,000 digits and dots is not read to its end from each of them.
_COUNT = (
    r"(?:\d[\d.,\u00a0\u202f]{0,24}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty"
    r"|thirty|forty|fifty|sixty|hundred|thousand|half an?|one)"
)
_SPAN = r"(?:milliseconds?|ms|seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?|years?)"
_UNIT = (
    rf"(?:{_SPAN}|s|h|percent|%|°C|degrees?|[kmg]b|km|met(?:re|er)s?|points?|times|attempts?|characters?|items?|rows?"
    r"|people|persons?|users?|visitors?|customers?|requests?|entries|pages?|photos?|copies|clicks?|steps?|euros?|€"
    r"|dollars?|\$)"
)
_BOUND = r"(?:less|more|fewer|at least|at most|up to|within|below|above|under|over|maximum of|no(?:t)? more than)"
_MEASURE = re.compile(
    rf"(?<!\w){_COUNT}[\s-]*{_UNIT}(?!\w)|\d\s?%|(?<!\w){_BOUND}\s+(?:than\s+)?(?:an?\s+)?{_COUNT}(?!\w)",
    re.IGNORECASE,
)

_WORK = r"(?:hours?|days?|weeks?|sprints?)"
_SOME = rf"(?:{_COUNT}|an?|a couple of|a few)"
_POINTS = re.compile(
    rf"(?<!\w){_COUNT}\s+(?:story\s+)?points?(?!\w)(?!\s+(?:of|above|below|better|worse))", re.IGNORECASE
)
_EFFORT = re.compile(
    r"(?<!\w)(?:"
    r"(?:(?:takes?|needs?|about|roughly|maybe|around|estimated?(?: at)?|time-?box(?:ed)?(?: of| to)?|just|in|for)"
    rf"\s+(?:me\s+|us\s+|about\s+|roughly\s+|maybe\s+)?)(?P<effort>{_SOME}\s+{_WORK})"
    r"(?!\s+(?:later|after|before|ago|long|in a row|left))"
    rf"|{_SOME}\s+{_WORK}(?=[.,;:)\s]*(?:$|okay|ok|then|tops|i['’]ll|of work|max|\())"
    rf"|{_COUNT}\s+(?:person|man|developer)[\s-]?days?"
    r"|size\s+(?:xs|s|m|l|xl)|an?\s+(?:small|medium|large)\s+(?:one|story|ticket|task)"
    r")(?!\w)",
    re.IGNORECASE,
)


def has_measure(sentence: str) -> bool:
    """Whether it holds a number with a unit or a bound: “within half a second”, “30 days”."""
    return bool(_MEASURE.search(sentence))


def has_bound(sentence: str) -> bool:
    """Whether it can be checked: a measure, or a word that leaves no room (never, every, only)."""
    return has_measure(sentence) or bool(phrases.LIMIT.search(sentence))


def estimate_in(sentence: str) -> str | None:
    """The words that say how much work it is: “Eight points”, “three days”; not in a question or about the past."""
    if sentence.rstrip().endswith("?"):
        return None
    points = _POINTS.search(sentence)
    if points and not phrases.NO_POINTS.search(sentence):
        return points.group()
    effort = _EFFORT.search(sentence)
    if effort and not phrases.NO_EFFORT.search(sentence):
        return effort.group("effort") or effort.group()
    return None
