"""What can be somebody's name: its letters, its capitals, and the words that stand before a colon and are nobody."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from pipekit.backlog.loaders.no_names import FIELDS, OPENERS

__all__ = ["Shape", "key_of", "shape_of"]

#: ``sure``: a label that only machines give. ``good``: looks like a name. ``poor``: could be one, if the text says so.
Shape = Literal["sure", "good", "poor"]

#: How note takers call people whose names they don't know.
_NUMBERED = re.compile(
    r"(?i)(?:unknown |unidentified )?(?:speaker|participant|guest|person|voice|spk|sprecher|spreker|teilnehmer"
    r"|deelnemer|locuteur|intervenant|спикер|发言人|講者|話者|화자|المتحدث)(?:[ _-]?\d{1,3}|[ _-][A-Z])"
)
#: Speakers A and B, or options A and B.
_INITIAL = re.compile(r"[A-Z]\d?")
# Who speaks for a role. As a field of notes these are as usual, so that one line alone says nothing.
_ROLES = """
agent assistant caller client customer facilitator host interviewee interviewer moderator operator patient student
teacher user
"""
# Short for a role, and in capitals no field of notes.
_SHORT_ROLES = "PO PM SM QA UX BA TL DEV Dev OPS Ops CEO CTO HR"
# Small words within names; those that open a name, too: De Vries, La Toya.
_OPENING_PARTICLES = "al da de del du el la le lo van von"
_PARTICLES = """
& abu af and av bin binti dal degli della den der des di do dos en et ibn las los 't te ten ter und vande vander vom y
zu zum zur
"""
_ROLE_WORDS = frozenset(_ROLES.split())
_SHORT_ROLE_WORDS = frozenset(_SHORT_ROLES.split())
_BOTH_WORDS = frozenset(_OPENING_PARTICLES.split())
_PARTICLE_WORDS = frozenset(_PARTICLES.split()) | _BOTH_WORDS
_MARKS = "'’ʼ`´.-‐‑_·・•@+~#"
_LONGEST = 60
_MOST_WORDS = 5


def key_of(name: str) -> str:
    """The same for a name however it is spelt in capitals."""
    return " ".join(name.casefold().split())


def shape_of(text: str) -> Shape | None:
    """How much a text looks like a name; None for one that is none."""
    text = " ".join(text.split())
    family, comma, given = text.partition(", ")
    if comma and family and given:
        # Lovelace, Ada: as directories of companies have it.
        return "poor" if shape_of(family) == shape_of(given) == "good" else None
    words = text.split()
    if not words or len(text) > _LONGEST or len(words) > _MOST_WORDS or not _is_spelt_like_a_name(text):
        return None
    if _NUMBERED.fullmatch(text):
        return "sure"
    if _INITIAL.fullmatch(text):
        return "poor"
    first = _bare(words[0])
    if first in FIELDS or (first in OPENERS and not (first in _BOTH_WORDS and _is_capital(words[-1]))):
        return None
    if text in _SHORT_ROLE_WORDS:
        return "good"
    if first in _ROLE_WORDS or (len(words) > 1 and _bare(words[-1]) in FIELDS):
        return "poor"
    if not _is_capital(words[0]) and _bare(words[0]) not in _BOTH_WORDS:
        return "poor" if len(words) <= 3 else None
    if text.isupper() and len(text) > 2:
        return "poor"  # ADA, or GDPR
    named = all(_is_capital(word) or word.casefold() in _PARTICLE_WORDS for word in words)
    return "good" if named else "poor"


def _is_spelt_like_a_name(text: str) -> bool:
    if not text[0].isalpha():
        return False
    # A vowel sign of Hindi is no letter to Python, and a joiner none to anybody; both are part of names.
    return all(one.isalnum() or one in " &" or one in _MARKS or one in "\u200c\u200d" or _joins(one) for one in text)


def _joins(sign: str) -> bool:
    return unicodedata.category(sign) in ("Mn", "Mc")


def _is_capital(word: str) -> bool:
    """A letter with a capital form, in that form, first; or behind an apostrophe: d'Ascoli, ‘t Hooft."""
    letters = word.lstrip("".join(_MARKS))
    if letters[:1].isupper() or letters[:1].istitle():
        return True
    return any(part[:1].isupper() for part in re.split("['’-]", letters)[1:])


def _bare(word: str) -> str:
    return word.casefold().rstrip(".").removesuffix("'s").removesuffix("’s")
