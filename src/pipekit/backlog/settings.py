"""Settings of the judgement steps, steps 3, 4, 6 and 7: ``steps.score-confidence`` and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from attrs import field, validators

from pipekit import settings
from pipekit.backlog.dor import DefinitionOfReady, find_dor
from pipekit.backlog.stakeholders import Stakeholders, find_stakeholders
from pipekit.backlog.weighing import ScoreWeights, Weighing, find_weighing

__all__ = ["ContextSettings", "QuestionSettings", "ReadinessSettings", "ReviewSettings", "ScoreSettings"]

T = TypeVar("T")


class _Holding:
    """A place beside the fields: no part of comparisons, of the plain JSON and of the fingerprint.

    What a setting's file said is held from the moment on when its digest was given: a file that is edited during a run
    must not judge one candidate by other rules than the next, nor by others than those the step's fingerprint names.
    """

    __slots__ = ("_held",)

    def _kept(self, folder: Path, read: Callable[[], T]) -> T:
        """What was read for this folder before; read now where nobody asked for the digest."""
        held: tuple[Path, T] | None = getattr(self, "_held", None)
        return held[1] if held is not None and held[0] == folder else self._read(folder, read)

    def _read(self, folder: Path, read: Callable[[], T]) -> T:
        found = read()
        object.__setattr__(self, "_held", (folder, found))  # the fields are frozen, this is none of them
        return found


@settings
class ScoreSettings(_Holding):
    """``scoring``: the weights of the scores and the threshold, a YAML file relative to the configuration file.

    Left out, it is ``scoring.yaml`` beside the configuration where there is one, else what comes with pipekit.
    ``weights`` and ``threshold`` (0–100), where they are set here, go before those of the file; a candidate whose
    overall confidence is below the threshold is flagged.
    """

    scoring: str | None = field(default=None, validator=validators.optional(validators.min_len(1)))
    weights: ScoreWeights | None = None
    threshold: int | None = field(
        default=None, validator=validators.optional(validators.and_(validators.ge(0), validators.le(100)))
    )

    def depends_on(self, folder: Path) -> Mapping[str, str]:
        """The digest of the scoring in use; `ConfigError` where the file is missing or wrong."""
        return {"scoring": self.over(self._read(folder, lambda: find_weighing(folder, self.scoring))).digest()}

    def weighing(self, folder: Path) -> Weighing:
        """The weights and the threshold whose digest was given."""
        return self.over(self._kept(folder, lambda: find_weighing(folder, self.scoring)))

    def over(self, found: Weighing) -> Weighing:
        """What is set here laid over what a file says."""
        return Weighing(
            weights=found.weights if self.weights is None else self.weights,
            threshold=found.threshold if self.threshold is None else self.threshold,
        )


@settings
class ReviewSettings(ScoreSettings):
    """From ``pass_at`` on (0–100) a candidate passes by its score, from ``approve_at`` on a person has to approve it.

    Below that people are asked for what is missing, at most ``rounds`` times, and it is scored again with their answer.
    ``scoring``, ``weights`` and ``threshold`` are those of ``steps.score-confidence``, and better the same.
    """

    pass_at: int = field(default=75, validator=[validators.ge(0), validators.le(100)])
    approve_at: int = field(default=50, validator=[validators.ge(0), validators.le(100)])
    rounds: int = field(default=3, validator=[validators.ge(0), validators.le(20)])

    def __attrs_post_init__(self) -> None:
        if self.approve_at > self.pass_at:
            raise ValueError(f"approveAt ({self.approve_at}) can't be above passAt ({self.pass_at})")


@settings
class ContextSettings:
    """At most ``rag_top_k`` hits a candidate, none with a relevance below ``rag_threshold`` (0–1)."""

    rag_top_k: int = field(default=5, validator=[validators.ge(1), validators.le(100)])
    rag_threshold: float = field(default=0.3, validator=[validators.ge(0.0), validators.le(1.0)])


@settings
class QuestionSettings(_Holding):
    """``stakeholders``: who has which role, a YAML file relative to the configuration file.

    Left out, it is ``stakeholders.yaml`` beside the configuration where there is one, else questions go to roles alone.
    """

    stakeholders: str | None = field(default=None, validator=validators.optional(validators.min_len(1)))

    def depends_on(self, folder: Path) -> Mapping[str, str]:
        """The digest of the stakeholders, nothing without any; `ConfigError` where the file is missing or wrong."""
        found = self._read(folder, lambda: find_stakeholders(folder, self.stakeholders))
        return {} if found is None else {"stakeholders": found.digest()}

    def people(self, folder: Path) -> Stakeholders | None:
        """The stakeholders whose digest was given."""
        return self._kept(folder, lambda: find_stakeholders(folder, self.stakeholders))


@settings
class ReadinessSettings(_Holding):
    """``dor``: the Definition of Ready, a YAML file relative to the configuration file.

    Left out, it is ``dor.yaml`` beside the configuration where there is one, else the one that comes with pipekit.
    With ``require_evidence`` no candidate is ready while it, or a criterion of it, rests on words that aren't in the
    meeting, whatever the file says.
    """

    dor: str | None = field(default=None, validator=validators.optional(validators.min_len(1)))
    require_evidence: bool = False

    def depends_on(self, folder: Path) -> Mapping[str, str]:
        """The digest of the Definition of Ready in use; `ConfigError` where the file is missing or wrong."""
        return {"Definition of Ready": self._read(folder, lambda: find_dor(folder, self.dor)).digest()}

    def definition(self, folder: Path) -> DefinitionOfReady:
        """The Definition of Ready whose digest was given, with what is required here."""
        found = self._kept(folder, lambda: find_dor(folder, self.dor))
        return found.requiring_evidence() if self.require_evidence else found
