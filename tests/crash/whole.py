"""The whole matrix: every point of every story, in all ways, and the table of what came of it.

    python tests/crash/whole.py [--table FILE] [--most N] [--kept FOLDER] [STORY...]

It takes an hour or more: with ``--kept`` what came of the points is kept as it comes, and a second call goes on from
there; the code must be the same. Ends with 1 when finished work was lost or done twice, or when a run didn't recover.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from crashkit.stories import STORIES

HERE = Path(__file__).parent
WAYS = {
    "kill": "killed before a call",
    "short": "killed within a write",
    "power": "power cut",
    "again": "killed, and the recovery killed too",
    "cut": "killed, and the power cut in the recovery",
    "once": "a call refused once",
    "for-good": "calls refused from then on",
}


def outcomes(story: str, ways: Mapping[str, int | None], shard: int = 0, of: int = 1) -> Iterator[dict[str, Any]]:
    """Try points in a process of their own; one dict for each, the last one with the number of calls."""
    wanted = json.dumps({"story": story, "ways": ways, "shard": shard, "of": of})
    done = subprocess.run(
        [sys.executable, "-m", "crashkit", wanted],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{story}, {ways}: {done.stderr[-3000:]}")
    for line in done.stdout.splitlines():
        yield json.loads(line)


def is_bad(outcome: Mapping[str, Any]) -> bool:
    """Whether a point went wrong."""
    return bool(outcome["lost"] or outcome["repeated"] or outcome["problem"])


def try_all(
    stories: Sequence[str], most: int | None, workers: int, kept: Path
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """All outcomes of these stories, and the number of calls of each."""
    found: list[dict[str, Any]] = []
    calls: dict[str, int] = {}

    def tried_or_kept(story: str, way: str, shard: int) -> list[dict[str, Any]]:
        file = kept / f"{story} {way} {most or 'all'} {shard} of {workers}.json"
        if file.exists():
            return list(json.loads(file.read_text(encoding="utf-8")))
        rows = list(outcomes(story, {way: most}, shard, workers))
        spare = file.with_suffix(".new")
        spare.write_text(json.dumps(rows), encoding="utf-8")
        spare.replace(file)
        return rows

    jobs = [(story, way, shard) for story in stories for way in WAYS for shard in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        for rows in pool.map(lambda job: tried_or_kept(*job), jobs):
            *tried, last = rows
            found += tried
            calls[last["story"]] = last["calls"]
            for one in filter(is_bad, tried):
                print(json.dumps(one), flush=True)
    return found, calls


def table(found: Iterable[Mapping[str, Any]], calls: Mapping[str, int]) -> str:
    """The outcomes as a Markdown table, a row for each command and a column for each way."""
    rows = list(found)
    tried = Counter((row["story"], row["way"]) for row in rows)
    bad = Counter((row["story"], row["way"]) for row in rows if is_bad(row))
    lines = [
        f"| command | calls | {' | '.join(WAYS.values())} | recovered | lost | repeated |",
        f"|---|---:|{'---:|' * len(WAYS)}---:|---:|---:|",
    ]
    for story, count in calls.items():
        own = [row for row in rows if row["story"] == story]
        cells = " | ".join(str(tried[story, way]) for way in WAYS)
        lines.append(f"| {story} | {count} | {cells} | {_summary(own)} |")
    cells = " | ".join(str(sum(tried[story, way] for story in calls)) for way in WAYS)
    lines.append(f"| **all** | {sum(calls.values())} | {cells} | {_summary(rows)} |")
    return "\n".join([*lines, "", f"{len(rows)} points, {sum(bad.values())} of them bad."])


def _summary(rows: Sequence[Mapping[str, Any]]) -> str:
    recovered = sum(not row["problem"] for row in rows)
    lost, repeated = (sum(bool(row[what]) for row in rows) for what in ("lost", "repeated"))
    return f"{recovered} of {len(rows)} | {lost} | {repeated}"


def main() -> int:
    """Try, print the table, and say by the exit code whether all went well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("stories", nargs="*", default=STORIES)
    parser.add_argument("--table", type=Path, help="write the table to this file, too")
    parser.add_argument("--most", type=int, help="at most so many points of each command and way")
    parser.add_argument("--kept", type=Path, help="keep what came of each point in this folder, and go on from there")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        kept: Path = wanted.kept or Path(passing)
        kept.mkdir(parents=True, exist_ok=True)
        found, calls = try_all(wanted.stories, wanted.most, os.cpu_count() or 1, kept)
    text = table(found, calls)
    print(text)
    if wanted.table:
        wanted.table.write_text(f"{text}\n", encoding="utf-8")
    return int(any(map(is_bad, found)))


if __name__ == "__main__":
    sys.exit(main())
