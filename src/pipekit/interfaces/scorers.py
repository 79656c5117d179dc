"""Scorers: what a run made, held against what a person says is right. A workflow brings its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeVar, runtime_checkable

from attrs import field, frozen

from pipekit.interfaces.output_formats import RunView

__all__ = ["GoldFault", "Metric", "Score", "Scorer", "Share"]

G = TypeVar("G")


@frozen(kw_only=True)
class Metric:
    """Something that is measured: the ``name`` that ``--min`` takes, the ``title`` of its column, and what it says."""

    name: str
    title: str
    text: str
    better: Literal["higher", "lower"] = "higher"


@frozen
class Share:
    """``hits`` out of ``of``. Those of several runs are added up, so that a large input weighs more than a small one.

    ``when_empty`` is what one run by itself counts for when there is nothing to count, such as 1.0 for a meeting
    without work in which none was found; None leaves such a run out.
    """

    hits: float
    of: float
    when_empty: float | None = field(default=None, kw_only=True)

    @property
    def value(self) -> float | None:
        """0–1, None where there is nothing to count."""
        return self.hits / self.of if self.of else self.when_empty

    def __add__(self, other: Share) -> Share:
        return Share(self.hits + other.hits, self.of + other.of)


@frozen(kw_only=True)
class Score:
    """How one run did: a share by the name of each metric, and ``notes`` that say what was missed or wrong."""

    shares: Mapping[str, Share]
    notes: Sequence[str] = ()


@frozen(kw_only=True)
class GoldFault:
    """Something that is wrong in a gold file beyond its shape; ``path`` leads there: ``("candidates", 0, "id")``."""

    path: Sequence[str | int]
    message: str
    hint: str = ""


@runtime_checkable
class Scorer(Protocol[G]):
    """Scores runs of one workflow against gold files, ``<name>.gold.yaml`` beside the inputs that they name."""

    @property
    def gold_type(self) -> type[G]:
        """An attrs class, filled from a gold file as strictly as settings are; ``file``, the input, is read for you."""
        ...

    @property
    def metrics(self) -> Sequence[Metric]:
        """Everything that is measured, in the order in which it is shown."""
        ...

    def check(self, gold: G) -> Iterable[GoldFault]:
        """What can't be right in a gold file that has the right shape; nothing when all is well."""
        ...

    def score(self, run: RunView, gold: G) -> Score:
        """How a completed run did. It is called anew for every evaluation and asks no model."""
        ...
