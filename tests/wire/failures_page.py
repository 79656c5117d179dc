"""Write the table of docs/reference/models.md anew, from runs that fail in every way: it takes some minutes.

python tests/wire/failures_page.py
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wirekit.failing_runs import WAYS, outcome_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "models.md"
BEGIN, END = "<!-- the table: made by tests/wire/failures_page.py -->\n", "<!-- the end of the table -->\n"
HEAD = "| the server … | the same model is asked | then the fallback | exit | what is said, and what to do |\n"


def table() -> str:
    """The head and a row for each way."""

    def row(way: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            made = outcome_of(way, Path(folder)).row()
        print(made, flush=True)
        return made

    with ThreadPoolExecutor(3) as pool:
        rows = list(pool.map(row, WAYS))
    return "\n".join([HEAD + "|---|---|---|---:|---|", *rows]) + "\n"


def main() -> None:
    """Put the table into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + table() + END + after)


if __name__ == "__main__":
    main()
