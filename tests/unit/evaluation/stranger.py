"""A stranger's workflow with a scorer of its own, as a program would write it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from pipekit import Workflow, step
from pipekit.errors import PipekitError, PlanError
from pipekit.evaluation.scoring import GuardedScorer
from pipekit.interfaces import GoldFault, Metric, RunView, Score, Share


@frozen(kw_only=True)
class Words:
    """A gold file: how many words there are, and which have to be among them."""

    count: int
    words: tuple[str, ...] = ()


class WordScorer:
    """Counts words."""

    gold_type = Words
    metrics: Sequence[Metric] = (Metric(name="words.found", title="found", text="words that were found"),)

    def check(self, gold: Words) -> Iterable[GoldFault]:
        if len(gold.words) > gold.count:
            yield GoldFault(path=("words", gold.count), message="one word too many", hint="count them")

    def score(self, run: RunView, gold: Words) -> Score:
        made = run.artifact("words", list[str])
        return Score(shares={"words.found": Share(sum(word in made for word in gold.words), len(gold.words))})


@step
def words(text: str) -> list[str]:
    return text.split()


def workflow(scorer: Any = WordScorer) -> Workflow:
    return Workflow(name="words", input="text", input_type=str, steps=[words], scorer=scorer)


def guarded(scorer: Any = WordScorer) -> GuardedScorer:
    return GuardedScorer(workflow(scorer))


def faults(error: PipekitError) -> list[str]:
    return [str(fault) for fault in error.faults] if isinstance(error, PlanError) else [str(error)]


def put(folder: Path, **files: str) -> Path:
    """Files by name, with ``__`` for a dot and ``_gold`` for the ending of gold files."""
    for name, text in files.items():
        name = name.removesuffix("_gold") + ".gold.yaml" if name.endswith("_gold") else name.replace("__", ".")
        (folder / name).write_text(text, encoding="utf-8")
    return folder
