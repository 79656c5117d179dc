"""The prompts that a step asks its model with, as far as its function's own source says: each has to be there.

A missing one would be found only when the step runs, after others were paid for.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipekit.errors import PipekitError, PluginError
from pipekit.interfaces.steps import Step
from pipekit.llm.prompts import find_prompt, read_prompt
from pipekit.planning.members import Member
from pipekit.planning.signature import read_signature

__all__ = ["prompt_faults", "prompt_folders", "prompts_beside", "tasks_of"]

_ASKING = ("ask", "as_runnable")


def prompts_beside(function: Callable[..., Any]) -> Path:
    """The prompts folder beside the module of a step's function."""
    module = sys.modules.get(function.__module__)
    return Path(getattr(module, "__file__", None) or ".").parent / "prompts"


@functools.lru_cache(maxsize=512)
def prompt_folders(own: Path, function: Callable[..., Any]) -> Sequence[Path]:
    """The project's prompts before those beside the step's module."""
    return (own, prompts_beside(function))


def prompt_faults(member: Member, own: Path) -> list[PipekitError]:
    """What is wrong with the prompts that a step names: none there, or one that can't be used.

    ``own`` is the folder of the project's own ones.
    """
    llm = member.signature.service("llm")
    if llm is None:
        return []
    faults: list[PipekitError] = []
    for task in _tasks(member.step.fn, llm.name):
        try:
            read_prompt(find_prompt(task, prompt_folders(own, member.step.fn)))
        except PluginError as error:
            faults.append(
                PluginError(
                    f"the step {member.name} can't ask its model: {error.message}",
                    kind="prompt",
                    plugin=member.package.partition(" ")[0] or None,
                    where=error.where,
                    step=member.name,
                    hint=error.hint,
                )
            )
    return faults


def tasks_of(step: Step[..., Any, Any]) -> tuple[str, ...]:
    """The tasks for which a step asks its model, as far as its function's own source says."""
    llm = read_signature(step).service("llm")
    return () if llm is None else _tasks(step.fn, llm.name)


@functools.lru_cache(maxsize=512)
def _tasks(function: Callable[..., Any], llm: str) -> tuple[str, ...]:
    """The tasks in ``llm.ask("…")``; what is put together at run time, or asked by a helper, isn't seen here."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ()
    found: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ASKING:
            first = node.args[0] if node.args else None
            if _is_of(node.func.value, llm) and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.append((first.lineno, first.col_offset, first.value))
    return tuple(dict.fromkeys(task for _, _, task in sorted(found)))


def _is_of(node: ast.expr, name: str) -> bool:
    """Whether an expression is this name, or what one of its methods gives: ``llm.using(…)``."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id == name
