"""What an attempt at a model took, as a line of the run's ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import define, field

from pipekit.llm.candidates import Candidate
from pipekit.llm.replies import Reply
from pipekit.state.ledger import Charge

__all__ = ["Metered"]

#: Failures that a server answers with before it works: nobody charges for these.
_FREE = frozenset({"rate", "quota", "auth", "refused", "not-found", "too-long"})


@define
class Metered:
    """One attempt at a model; ``has_begun`` once it is asked. The charges name the step's call where they are kept."""

    candidate: Candidate
    task: str
    has_begun: bool = field(default=False, init=False)

    def answered(self, reply: Reply) -> Charge:
        """The charge for an answer, of use or not; where the server doesn't say what it took, that isn't known."""
        usage = reply.usage
        is_told = usage.total_tokens > 0
        return self._charge(
            ending="answered",
            reason=reply.problem,
            input_tokens=usage.input_tokens if is_told else None,
            output_tokens=usage.output_tokens if is_told else None,
            cached_tokens=usage.cached_tokens if is_told else None,
            cost=usage.cost,
        )

    def failed(self, kind: str) -> Charge:
        """The charge for an attempt without an answer: nothing where the server turned it down, else nobody knows."""
        if kind in _FREE:
            return self._charge(
                ending="refused", reason=kind, input_tokens=0, output_tokens=0, cached_tokens=0, cost=0.0
            )
        info = self.candidate.info
        is_free = info.input_price == 0 and info.output_price == 0
        return self._charge(ending="lost", reason=kind, cost=0.0 if is_free else None)

    def _charge(self, **took: Any) -> Charge:
        info = self.candidate.info
        return Charge(
            at=datetime.now(UTC),
            task=self.task,
            model=self.candidate.reference,
            input_price=info.input_price,
            output_price=info.output_price,
            cached_price=info.cached_price,
            **took,
        )
