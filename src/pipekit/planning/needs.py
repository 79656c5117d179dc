"""Who makes what a step needs, whether it fits, and in which order that makes the steps run."""

from __future__ import annotations

import contextlib
import difflib
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

import attrs
from attrs import frozen

from pipekit.config.faults import closest
from pipekit.config.keys import fold_key
from pipekit.errors import ConfigError, PipekitError, PluginError
from pipekit.interfaces.steps import Each
from pipekit.planning.members import Member
from pipekit.planning.order import CycleError, order
from pipekit.planning.signature import Parameter, each_of, fits
from pipekit.serde import MisfitError, typed_fields

__all__ = ["Makers", "arrange", "find_makers", "mismatch", "shown"]


@frozen
class Makers:
    """Artifact → the member that makes it; the workflow's input is made by nobody."""

    input: str
    input_type: Any
    by_artifact: Mapping[str, Member]

    def type_of(self, artifact: str) -> Any:
        """The type of an artifact, ``Each[T]`` for a fanned-out one; ``object`` where it isn't known."""
        if artifact == self.input:
            return self.input_type
        member = self.by_artifact.get(artifact)
        if member is None:
            return object
        made = member.signature.returns
        if not member.step.is_whole:
            return _field_type(made, artifact)
        return each_of(made) if member.step.each else made

    def root(self, artifact: str) -> str:
        """The collection that an artifact's items come from in the end."""
        member = self.by_artifact.get(artifact)
        seen: set[str] = set()
        while member is not None and member.step.each is not None and member.name not in seen:
            seen.add(member.name)
            artifact = member.step.each
            member = self.by_artifact.get(artifact)
        return artifact


def _field_type(cls: Any, artifact: str) -> Any:
    if isinstance(cls, type) and attrs.has(cls):
        with contextlib.suppress(MisfitError):  # told once, with the step that makes it
            return next((field.type for field in typed_fields(cls) if field.name == artifact), object)
    return object


def find_makers(
    members: Iterable[Member], *, input_name: str, input_type: Any, use: Mapping[str, tuple[str, str]]
) -> tuple[Makers, list[PipekitError]]:
    """Who makes each artifact.

    ``use`` settles two makers of one: artifact, compared as keys are → (step, place in the configuration).
    """
    faults: list[PipekitError] = []
    all_makers: dict[str, list[Member]] = {}
    for member in members:
        for artifact in member.step.provides:
            all_makers.setdefault(artifact, []).append(member)
        if not member.step.is_whole:
            missing = [name for name in member.step.provides if _lacks(member.signature.returns, name)]
            if missing:
                text = f"the step {member.name} provides {missing[0]!r}, which its return type hasn't as a field"
                faults.append(PluginError(text, kind="signature", hint="provides=(…) names fields of the result"))
    spelled = {fold_key(artifact): artifact for artifact in all_makers}
    use = {spelled.get(fold_key(artifact), artifact): settled for artifact, settled in use.items()}
    chosen: dict[str, Member] = {}
    for artifact, makers in all_makers.items():
        if artifact == input_name:
            text = f"the step {makers[0].name} provides {artifact!r}, which is the workflow's input"
            faults.append(PluginError(text, kind="provides", hint='give it another name: provides="…"'))
            continue
        wanted, origin = use.get(artifact, ("", ""))
        named = next((member for member in makers if member.name == wanted), None)
        if len(makers) > 1 and named is None:
            who = " and ".join(f"{m.name}" + (f" ({m.package})" if m.package else "") for m in makers)
            faults.append(
                ConfigError(
                    f"two steps make {artifact!r}: {who}",
                    kind="two-makers",
                    where=origin,
                    hint=f"settle it in the configuration: use: {{{artifact}: {makers[0].name}}}",
                )
            )
        chosen[artifact] = named or makers[0]
    for artifact, (wanted, origin) in use.items():
        if artifact not in all_makers or wanted not in {member.name for member in all_makers[artifact]}:
            # A word is near to what stands in its place: one of the makers, or one of the artifacts.
            word, known = artifact, list(all_makers)
            if artifact in all_makers:
                word, known = wanted, [member.name for member in all_makers[artifact]]
            near = closest(word, known)
            hint = f"did you mean {near}?" if near else f"there are: {', '.join(known)}"
            text = f"use: no step {wanted} makes {artifact!r}"
            faults.append(ConfigError(text, kind="unknown-name", where=origin, hint=hint))
    return Makers(input_name, input_type, chosen), faults


