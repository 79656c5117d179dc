"""Loaders: bytes → the value a workflow starts from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO, Protocol, TypeVar, runtime_checkable

from attrs import field, frozen

__all__ = ["Loader", "Source"]

T_co = TypeVar("T_co", covariant=True)


@frozen(kw_only=True)
class Source:
    """An input: its name as the user gave it, its bytes, and its media type where known.

    ``warnings`` holds what a loader said with `warn`.
    """

    name: str
    content: bytes
    media_type: str | None = None
    warnings: list[str] = field(factory=list, init=False, eq=False, repr=False)

    def open(self) -> BinaryIO:
        """The bytes as a stream."""
        return io.BytesIO(self.content)

    def warn(self, text: str) -> None:
        """Say in one sentence what had to be mended to read it (characters replaced, lines left out).

        The run goes on, and whoever started it is told.
        """
        self.warnings.append(text)


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
        """The value; raises `InputError` with file and line or offset, and tells `Source.warn` what it mended.

        A value that keeps these sentences itself, as a tuple or list of texts called ``warnings``, needn't repeat them.
        """
        ...
