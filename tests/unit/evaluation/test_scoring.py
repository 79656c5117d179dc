"""A workflow's scorer is guarded: what it raises or gives that is none is its plugin's fault."""

from __future__ import annotations

from typing import Any

import pytest

from pipekit import Pipeline, Text
from pipekit.errors import PluginError, UsageError
from pipekit.evaluation.scoring import GuardedScorer
from pipekit.interfaces import Metric, Score, Share
from pipekit.plugins.quarantine import PluginInfo

from .stranger import Words, WordScorer, guarded, workflow

PLUGIN = PluginInfo(name="words", package="pipekit-words", version="1.2")


def view() -> Any:
    return Pipeline({}, workflow=workflow(), plugins=[], store="memory:", environ={}).run(Text("one two")).view


def test_a_workflow_without_a_scorer_says_what_it_lacks() -> None:
    with pytest.raises(UsageError, match="the workflow words brings no scorer") as caught:
        GuardedScorer(workflow(scorer=None))
    assert "pipekit.interfaces.Scorer" in caught.value.hint


@pytest.mark.parametrize("scorer", [lambda: 3, lambda: WordScorer, type("Empty", (WordScorer,), {"metrics": ()})])
def test_what_is_no_scorer_is_told_with_its_package(scorer: Any) -> None:
    with pytest.raises(PluginError, match="is none: it needs gold_type") as caught:
        GuardedScorer(workflow(scorer), PLUGIN)
    assert (caught.value.dist, caught.value.version, caught.value.hook) == ("pipekit-words", "1.2", "pipekit_workflows")


def test_a_scorer_that_cannot_be_made_is_told_with_its_package() -> None:
    def broken() -> Any:
        raise RuntimeError("no data")

    with pytest.raises(PluginError, match=r"of pipekit-words 1\.2 raised RuntimeError: no data"):
        GuardedScorer(workflow(broken), PLUGIN)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "no Score of Shares"),
        (Score(shares={"words.found": 1.0}), "no Score of Shares"),  # type: ignore[dict-item]
        (Score(shares={"words.lost": Share(1, 2)}), "a share for words.lost, which is none of its metrics"),
    ],
)
def test_what_is_no_score_is_told(given: Any, said: str) -> None:
    scorer = type("Broken", (WordScorer,), {"score": lambda self, run, gold: given})
    with pytest.raises(PluginError, match=said):
        guarded(scorer).score(view(), Words(count=0))


def test_a_metric_that_was_left_out_has_nothing_to_count() -> None:
    more = (*WordScorer.metrics, Metric(name="words.lost", title="lost", text=""))
    scorer = type("More", (WordScorer,), {"metrics": more})
    found = guarded(scorer).score(view(), Words(count=2, words=("one", "three")))
    assert {name: share.value for name, share in found.shares.items()} == {"words.found": 0.5, "words.lost": None}