def _lacks(annotation: Any, name: str) -> bool:
    """Whether a result of this type has no field ``name`` for sure; what a mapping has is seen when it is there."""
    cls = get_origin(annotation) or annotation
    if not isinstance(cls, type) or issubclass(cls, Mapping):
        return False
    return not (attrs.has(cls) and name in {field.name for field in attrs.fields(cls)})


def arrange(
    members: Sequence[Member], makers: Makers
) -> tuple[list[Member], Mapping[str, set[str]], list[PipekitError]]:
    """The members in the order they run, and which have to come before each.

    Steps that gather come after all that don't name them as coming first.
    """
    names = [member.name for member in members]
    first: dict[str, set[str]] = {name: set() for name in names}
    faults: list[PipekitError] = []
    for member in members:
        for artifact in _reads(member):
            maker = makers.by_artifact.get(artifact)
            if maker is not None and maker.name != member.name:
                first[member.name].add(maker.name)
        first[member.name].update(member.step.after)
        for follower in member.step.before:
            first.setdefault(follower, set()).add(member.name)
        for other in (*member.step.after, *member.step.before):
            if other not in first or other not in names:
                faults.extend(_unknown_neighbour(member, other, names))
    gatherers = [member.name for member in members if member.signature.service("artifacts") is not None]
    for gatherer in gatherers:
        followers = _followers(gatherer, first)
        first[gatherer].update(name for name in names if name not in followers and name not in gatherers)
    by_name = {member.name: member for member in members}
    try:
        return [by_name[name] for name in order(names, first)], first, faults
    except CycleError as error:
        text = f"steps wait for each other: {error}"
        faults.append(PluginError(text, kind="cycle", hint="one after=, before= or need among these has to go"))
        return list(members), first, faults


def _reads(member: Member) -> list[str]:
    each = [member.step.each] if member.step.each else []
    return [*each, *(need.name for need in member.signature.needs)]


def _followers(name: str, first: Mapping[str, set[str]]) -> set[str]:
    """``name`` and everything that has to come after it."""
    found = {name}
    grew = True
    while grew:
        more = {other for other, firsts in first.items() if firsts & found} - found
        found |= more
        grew = bool(more)
    return found


def _unknown_neighbour(member: Member, other: str, names: Sequence[str]) -> list[PipekitError]:
    near = difflib.get_close_matches(other, names, n=1)
    if not near:
        return []  # a neighbour of another package that isn't installed: nothing to be before or after
    text = f"the step {member.name} wants to stand beside {other!r}, which doesn't exist"
    return [PluginError(text, kind="unknown-step", hint=f"did you mean {near[0]}?")]


def mismatch(member: Member, parameter: Parameter, makers: Makers) -> PipekitError | None:
    """The fault of a parameter whose annotation doesn't fit the artifact of its name."""
    made = makers.type_of(parameter.name)
    wanted = parameter.annotation
    maker = makers.by_artifact.get(parameter.name)
    same = (
        maker is not None
        and maker.step.each is not None
        and member.step.each is not None
        and makers.root(parameter.name) == makers.root(member.step.each)
    )
    if same and not parameter.wants_all and get_origin(made) is Each:
        made = get_args(made)[0]
    if fits(made, wanted):
        return None
    return PluginError(
        f"the step {member.name} takes {parameter.name!r} as {shown(wanted)}, but it is {shown(made)}",
        kind="type",
        plugin=member.package.partition(" ")[0] or None,
        hint=f"annotate it {parameter.name}: {shown(made)}",
    )


def shown(type_: Any) -> str:
    """A type as one would write it."""
    if get_origin(type_) in (Union, types.UnionType):
        return " | ".join(shown(arg) for arg in get_args(type_))
    if type_ is type(None):
        return "None"
    if get_origin(type_) is not None:
        inner = ", ".join("..." if arg is Ellipsis else shown(arg) for arg in get_args(type_))
        return f"{getattr(get_origin(type_), '__name__', str(get_origin(type_)))}[{inner}]"
    return getattr(type_, "__name__", str(type_))
