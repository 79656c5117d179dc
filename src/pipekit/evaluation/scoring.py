"""A workflow's scorer, guarded: what it raises or gives that is none is told as its plugin's."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pipekit.errors import PluginError, UsageError
from pipekit.interfaces.output_formats import RunView
from pipekit.interfaces.scorers import GoldFault, Metric, Score, Scorer, Share
from pipekit.interfaces.workflows import Workflow
from pipekit.plugins.calling import calling_plugin
from pipekit.plugins.quarantine import PluginInfo

__all__ = ["GuardedScorer"]

_HINT = "its author has to mend this; --debug shows where it was raised"


class GuardedScorer:
    """The scorer that a workflow brings, made now."""

    def __init__(self, workflow: Workflow, plugin: PluginInfo | None = None) -> None:
        if workflow.scorer is None:
            raise UsageError(
                f"the workflow {workflow.name} brings no scorer, so its runs can't be held against gold files",
                kind="no-scorer",
                hint="give its Workflow(…) a scorer, see pipekit.interfaces.Scorer; or choose one with --workflow",
            )
        self._name = workflow.name
        self._plugin = plugin
        with self._calling():
            made: Any = workflow.scorer()
            fits = isinstance(made, Scorer) and not isinstance(made, type) and attrs.has(made.gold_type)
            metrics = tuple(made.metrics) if fits else ()
        if not metrics or not all(isinstance(one, Metric) for one in metrics):
            raise self._misfit("is none: it needs gold_type (an attrs class), metrics, check and score")
        self._scorer: Scorer[Any] = made
        self.gold_type: type = made.gold_type
        self.metrics: Sequence[Metric] = metrics

    def check(self, gold: object) -> Sequence[GoldFault]:
        """What can't be right in a gold file of the right shape."""
        with self._calling():
            return tuple(self._scorer.check(gold))

    def score(self, run: RunView, gold: object) -> Score:
        """How a run did, with a share for every metric: one that the scorer left out has nothing to count."""
        with self._calling():
            score: Any = self._scorer.score(run, gold)
        shares: Any = score.shares if isinstance(score, Score) else None
        if not isinstance(shares, Mapping) or not all(isinstance(one, Share) for one in shares.values()):
            raise self._misfit("gave something that is no Score of Shares")
        unknown = sorted(set(shares) - {metric.name for metric in self.metrics})
        if unknown:
            raise self._misfit(f"gave a share for {unknown[0]}, which is none of its metrics")
        nothing = Share(0, 0)
        return Score(shares={one.name: shares.get(one.name, nothing) for one in self.metrics}, notes=tuple(score.notes))

    def _calling(self) -> contextlib.AbstractContextManager[None]:
        what = f"the scorer of the workflow {self._name}"
        return calling_plugin(what, self._plugin, hook="pipekit_workflows", kind="scorer", hint=_HINT)

    def _misfit(self, why: str) -> PluginError:
        plugin = self._plugin
        return PluginError(
            f"the scorer of the workflow {self._name} {why}",
            kind="scorer",
            plugin=plugin.name if plugin else None,
            dist=(plugin.package or None) if plugin else None,
            version=(plugin.version or None) if plugin else None,
            hook="pipekit_workflows",
            hint="its author has to mend this",
        )
