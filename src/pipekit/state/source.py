"""The source of a function as it was when it was loaded, with what it uses of its own module.

A file may be edited while what was loaded from it runs. So the lines are taken when the step is made, and not when
somebody asks what the step was.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import linecache
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from types import CodeType
from typing import Any

__all__ = ["Source"]

_Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Source:
    """The source of one function; to be made while its module is being loaded."""

    def __init__(self, function: Callable[..., Any]) -> None:
        function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        self._code: CodeType | None = code if isinstance(code, CodeType) else None
        self._lines: Sequence[str] = ()
        if self._code is not None:
            linecache.checkcache(self._code.co_filename)
            # The list is the cache's own: all steps of a module share it, and a file read anew is another list.
            self._lines = linecache.getlines(self._code.co_filename, getattr(function, "__globals__", None))

    @cached_property
    def digest(self) -> str | None:
        """sha256 of the function's source and of the definitions it uses, in its module and around it.

        None where there is no source. What is imported counts by its name alone, and where a definition stands counts
        for nothing. The text is taken as it is written: it means the same to every version of Python.
        """
        if self._code is None:
            return None
        try:
            tree = ast.parse("".join(self._lines))
        except (SyntaxError, ValueError, RecursionError):
            return None
        found = _find(tree, self._code)
        if found is None:
            return None
        function, around = found
        used: dict[ast.AST, str] = {function: self._text(function)}
        waiting = [(name, around) for name in _names(function)]
        while waiting:
            name, scopes = waiting.pop()
            defined: Sequence[ast.stmt] = ()
            while scopes and not defined:  # the innermost scope that has it
                defined, inner, scopes = [one for one in scopes[-1].body if name in _bound(one)], scopes, scopes[:-1]
            for one in defined:
                if one not in used:
                    used[one] = self._text(one)
                    waiting.extend((each, inner) for each in _names(one))
        return hashlib.sha256("\n".join([used.pop(function), *sorted(used.values())]).encode()).hexdigest()

    def _text(self, node: ast.AST) -> str:
        first, last = _first_line(node), getattr(node, "end_lineno", None)
        return "".join(self._lines[first - 1 : last])


def _find(tree: ast.Module, code: CodeType) -> tuple[_Function, Sequence[_Scope]] | None:
    """The function that was compiled to ``code``, and the scopes around it, the module first."""
    waiting: list[tuple[ast.AST, tuple[_Scope, ...]]] = [(tree, (tree,))]
    while waiting:
        node, scopes = waiting.pop()
        if isinstance(node, _Function):
            name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
            if name == code.co_name and _first_line(node) == code.co_firstlineno:
                return node, scopes
            if not isinstance(node, ast.Lambda):
                scopes = (*scopes, node)
        waiting.extend((child, scopes) for child in ast.iter_child_nodes(node))
    return None


def _first_line(node: ast.AST) -> int:
    lines = [one.lineno for one in (node, *getattr(node, "decorator_list", ())) if isinstance(one, ast.expr | ast.stmt)]
    return min(lines)


def _names(node: ast.AST) -> Iterator[str]:
    """Names that are read in a statement or function and come from outside of it.

    A rule for use offline is no part of the function.
    """
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(node, frozenset())]
    while waiting:
        one, own = waiting.pop()
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load) and one.id not in own:
            yield one.id
        if isinstance(one, _Function):
            inside: list[ast.AST] = [one.body] if isinstance(one, ast.Lambda) else [*one.body]
            waiting += [(each, own) for each in ast.iter_child_nodes(one) if each not in inside]
            parameters = {each.arg for each in ast.walk(one.args) if isinstance(each, ast.arg)}
            within = own.union(parameters, *(_bound(part) for part in inside))
            waiting += [(each, within) for each in inside]
        elif isinstance(one, ast.Call):
            parts = [one.func, *one.args, *(each.value for each in one.keywords if each.arg != "offline")]
            waiting += [(each, own) for each in parts]
        else:
            waiting += [(each, own) for each in ast.iter_child_nodes(one)]


def _bound(part: ast.AST) -> Iterator[str]:
    """Names that a statement or expression defines in its own scope, imports left out."""
    waiting: list[ast.AST] = [part]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield one.name
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id
        elif not isinstance(one, ast.Lambda):
            waiting += ast.iter_child_nodes(one)
