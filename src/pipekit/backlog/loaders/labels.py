"""Who speaks in each line of a text, decided by the whole of it: what is written in one form throughout is that form.

One line alone can't tell. ``Deadline: Friday`` looks as ``Ada: hello`` does, ``ada: hi`` as ``colour: red`` does, and
``10:30 we start`` is a time that somebody says or one at which it was said. So each line says what it could be, and a
reading is taken where the others bear it out. Where none is, the line is words, all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from attrs import evolve, frozen

from pipekit.backlog.loaders.names import key_of
from pipekit.backlog.loaders.openings import Form, Line, Opening, read_line
from pipekit.backlog.loaders.times import starts_of

__all__ = ["Label", "label_lines"]

#: The share of lines from which a form is the text's own, and from which nearly everything is of it.
_HALF, _NEARLY_ALL = 0.5, 0.8
#: The share of lines that begin with a time where every other line is a time alone, or somebody says more than one.
_OFTEN = 0.3
#: The share of lines below which names before colons are rare enough to be something else.
_RARE = 0.3
#: A recording's first words come within ten minutes of its start; no agenda begins then.
_EARLY = 600.0


@frozen
class Label:
    """What a line is: its speaker, role and start in seconds where known, and its words.

    ``form`` is that of the speaker's name, None where the line has none; ``day`` the date in front of it, as written.
    ``timed`` is true for a line that is a time and nothing else.
    """

    speaker: str | None
    role: str | None
    start: float | None
    rest: str
    form: Form | None = None
    day: str | None = None
    timed: bool = False


_NOTHING = Label(None, None, None, "")


def label_lines(lines: Sequence[str], *, known: Collection[str] = ()) -> list[Label]:
    """A label for each line; ``known`` are people who are there as the text itself says."""
    read = [read_line(line) for line in lines]
    openings = _taken(read, known)
    return _labels(read, openings, _stamps(read, openings))


def _taken(read: Sequence[Line], known: Collection[str]) -> list[Opening | None]:
    """The opening of each line, where the whole text bears it out."""
    text = [(index, line.opening) for index, line in enumerate(read) if line.opening is not None]
    filled = sum(bool(line.text) for line in read)
    names = _with_first_names(map(key_of, known))
    taken: list[Opening | None] = [None] * len(read)
    headings = _headings(read)
    for index, opening in headings.items():
        taken[index] = opening
        names |= _with_first_names([key_of(opening.name)])
    for form in ("addressed", "angle", "bracket", "colon"):
        of_form = {index: one for index, one in text if one.form == form and index not in headings}
        # Where names stand on lines of their own, one before a colon is part of what somebody writes.
        for index in _of_form(of_form, filled, names, alone=form != "colon" or len(headings) < 2):
            taken[index] = of_form[index]
    return taken


def _with_first_names(names: Iterable[str]) -> set[str]:
    return {part for name in names for part in (name, name.split(" ")[0]) if part}


def _of_form(of_form: dict[int, Opening], filled: int, known: Collection[str], *, alone: bool) -> Iterator[int]:
    if not of_form:
        return
    form = next(iter(of_form.values())).form
    keys = Counter(key_of(one.name) for one in of_form.values())
    stamped = {key_of(one.name) for one in of_form.values() if one.stamp}
    mostly_stamped = len(of_form) >= 3 and sum(one.stamp is not None for one in of_form.values()) > 0.6 * len(of_form)
    # Words below a name are lines of the same form.
    share = len(of_form) / max(filled - sum(not one.rest for one in of_form.values()), len(of_form))
    repeated = max(keys.values()) > 1
    in_notes = filled >= 4 and share < _RARE and not repeated
    for index, one in of_form.items():
        key = key_of(one.name)
        if key in known or one.shape == "sure" or form == "addressed" or (form == "angle" and one.stamp):
            yield index
        elif not alone or (mostly_stamped and one.stamp is None and key not in stamped):
            continue
        elif one.shape == "good":
            mostly = share >= _NEARLY_ALL or (share >= _HALF and repeated)
            usual = not in_notes if form == "colon" else mostly
            if usual or not one.plain or one.stamp or one.role:
                yield index
        elif _borne_out(one, keys[key], share, len(keys), repeated=repeated):
            yield index


def _borne_out(one: Opening, times: int, share: float, people: int, *, repeated: bool) -> bool:
    """Whether what hardly looks like a name is one: it comes again, in a text that is mostly written like this."""
    if share < _HALF:
        return False
    if times > 1:
        return True
    # A script without capitals has no other sign of a name.
    caseless = one.name.lower() == one.name.upper()
    return share >= _NEARLY_ALL and people > 1 and (repeated or caseless or one.stamp is not None)


def _headings(read: Sequence[Line]) -> dict[int, Opening]:
    """The lines that are a name and a time, with words below; in either order, on one line or on two."""
    found: dict[int, Opening] = {}
    below: dict[int, Opening] = {}
    for index, line in enumerate(read):
        one = line.opening
        if one is None or one.form not in ("heading", "below"):
            continue
        follower = _next_filled(read, index)
        if follower is None:
            continue
        if one.form == "heading":
            if read[follower].opening is None or read[follower].opening.form != "heading":  # type: ignore[union-attr]
                found[index] = one
        elif one.stamp is not None:
            if read[follower].stamp is None:
                below[index] = one
        elif _is_time(read[follower]) and follower == index + 1 and not _follows_a_time(read, index):
            last = _next_filled(read, follower)
            if last is not None and last == follower + 1 and not _is_time(read[last]):
                below[index] = evolve(one, stamp=read[follower].stamp)
    keys = Counter(key_of(one.name) for one in found.values())
    kept = {
        index: one
        for index, one in found.items()
        if one.shape != "poor" or (len(found) > 1 and (not one.plain or keys[key_of(one.name)] > 1))
    }
    # One that stands below its time could be what somebody says.
    if len(below) > 1 and len({key_of(one.name) for one in below.values()}) < max(len(below), 3):
        others = sum(line.stamp is not None and bool(line.rest) for line in read)
        if sum(read[index].stamp is not None for index in below) >= others:
            kept.update(below)
    return kept


def _next_filled(read: Sequence[Line], index: int) -> int | None:
    """The next line with words, at most one empty line away."""
    return next((at for at in range(index + 1, min(index + 3, len(read))) if read[at].text), None)


def _follows_a_time(read: Sequence[Line], index: int) -> bool:
    """Where every text stands below its time, that is no name above the next one."""
    return any(_is_time(read[at]) for at in range(max(0, index - 2), index))


def _is_time(line: Line) -> bool:
    return line.stamp is not None and not line.rest


def _stamps(read: Sequence[Line], openings: Sequence[Opening | None]) -> list[bool]:
    """For each line whether the time that leads it is when it was said, and no part of it."""
    loose = [
        line.stamp for line, opening in zip(read, openings, strict=True) if line.stamp and not (line.marked or opening)
    ]
    filled = sum(bool(line.text) for line in read)
    rising = all(a.seconds <= b.seconds for a, b in pairwise(loose))
    steady = len(loose) > 1 and len(loose) >= _OFTEN * filled and rising
    steady = steady and (loose[0].seconds < _EARLY or all(one.exact for one in loose))
    alone = [line.stamp for line in read if line.stamp and not line.rest]
    exact = len(alone) > 1 and all(one.exact for one in alone)
    return [
        bool(line.stamp and (opening or line.marked or steady or (exact and not line.rest)))
        for line, opening in zip(read, openings, strict=True)
    ]


def _labels(read: Sequence[Line], openings: Sequence[Opening | None], stamped: Sequence[bool]) -> list[Label]:
    openings = _with_inner_times(openings)
    stamps = [
        opening.stamp if opening else (line.stamp if is_stamped else None)
        for line, opening, is_stamped in zip(read, openings, stamped, strict=True)
    ]
    labels: list[Label] = []
    for index, start in enumerate(starts_of(stamps)):
        line, opening, stamp = read[index], openings[index], stamps[index]
        if not line.text:
            labels.append(_NOTHING)
            continue
        if opening is not None:
            day = stamp.day if stamp else None
            labels.append(Label(opening.name, opening.role, start, opening.rest, opening.form, day))
            continue
        before = openings[index - 1] if index else None
        # The time below a name was taken with the name.
        of_before = _is_time(line) and before is not None and before.form == "below" and before.stamp is line.stamp
        rest = line.rest if stamp or of_before else line.text
        labels.append(
            Label(None, None, start, rest, day=stamp.day if stamp else None, timed=not rest and bool(line.text))
        )
    return labels


def _with_inner_times(openings: Sequence[Opening | None]) -> list[Opening | None]:
    """``Ada: [00:05] words`` with its time taken out, where it stands in more than one place, or alone."""
    places = sum(one is not None and one.inner is not None and one.stamp is None for one in openings)
    return [
        evolve(one, stamp=one.inner[0], rest=one.inner[1])
        if one and one.inner and one.stamp is None and (places > 1 or not one.inner[1])
        else one
        for one in openings
    ]
