"""Classes of langchain-community by name: those that it lists itself, and nothing else."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import warnings
from collections.abc import Iterator
from typing import Any

from pipekit.errors import ConfigError, PluginError

__all__ = ["class_named", "missing", "quietly"]


def class_named(kind: str, name: str) -> Any:
    """The class of this name in ``langchain_community.<kind>``; `ConfigError` when it isn't listed there."""
    with quietly():
        module = importlib.import_module(f"langchain_community.{kind}")
    if name not in module.__all__:
        near = difflib.get_close_matches(name, module.__all__, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"langchain_community.{kind}.__all__ lists them"
        raise ConfigError(f"langchain-community has no {kind.removesuffix('s').replace('_', ' ')} {name!r}", hint=hint)
    try:
        with quietly():
            return getattr(module, name)
    except ImportError as error:
        raise missing(name, error) from error


def missing(name: str, error: ImportError) -> PluginError:
    """The error for a class whose own requirements aren't installed."""
    return PluginError(
        f"{name} of langchain-community can't be used: {' '.join(str(error).split())}",
        kind="missing",
        plugin="pipekit-community",
        hint="install the package that it names, in pipekit's environment",
    )


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without langchain-community's notices that it is being wound down: whoever installed this plugin knows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield
