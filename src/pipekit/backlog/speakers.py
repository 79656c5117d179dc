"""One name for each speaker, however the sources write it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from attrs import evolve

from pipekit.backlog.model.meeting import Meeting

__all__ = ["names_of", "with_one_name_each"]

#: What programs for meetings write behind a name to say how somebody came in; it is no part of it, and no role.
_STANDING = re.compile(
    r"\s*[(\[](?:guest|external|unverified|unauthenticated|host|co-?host|organi[sz]er|presenter|me|you|gast|extern(?:e|er)?"
    r"|niet geverifieerd|nicht verifiziert|ich|ik|via [^()\[\]]{1,40}|(?:she|he|they|hers?|him|them|theirs?)"
    r"(?:\s?/\s?(?:she|he|they|hers?|him|them|theirs?)){1,3})[)\]]\s*$",
    re.IGNORECASE,
)
_FAMILY_FIRST = re.compile(r"([^\s,][^,]{0,60}),\s+([^\s,][^,]{0,60})")


def with_one_name_each(meeting: Meeting) -> Meeting:
    """The meeting, its speakers and attendees called alike throughout."""
    spoken = [one.speaker for one in meeting.utterances if one.speaker]
    names = names_of([*spoken, *meeting.attendees])
    if all(names[name] == name for name in names):
        return meeting
    return evolve(
        meeting,
        utterances=tuple(
            evolve(one, speaker=names[one.speaker]) if one.speaker and names[one.speaker] != one.speaker else one
            for one in meeting.utterances
        ),
        attendees=tuple(dict.fromkeys(names[name] for name in meeting.attendees)),
    )


def names_of(written: Collection[str]) -> Mapping[str, str]:
    """For each way a name is written the one that is used.

    ``Anna Smith (Guest)`` and ``SMITH, Anna`` are Anna Smith. A part of a name is somebody's only where it can be
    nobody else's: with an Anna Jones there, ``Anna`` stays who she is.
    """
    often = Counter(written)
    plain = {name: _plain(name) for name in often}
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for name, count in often.items():
        spellings[_key(plain[name])][plain[name]] += count
    # The spelling of a name that has capitals where names have them, then the commonest.
    best = {key: max(found, key=lambda one: (_is_spelt(one), found[one])) for key, found in spellings.items()}
    longer: dict[str, list[str]] = defaultdict(list)
    for key in best:
        if " " in key and "(" not in key:
            longer[key.split(" ")[0]].append(key)
    whole = {key: longer[key][0] if len(longer.get(key, ())) == 1 else key for key in best}
    return {name: best[whole[_key(plain[name])]] for name in often}


def _plain(name: str) -> str:
    while (shorter := _STANDING.sub("", name)) not in ("", name):
        name = shorter
    found = _FAMILY_FIRST.fullmatch(name)
    if found is None or any(one in name for one in "()[]&/"):
        return name
    family, given = found.groups()
    if family.isupper() and len(family) > 2:
        family = re.sub(r"\w+", lambda word: word.group().capitalize(), family)
    return f"{given} {family}"


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _is_spelt(name: str) -> bool:
    return name[:1].isupper() and not (name.isupper() and len(name) > 2)
