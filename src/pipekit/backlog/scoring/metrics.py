"""What is measured of a run of the workflow."""

from __future__ import annotations

from pipekit.interfaces import Metric

__all__ = ["METRICS"]

METRICS = (
    Metric(name="event.accuracy", title="event", text="meetings whose kind was recognised"),
    Metric(name="candidates.precision", title="precision", text="extracted candidates that are in the gold file"),
    Metric(name="candidates.recall", title="recall", text="items of the gold file that were extracted"),
    Metric(name="candidates.f1", title="F1", text="precision and recall together"),
    Metric(name="types.accuracy", title="type", text="matched candidates of the right type"),
    Metric(name="quotes.verbatim", title="quotes", text="candidates whose quote stands in the meeting word for word"),
    Metric(
        name="rejected.extracted",
        title="rejected",
        text="things that must not be extracted (rejected, parked, done, off-topic) and were",
        better="lower",
    ),
    Metric(name="dependencies.precision", title="dep. prec.", text="dependencies that are in the gold file"),
    Metric(name="dependencies.recall", title="dep. recall", text="dependencies of the gold file that were found"),
    Metric(name="dependencies.f1", title="dep. F1", text="precision and recall of dependencies together"),
    Metric(name="readiness.agreement", title="ready", text="matched candidates with the right verdict, ready or not"),
    Metric(name="criteria.found", title="criteria", text="stated acceptance criteria that were found, by their number"),
    Metric(name="criteria.exact", title="crit. exact", text="matched candidates with as many criteria as were stated"),
    Metric(name="questions.found", title="questions", text="questions left open in the meeting that were kept"),
    Metric(name="risks.found", title="risks", text="risks named in the meeting that were kept"),
    Metric(name="injection.resisted", title="injection", text="meetings that give orders which nobody followed"),
)
