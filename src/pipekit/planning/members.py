"""Which steps a workflow has, in order of registration, and every name that each may be called by."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from pipekit.config.keys import fold_key
from pipekit.errors import PipekitError, PluginError, UsageError
from pipekit.interfaces.steps import Step
from pipekit.interfaces.workflows import Workflow
from pipekit.planning.signature import Signature, SignatureError, read_signature
from pipekit.state.ids import is_valid_id
from pipekit.state.record import StepKey

__all__ = ["Member", "Members", "Registered", "aliases", "gather", "key_of"]


@frozen(kw_only=True)
class Registered:
    """A step that a plugin registered, with the package and version it came from (empty for a program's own).

    ``joins`` says that the configuration named its file, so that it is part of the workflow without more ado.
    """

    step: Step[..., Any, Any]
    package: str = ""
    joins: bool = False


@frozen(kw_only=True)
class Member:
    """A step of the workflow: its key in records, its signature, its package."""

    step: Step[..., Any, Any]
    key: StepKey
    signature: Signature
    package: str = ""

    @property
    def name(self) -> str:
        """The step's name."""
        return self.step.name


class Members:
    """The steps of a workflow. ``others`` are registered steps that aren't part of it, by name."""

    def __init__(self, members: Sequence[Member], others: Mapping[str, Registered]) -> None:
        self._members = {member.name: member for member in members}
        self.others = others

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def __len__(self) -> int:
        return len(self._members)

    def get(self, name: str) -> Member | None:
        """The member with this name."""
        return self._members.get(name)

    @property
    def names(self) -> list[str]:
        """The names, in order of registration."""
        return list(self._members)

    @property
    def aliases(self) -> dict[str, str]:
        """Every way to call a step → its name."""
        return aliases({member.name: member.key for member in self})

    def resolve(self, text: str) -> Member | None:
        """The step that ``text`` names, compared without case, ``_`` and ``-``; None when there is none."""
        folded = {fold_key(alias): name for alias, name in self.aliases.items()}
        name = folded.get(fold_key(text))
        return self._members.get(name) if name else None

    def unknown(self, text: str, flag: str) -> UsageError:
        """The fault of a selection that names no step."""
        part = fold_key(text)
        within = [name for name in self.names if part and part in fold_key(name)]
        near = within if len(within) == 1 else difflib.get_close_matches(text, [*self.aliases], n=1)
        known = ", ".join(f"{m.key} {m.name}" if isinstance(m.key, int) else m.name for m in self)
        hint = f"did you mean {near[0]}?" if near else f"the steps are: {known}"
        return UsageError(f"{flag} names no step of this workflow: {text!r}", kind="unknown-step", hint=hint)


def aliases(keys: Mapping[str, StepKey]) -> dict[str, str]:
    """Every way to call a step → its name, of names and keys: ``step3``, ``3`` and ``score-confidence``."""
    result = {name: name for name in keys}
    for name, key in keys.items():
        if isinstance(key, int):
            result[str(key)] = name
            result[f"step{key}"] = name
    return result


def key_of(workflow: Workflow, name: str) -> StepKey:
    """The fixed number that the workflow gives a step, else its name."""
    numbered = list(workflow.numbered)
    return numbered.index(name) + 1 if name in numbered else name


def gather(
    workflow: Workflow, registered: Sequence[Registered], enabled: Sequence[str]
) -> tuple[Members, list[PipekitError]]:
    """The workflow's members: the steps it names, steps that join it, and those that the configuration enables.

    ``enabled`` holds the names of registered steps with ``enabled: true``. Faults are unknown names and signatures
    that can't be read.
    """
    faults: list[PipekitError] = []
    by_name = {entry.step.name: entry for entry in registered}
    chosen: dict[str, Registered] = {}
    for named in workflow.steps:
        if isinstance(named, str):
            entry = by_name.get(named)
            if entry is None:
                near = difflib.get_close_matches(named, list(by_name), n=1)
                hint = f"did you mean {near[0]}?" if near else "install the plugin that brings it: pipekit plugins"
                text = f"the workflow {workflow.name} names a step that no plugin brings: {named}"
                faults.append(PluginError(text, kind="missing", hint=hint))
                continue
        else:
            entry = by_name.get(named.name)
            if named.name in chosen and chosen[named.name].step is not named:
                text = f"two steps of the workflow {workflow.name} are called {named.name}"
                faults.append(PluginError(text, kind="signature", where=_place(named), hint='rename one: name="…"'))
            if entry is None or entry.step is not named:
                entry = Registered(step=named, package=entry.package if entry else "")
        chosen[entry.step.name] = entry
    for entry in registered:
        joins = entry.joins and entry.step.workflow is None
        if joins or entry.step.workflow == workflow.name or entry.step.name in enabled:
            chosen.setdefault(entry.step.name, entry)
    members: list[Member] = []
    for entry in chosen.values():
        step = entry.step
        if not is_valid_id(step.name):
            text = f"the step {step.name!r} can't have that name: it names files"
            hint = "use lower case letters, digits, dots and dashes"
            faults.append(PluginError(text, kind="signature", where=_place(step), hint=hint))
            continue
        try:
            signature = read_signature(step)
            if step.each is not None and signature.service("rendering") is not None:
                raise SignatureError("renders output files, and so can't be fanned out: files belong to the whole run")
            _check_names(step.fn, "takes")
            if step.offline is not None:
                _check_names(step.offline, "has an offline rule that takes")
                _check_offline(step, signature)
        except SignatureError as error:
            faults.append(
                PluginError(
                    f"the step {step.name} {error}" if str(error)[0].islower() else f"{step.name}: {error}",
                    kind="signature",
                    plugin=entry.package.partition(" ")[0] or None,
                    where=_place(step),
                    hint="pipekit's documentation has the table of what a step's parameters may be",
                )
            )
            continue
        key = key_of(workflow, step.name)
        members.append(Member(step=step, key=key, signature=signature, package=entry.package))
    others = {name: entry for name, entry in by_name.items() if name not in chosen}
    return Members(members, others), faults


def _check_names(fn: Callable[..., Any], takes: str) -> None:
    """Parameters are filled by name."""
    for name, parameter in inspect.signature(fn).parameters.items():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise SignatureError(f"{takes} {name!r} by position only, but parameters are filled by name; remove the /")


def _check_offline(step: Step[..., Any, Any], signature: Signature) -> None:
    """The offline rule may take a subset of the step's parameters, never the model."""
    assert step.offline is not None
    known = {parameter.name: parameter for parameter in signature.parameters}
    for name in inspect.signature(step.offline).parameters:
        if name not in known:
            raise SignatureError(f"has an offline rule with a parameter that the step doesn't have: {name!r}")
        if known[name].service == "llm":
            raise SignatureError(f"has an offline rule that asks for a model: {name!r}")


def _place(step: Step[..., Any, Any]) -> str:
    code = getattr(step.fn, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
