"""Settings of the judgement steps: ``steps.score-confidence``, ``steps.enrich-context``, ``steps.check-readiness``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import asdict, field, frozen, validators

from pipekit import settings

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


@settings
class ReadinessSettings:
    """``dor``: the Definition of Ready, a YAML file relative to the configuration file.

    Left out, it is ``dor.yaml`` beside the configuration where there is one, else the one that comes with pipekit.
    """

    dor: str | None = field(default=None, validator=validators.optional(validators.min_len(1)))

    def depends_on(self, folder: Path) -> Mapping[str, str]:
        """The digest of the Definition of Ready in use; `ConfigError` where the file is missing or wrong."""
        from pipekit.backlog.dor import find_dor

        return {"Definition of Ready": find_dor(folder, self.dor).digest()}
