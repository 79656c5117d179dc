"""Settings of the judgement steps: ``steps.score-confidence``, ``steps.enrich-context``, ``steps.check-readiness``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import asdict, field, frozen, validators

from pipekit import settings

if TYPE_CHECKING:
    from pipekit.backlog.dor import DefinitionOfReady

__all__ = ["ContextSettings", "ReadinessSettings", "ScoreSettings", "ScoreWeights"]


_WEIGHT = validators.and_(validators.ge(0.0), validators.lt(float("inf")))


@frozen(kw_only=True)
class ScoreWeights:
    """How much each score counts in the overall confidence; only the ratio matters."""

    completeness: float = field(default=0.3, validator=_WEIGHT)
    clarity: float = field(default=0.25, validator=_WEIGHT)
    testability: float = field(default=0.25, validator=_WEIGHT)
    actionability: float = field(default=0.2, validator=_WEIGHT)

    def __attrs_post_init__(self) -> None:
        if not any(asdict(self).values()):
            raise ValueError("at least one weight must be above 0")

    def by_name(self) -> Mapping[str, float]:
        """The weights by the name of their score."""
        return asdict(self)


@settings
class ScoreSettings:
    """``weights`` of the scores, and the overall confidence (0–100) below which a candidate is flagged."""

    weights: ScoreWeights = ScoreWeights()
    threshold: int = field(default=60, validator=[validators.ge(0), validators.le(100)])


@settings
class ContextSettings:
    """At most ``rag_top_k`` hits a candidate, none with a relevance below ``rag_threshold`` (0–1)."""

    rag_top_k: int = field(default=5, validator=[validators.ge(1), validators.le(100)])
    rag_threshold: float = field(default=0.3, validator=[validators.ge(0.0), validators.le(1.0)])


class _Holding:
    """A place beside the fields: no part of comparisons, of the plain JSON and of the fingerprint."""

    __slots__ = ("_held",)


@settings
class ReadinessSettings(_Holding):
    """``dor``: the Definition of Ready, a YAML file relative to the configuration file.

    Left out, it is ``dor.yaml`` beside the configuration where there is one, else the one that comes with pipekit.
    """

    dor: str | None = field(default=None, validator=validators.optional(validators.min_len(1)))

    def depends_on(self, folder: Path) -> Mapping[str, str]:
        """The digest of the Definition of Ready in use; `ConfigError` where the file is missing or wrong."""
        return {"Definition of Ready": self._read(folder).digest()}

    def definition(self, folder: Path) -> DefinitionOfReady:
        """The Definition of Ready whose digest was given; read now where nobody asked for the digest.

        It is held from then on: a file that is edited during a run must not judge one candidate by other criteria
        than the next, nor by others than those the step's fingerprint names.
        """
        held: tuple[Path, DefinitionOfReady] | None = getattr(self, "_held", None)
        return held[1] if held is not None and held[0] == folder else self._read(folder)

    def _read(self, folder: Path) -> DefinitionOfReady:
        from pipekit.backlog.dor import find_dor

        found = find_dor(folder, self.dor)
        object.__setattr__(self, "_held", (folder, found))  # the fields are frozen, this is none of them
        return found
