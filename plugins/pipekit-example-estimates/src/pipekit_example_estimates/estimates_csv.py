"""The output format: ``estimates.csv``, one line a candidate."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipekit.interfaces import OutputFile

if TYPE_CHECKING:
    from pipekit.interfaces import RunView

__all__ = ["EstimatesCsv"]


class EstimatesCsv:
    """Reads the candidates and the artifact of the step."""

    needs: Sequence[str] = ("candidates", "estimates")

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """One file."""
        estimates = run.value("estimates")
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["id", "title", "points", "reason"])
        for candidate in run.value("candidates"):
            estimate = estimates.get(candidate["id"], {})
            title = _harmless(candidate["title"])
            writer.writerow([candidate["id"], title, estimate.get("points"), estimate.get("reason")])
        return [OutputFile(path="estimates.csv", content=text.getvalue().encode())]


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
