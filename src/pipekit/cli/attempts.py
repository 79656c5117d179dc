"""The attempts at the steps of a run, for ``pipekit show RUN --history``."""

from __future__ import annotations

from pipekit.cli.items import names_step
from pipekit.cli.runs import moment
from pipekit.cli.terminal import print_json, print_table, say, talk
from pipekit.quantities import duration_text
from pipekit.serde import unstructure
from pipekit.state.record import PastAttempt, RunRecord, StepRecord

__all__ = ["show_attempts"]


def show_attempts(record: RunRecord, step: str | None = None) -> None:
    """Every attempt that is still on disk, step by step, oldest first; of one step when it is named."""
    rows = [row for row in _rows(record) if step is None or names_step(step, row[0].name, row[0].key)]
    if not rows and step is not None:
        from pipekit.errors import UsageError

        raise UsageError(
            f"{record.run_id} has no finished step {step!r}",
            kind="unknown-part",
            run_id=record.run_id,
            hint=f"see them with: pipekit show {record.run_id} --history",
        )
    if talk().json:
        print_json({"runId": record.run_id, "parent": record.parent_run_id, "attempts": [_json(*row) for row in rows]})
        return
    if record.parent_run_id:
        say(f"{record.run_id} is a fork of {record.parent_run_id}")
    if not rows:
        say(f"no step of {record.run_id} is finished yet")
        return
    print_table(
        ("step", "attempt", "started", "took", "made by", "", "file"),
        [
            (
                one.name,
                one.attempt,
                moment(one.started_at),
                duration_text(one.duration),
                "a person" if one.made_by == "human" else one.model or "step",
                f"replaced: {past.reason}" if past else _in_use(one),
                one.path,
            )
            for one, past in rows
        ],
    )


def _rows(record: RunRecord) -> list[tuple[StepRecord, PastAttempt | None]]:
    order = {str(key): place for place, key in enumerate(record.completed_steps)}
    rows: list[tuple[StepRecord, PastAttempt | None]] = [(past.step, past) for past in record.history]
    rows += [(step, None) for step in record.step_outputs.values()]
    return sorted(rows, key=lambda row: (order.get(str(row[0].key), len(order)), row[0].name, row[0].attempt))


def _in_use(step: StepRecord) -> str:
    return "; ".join(["in use", *(f"kept though {why}" for why in step.stale)])


def _json(step: StepRecord, past: PastAttempt | None) -> dict[str, object]:
    return {
        "step": step.key,
        "name": step.name,
        "attempt": step.attempt,
        "startedAt": unstructure(step.started_at),
        "duration": round(step.duration, 6),
        "model": step.model,
        "madeBy": step.made_by,
        "editedItems": list(step.edited_items),
        "inUse": past is None,
        "reason": past.reason if past else None,
        "stale": list(step.stale),
        "file": step.path,
    }
