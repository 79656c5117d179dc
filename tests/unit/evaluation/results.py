"""An evaluation put together by hand: two inputs by two models, one of them with a failed run."""

from __future__ import annotations

from pipekit.errors import ProviderError
from pipekit.evaluation.results import EXPENSES, Evaluation, Outcome, Variant, VariantResult
from pipekit.interfaces import Metric, Score, Share, Usage

METRICS = (
    Metric(name="words.f1", title="F1", text="words"),
    Metric(name="words.wrong", title="wrong", text="wrong words", better="lower"),
    Metric(name="words.never", title="never", text="never measured"),
)


def outcome(name: str, hits: float, of: float, **more: object) -> Outcome:
    shares = {"words.f1": Share(hits, of), "words.wrong": Share(0, 2), "words.never": Share(0, 0)}
    usage = Usage(calls=2, input_tokens=100, output_tokens=20, cost=0.25)
    score = Score(shares=shares, notes=tuple(more.get("notes", ())))  # type: ignore[arg-type]
    return Outcome(name=name, file=f"{name}.txt", run_id="run-1", score=score, usage=usage, seconds=1.5)


FAILED = Outcome(name="second", file="second.txt", error=ProviderError("the server is gone"))
FIRST = VariantResult(variant=Variant(model="acme/a"), outcomes=(outcome("first", 1, 2), outcome("second", 6, 8)))
SECOND = VariantResult(variant=Variant(model="acme/b", prompts="new"), outcomes=(outcome("first", 2, 2), FAILED))
BOTH = Evaluation(folder="talks", workflow="words", metrics=(*METRICS, *EXPENSES), variants=(FIRST, SECOND))
ALONE = Evaluation(folder="talks", workflow="words", metrics=(*METRICS, *EXPENSES), variants=(FIRST,))
