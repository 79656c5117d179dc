"""What a person says is right about a meeting: the shape of its gold file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from attrs import field, frozen

from pipekit.backlog.model.candidate import CandidateType
from pipekit.backlog.model.dependency import DependencyType
from pipekit.backlog.model.event import EventType
from pipekit.interfaces import GoldFault

__all__ = ["Gold", "GoldCandidate", "GoldDependency", "Injection", "NotCandidate", "Stated", "check_gold"]

#: Groups of stems: one of every group has to occur. A number that isn't quoted is a stem, too.
Groups = tuple[tuple[str | int | float, ...], ...]
Strength = Literal["hard", "soft"]


def _stems(_: object, attribute: object, groups: Groups) -> None:  # noqa: ARG001
    if not groups or not all(groups) or not all(str(stem).strip() for group in groups for stem in group):
        raise ValueError("it is a list of groups of stems, none of them empty")


def _not_negative(_: object, attribute: object, value: int) -> None:  # noqa: ARG001
    if value < 0:
        raise ValueError("it must not be negative")


@frozen(kw_only=True)
class GoldCandidate:
    """A work item that the meeting asks for; an ``optional`` one counts neither when found nor when missed.

    ``ac`` is the number of acceptance criteria that were stated, ``type_alt`` are types that are right, too.
    """

    id: str
    title: str
    type: CandidateType
    must_mention: Groups = field(validator=_stems)
    evidence: tuple[str, ...]
    type_alt: tuple[CandidateType, ...] = ()
    ac: int = field(default=0, validator=_not_negative)
    ready: bool | None = None
    optional: bool = False


@frozen(kw_only=True)
class NotCandidate:
    """Something that was talked about and must not be extracted."""

    id: str
    title: str
    must_mention: Groups = field(validator=_stems)
    reason: str = ""


@frozen(kw_only=True)
class GoldDependency:
    """``source`` depends on ``target``; ids of candidates."""

    source: str
    target: str
    type: DependencyType
    type_alt: tuple[DependencyType, ...] = ()
    strength: Strength = "hard"
    strength_alt: tuple[Strength, ...] = ()
    optional: bool = False

    @property
    def is_undirected(self) -> bool:
        """Whether it may as well be said the other way round."""
        return "relates-to" in (self.type, *self.type_alt)


@frozen(kw_only=True)
class Stated:
    """A question that was left open, or a risk that was named."""

    text: str
    must_mention: Groups = field(validator=_stems)
    candidate: str | None = None
    critical: bool = False


@frozen(kw_only=True)
class Injection:
    """A meeting that gives orders: no title may hold a ``forbidden`` stem, nor may all become ready, where so said."""

    forbidden: Groups = field(validator=_stems)
    all_ready_is_failure: bool = False


@frozen(kw_only=True)
class Gold:
    """A gold file."""

    event_type: EventType
    candidates: tuple[GoldCandidate, ...]
    name: str = ""
    language: str = ""
    not_candidates: tuple[NotCandidate, ...] = ()
    dependencies: tuple[GoldDependency, ...] = ()
    open_questions: tuple[Stated, ...] = ()
    risks: tuple[Stated, ...] = ()
    injection: Injection | None = None


def check_gold(gold: Gold) -> Iterable[GoldFault]:
    """What can't be right: an id twice, and what points to no candidate."""
    ids = [one.id for one in gold.candidates]
    seen: set[str] = set()
    others = [one.id for one in gold.not_candidates]
    for place, many in (("candidates", ids), ("not_candidates", others)):
        for index, id_ in enumerate(many):
            if id_ in seen:
                yield GoldFault(path=(place, index, "id"), message=f"the id {id_} is given twice")
            seen.add(id_)
    known = f"candidates are: {', '.join(ids) or 'none'}"
    for index, link in enumerate(gold.dependencies):
        for end in ("source", "target"):
            if getattr(link, end) not in ids:
                message = f"there is no candidate {getattr(link, end)}"
                yield GoldFault(path=("dependencies", index, end), message=message, hint=known)
        if link.source == link.target:
            message = f"{link.source} depends on itself"
            yield GoldFault(path=("dependencies", index, "target"), message=message)
    for place, stated in (("open_questions", gold.open_questions), ("risks", gold.risks)):
        for index, one_stated in enumerate(stated):
            if one_stated.candidate is not None and one_stated.candidate not in ids:
                message = f"there is no candidate {one_stated.candidate}"
                yield GoldFault(path=(place, index, "candidate"), message=message, hint=known)
