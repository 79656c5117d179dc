"""``pipeline-output.json``: the whole run in one document for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pipekit.backlog.output_formats.cited import coverage_in
from pipekit.backlog.output_formats.reading import Findings, candidates_of, steps_of
from pipekit.interfaces import OutputFile, RunView
from pipekit.serde import camel_case, unstructure

__all__ = ["MergedJson"]


class MergedJson:
    """Metadata, every step's output by name, and all candidates with everything known about each."""

    needs: Sequence[str] = ("candidates", "review?")

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """One file."""
        findings = Findings(run)
        candidates = [
            {**candidate, **{camel_case(name): value for name, value in findings.about(candidate["id"]).items()}}
            for candidate in candidates_of(run)
        ]
        document = {"metadata": _metadata(run), "steps": dict(run.steps), "candidates": candidates}
        text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
        return [OutputFile(path="pipeline-output.json", content=text.encode() + b"\n")]


def _metadata(run: RunView) -> dict[str, Any]:
    record = run.record
    steps = steps_of(run)
    models = list(dict.fromkeys(step.model for step in steps if step.model))
    provider, _, model = (models[0] if models else "").partition("/")
    usage = run.usage
    coverage = coverage_in(run)
    return {
        "runId": record.run_id,
        "timestamp": unstructure(record.updated_at),
        "startedAt": unstructure(record.started_at),
        "inputFile": record.input_file,
        "workflow": record.workflow,
        "pipekitVersion": record.pipekit_version,
        "llmProvider": provider or None,
        "llmModel": model or provider or None,
        "llmModels": models,
        "totalTokens": usage.total_tokens,
        "totalCost": usage.cost,
        "processingTime": round(sum(step.duration for step in steps), 6),
        "evidenceCoverage": coverage.to_json() if coverage else None,
        "steps": {
            step.name: {
                "model": step.model,
                "inputTokens": step.usage.input_tokens,
                "outputTokens": step.usage.output_tokens,
                "duration": round(step.duration, 6),
                "madeBy": step.made_by,
                "editedItems": list(step.edited_items),
            }
            for step in steps
        },
    }
