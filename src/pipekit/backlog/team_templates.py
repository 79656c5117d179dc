"""The team's own files as ``pipekit dor init`` writes them: what holds now, with comments that say what to change."""

from __future__ import annotations

from collections.abc import Mapping

from pipekit.backlog.dor import CHECKS, shipped_text
from pipekit.backlog.weighing import Weighing

__all__ = ["dor_template", "weighing_template"]

_DOR_HEAD = """\
# The team's Definition of Ready: a candidate is ready when every criterion under required: passes. Those under
# recommended: only move its score.
#
# Each criterion is a text, in any language. With a check: it is computed by pipekit, whatever a model says. A text
# alone is for a person to answer: it stays unchecked, and with a required one unchecked nothing is ready.
#
# The checks, with the numbers that they take:
#
{checks}
#
# pipekit plan tells of mistakes in this file, with line and column.

"""

_WEIGHING = """\
# How the team weighs the scores of a candidate, 0 to 100 each. The overall confidence is their weighted mean.

# Only the ratio counts: 2, 1, 1, 1 is the same as 0.4, 0.2, 0.2, 0.2. A score with the weight 0 doesn't count.
weights:
{weights}

# A candidate whose overall confidence is below this is flagged for refinement.
threshold: {threshold}
"""

_SCORES: Mapping[str, str] = {
    "completeness": "a title, the reason behind it, acceptance criteria, a type",
    "clarity": "no elastic words without a measure, a bounded scope, nothing left open",
    "testability": "success can be measured, special cases are covered",
    "actionability": "an estimate, a next step, somebody who can take it",
}


def dor_template() -> str:
    """The Definition of Ready that comes with pipekit, under comments that explain it and all checks there are."""
    checks = "\n".join(
        f"#   {name:<20} {kind.looks_at}{_numbers(kind.numbers)}".rstrip() for name, kind in CHECKS.items()
    )
    text = shipped_text()
    return _DOR_HEAD.format(checks=checks) + text[text.index("required:") :]


def weighing_template(weighing: Weighing) -> str:
    """These weights and this threshold, with comments."""
    lines = [
        f"  {f'{name}: {_short(weight)}':<20} # {_SCORES[name]}" for name, weight in weighing.weights.by_name().items()
    ]
    return _WEIGHING.format(weights="\n".join(lines), threshold=weighing.threshold)


def _numbers(numbers: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{name}: {value}' for name, value in numbers.items())})" if numbers else ""


def _short(weight: float) -> str:
    return str(int(weight)) if weight == int(weight) else repr(weight)
