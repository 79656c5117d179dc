"""Retrievers: where context comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from attrs import field, frozen

__all__ = ["Hit", "Retrieval", "Retriever"]


@frozen(kw_only=True)
class Hit:
    """One unit found. ``relevance`` is 0–1; ``kind`` is what it is (work-item, adr, doc, lesson, …)."""

    title: str
    source: str
    snippet: str
    relevance: float
    kind: str = "doc"
    id: str = ""
    attributes: Mapping[str, str] = field(factory=dict)


@runtime_checkable
class Retriever(Protocol):
    """A searchable source."""

    def search(self, query: str, *, limit: int, kind: str | None = None) -> Sequence[Hit]:
        """At most ``limit`` hits, best first."""
        ...

    def fingerprint(self) -> str:
        """Changes when the content does, so that a resume can tell."""
        ...


class Retrieval(Protocol):
    """All configured retrievers as one, for steps. ``sources`` names them; empty when none is configured."""

    @property
    def sources(self) -> Sequence[str]:
        """Names of the configured retrievers."""
        ...

    async def search(self, query: str, *, limit: int = 5, kind: str | None = None) -> Sequence[Hit]:
        """At most ``limit`` hits of all retrievers together, best first."""
        ...
