"""The commands that an answer offers, told to look where this one looked.

A run that was made with ``--config`` or another store isn't found without it, and what its plugins made isn't known
without the trust of this call. Whoever offers a command knows the run; which flags this call had is known here.
"""

from __future__ import annotations

import re
import shlex

import click

__all__ = ["given_options", "look_in", "looking_here"]

#: The commands that look into the store, with the run they name. The flags stand behind it, so that the command reads
#: as ever; ``run`` is offered with all of this call's options already.
_COMMAND = re.compile(
    r"\bpipekit (?:resume|show|review|answer|edit|open|list|repair|prune|format|diff)\b(?: run-\d{8}-\d{6}-[0-9a-f]+)?"
)
_STORE = re.compile(r"store(?:\.url)?=", re.IGNORECASE)
#: Where a call remembers that its command keeps its runs elsewhere.
_ELSEWHERE = "pipekit.store"


def given_options(*, without: str = "") -> list[str]:
    """The options of this call as they were typed, in the order of the command's own; one may be left out by name."""
    context = click.get_current_context(silent=True)
    if context is None:
        return []
    from click.core import ParameterSource

    words: list[str] = []
    for option in context.command.params:
        name = option.name or ""
        if (
            not isinstance(option, click.Option)
            or name == without
            or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE
        ):
            continue
        value = context.params.get(name)
        if option.is_flag:
            words += option.opts[:1]
        else:
            for one in value if option.multiple and isinstance(value, tuple) else (value,):
                words += [option.opts[0], str(one)]
    return words


def looking_here(text: str) -> str:
    """The text, with the flags of this call that say where runs are, and whose, in each command that it offers."""
    place = _place()
    return _COMMAND.sub(lambda found: f"{found[0]} {place}", text) if place else text


def look_in(store: str) -> None:
    """Say that the runs of this call lie in another store, whatever its flags say."""
    click.get_current_context().meta[_ELSEWHERE] = f"store={store}"


def _place() -> str:
    context = click.get_current_context(silent=True)
    flags = context.params if context else {}
    words: list[str] = []
    for name in ("config", "profile", "store"):
        if flags.get(name):
            words += [f"--{name}", str(flags[name])]
    elsewhere = [context.meta[_ELSEWHERE]] if context and _ELSEWHERE in context.meta else []
    for assignment in (*(flags.get("assignments") or ()), *elsewhere):
        if _STORE.match(assignment):
            words += ["--set", assignment]
    if flags.get("trust") is True:
        words.append("--trust")
    return shlex.join(words)
