"""Loaders: bytes → the value a workflow starts from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO, Protocol, TypeVar, runtime_checkable

from attrs import frozen

__all__ = ["Loader", "Source"]

T_co = TypeVar("T_co", covariant=True)


@frozen(kw_only=True)
class Source:
    """An input: its name as the user gave it, its bytes, and its media type where known."""

    name: str
    content: bytes
    media_type: str | None = None

    def open(self) -> BinaryIO:
        """The bytes as a stream."""
        return io.BytesIO(self.content)


@runtime_checkable
class Loader(Protocol[T_co]):
    """Reads one input format. A workflow uses the loaders whose ``returns`` is its input type."""

    @property
    def suffixes(self) -> Sequence[str]:
        """Usual file endings, with the dot and in lower case."""
        ...

    @property
    def returns(self) -> type[T_co]:
        """The type of what `load` gives."""
        ...

    def recognises(self, head: bytes, name: str) -> float:
        """How sure it is, 0–1, from the first 64 KB; the highest wins, a tie asks for ``--input-format``."""
        ...

    def load(self, source: Source) -> T_co:
        """The value; raises `InputError` with file and line or offset."""
        ...
