"""Titles that read like a backlog: an outcome, imperative, at most eighty characters."""

from __future__ import annotations

import re

from pipekit.backlog.offline.cues import Cues

__all__ = ["MAX_TITLE", "title_of"]

MAX_TITLE = 80
_STORY = re.compile(
    r"\bas (?:an?|the|our) (?P<role>[^,.;:?!]{2,50}?),? "
    r"(?:i|we)(?: would|['’]d)? (?:want|need|like|love|wish|must be able)(?: to)? (?P<what>.+)",
    re.IGNORECASE,
)
_PURPOSE = re.compile(r",?\s+(?:so that|in order to|because|since|so (?:i|we|they|people) )\b.*$", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:,\s*(?:by the way|please|too|though|right|obviously|you know|honestly|if possible)|\s*\([^)]*\))\s*$",
    re.IGNORECASE,
)
#: What only says when: "first, and only then …".
_ORDER = re.compile(r"\s+(?:first|before)\b,?(?:\s+and\b.*|\s+then\b.*)?$", re.IGNORECASE)
_OWN = re.compile(r"\b(my|our|your)\b", re.IGNORECASE)
_PASSIVE = re.compile(
    r"^(?P<what>(?:the |an? |all )?[^,.;]{3,60}?) (?:has|have|needs?|must|should|ought) (?:to )?"
    r"be (?P<verb>\w+(?:ed|en|t|n))(?P<rest>\b.*)$",
    re.IGNORECASE,
)
_IRREGULAR = {
    "built": "build",
    "written": "write",
    "rewritten": "rewrite",
    "done": "do",
    "made": "make",
    "shown": "show",
    "sent": "send",
    "kept": "keep",
    "found": "find",
    "split": "split",
    "set": "set",
    "put": "put",
    "rebuilt": "rebuild",
    "hidden": "hide",
    "taken": "take",
    "chosen": "choose",
    "sold": "sell",
    "known": "know",
}


def title_of(sentence: str, kind: str, cues: Cues, heading: str | None = None) -> str:
    """A title for what ``sentence`` asks for; a heading that names the thing is better than any sentence."""
    if heading:
        return _short(_capital(heading.rstrip(" ?.:")))
    text = sentence.strip(" \"'“”‘’.!?-–*→>")
    story = _STORY.search(text)
    if story:
        return _short(_capital(_outcome(_PURPOSE.sub("", story.group("what")))))
    text = _PURPOSE.sub("", text)
    before = None
    while before != text:
        before = text
        opened = cues.pattern("title_cut").match(text)
        if opened and len(text) - opened.end() >= 8:
            text = text[opened.end() :].lstrip(" ,:–-")
        text = _TAIL.sub("", text)
    text = _ORDER.sub("", text)
    passive = _PASSIVE.match(text)
    if passive and len(passive.group("what").split()) <= 8:
        text = f"{_base(passive.group('verb'))} {passive.group('what')}{passive.group('rest')}"
    text = _outcome(text)
    if kind == "bug" and not re.match(r"(?i)fix|correct|repair|stop|prevent|make", text):
        text = f"Fix: {text[0].lower() + text[1:] if text[:2].istitle() and not text[:2].isupper() else text}"
    if kind == "spike" and not re.match(
        r"(?i)investigat|research|find out|analy|evaluat|try|explore|compare|test|spike|interview|look", text
    ):
        text = f"Investigate {text[0].lower() + text[1:]}"
    return _short(_capital(text))


def _outcome(text: str) -> str:
    text = _OWN.sub("the", text) if text.lower().startswith(("my ", "our ", "your ")) else text
    text = re.sub(r"\b(?:my|your)\b", "their", text)
    return re.sub(r"\bI (?:don['’]t|do not|can|can['’]t)\b.*$", "", text).strip(" ,.;:")


def _base(participle: str) -> str:
    word = participle.lower()
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ied"):
        return word[:-3] + "y"
    if word.endswith(("ced", "ged", "sed", "zed", "ved", "ted", "red", "led", "ned", "ued")) and re.search(
        r"[aeiou][cgszvtrlnu]ed$", word
    ):
        stem = word[:-1]
        return (
            stem
            if not re.search(r"(?:port|ret|it|at(?!e)|el|er|ain|eat|eed|oad)ed$", word) or word.endswith("ated")
            else word[:-2]
        )
    if re.search(r"(.)\1ed$", word) and not word.endswith(("lled", "ssed", "ffed")):
        return word[:-3]
    return word.removesuffix("ed")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(text: str) -> str:
    """At most eighty characters, cut at a clause or a word."""
    text = " ".join(text.split()).strip(" ,;:–-")
    if len(text) <= MAX_TITLE:
        return text or "Untitled item"
    clause = max(text.rfind(mark, 25, MAX_TITLE) for mark in (", ", "; ", " – ", ". "))
    if clause > 0:
        return text[:clause]
    return text[: text.rfind(" ", 20, MAX_TITLE)].rstrip(" ,;:–-")
