"""The names of a new package: one word of the author's, and all that follow from it."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping

from attrs import frozen

from pipekit.errors import UsageError

__all__ = ["PackageNames"]

_PREFIX = "pipekit-"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
#: Longer ones make module names and lines that nobody can read.
_LONGEST = 24
#: Names that pipekit's own packages and entry points have, and those that mean something in the place of a model.
_OURS = frozenset({"backlog", "framework", "llm", "offline", "replay", "retrieval", "stores", "testing"})


@frozen(kw_only=True)
class PackageNames:
    """``slug`` is the name by which the package's step, format, … is known: ``acme-tickets``."""

    slug: str

    @classmethod
    def of(cls, name: str) -> PackageNames:
        """From what an author calls it, with or without ``pipekit-`` before it; `UsageError` for what can't be one."""
        slug = name.removeprefix(_PREFIX)
        if not _NAME.fullmatch(slug) or len(slug) > _LONGEST:
            near = re.sub(r"[^a-z0-9]+", "-", slug.casefold()).strip("-0123456789")[:_LONGEST].rstrip("-")
            raise UsageError(
                f"the name of a package is lower-case letters, digits and hyphens, at most {_LONGEST}, not {name!r}",
                kind="bad-name",
                hint=f"did you mean {near}?" if near else "such as acme-tickets",
            )
        if slug in _OURS:
            raise UsageError(
                f"a part of pipekit is called {slug}", kind="bad-name", hint=f"choose another name, such as my-{slug}"
            )
        snake = slug.replace("-", "_")
        if keyword.iskeyword(snake) or keyword.issoftkeyword(snake) or hasattr(builtins, snake):
            raise UsageError(
                f"Python has a meaning of its own for {slug}",
                kind="bad-name",
                hint=f"choose another name, such as my-{slug}",
            )
        return cls(slug=slug)

    @property
    def distribution(self) -> str:
        """What pip installs: ``pipekit-acme-tickets``."""
        return f"{_PREFIX}{self.slug}"

    @property
    def package(self) -> str:
        """What Python imports: ``pipekit_acme_tickets``."""
        return self.distribution.replace("-", "_")

    @property
    def markers(self) -> Mapping[str, str]:
        """What stands in the templates, and what comes in its place."""
        snake = self.slug.replace("-", "_")
        return {
            "@@slug@@": self.slug,
            "@@snake@@": snake,
            "@@upper@@": snake.upper(),
            "@@class@@": "".join(part.capitalize() for part in self.slug.split("-")),
            "@@dist@@": self.distribution,
            "@@import@@": self.package,
        }
