"""All mutants of the store, each run through the crash tests: ``python tests/crash/mutants.py [NUMBER...]``.

Prints how each was caught; ends with 1 when one survives. Those that are known to change nothing are not tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from crashkit.mutants import EQUIVALENT, all_mutants  # noqa: E402


def _tried(number: int) -> tuple[str, str, float]:
    """A mutant, how it was caught, and how many seconds that took."""
    start = time.monotonic()
    name, caught = _caught(all_mutants()[number].name, number)
    return name, caught, time.monotonic() - start


def _caught(name: str, number: int) -> tuple[str, str]:
    if name in EQUIVALENT:
        return name, ""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crashkit.mutants", str(number)],
            env={**os.environ, "PYTHONPATH": str(HERE)},
            capture_output=True,
            text=True,
            check=False,
            timeout=3600,
        )
    except subprocess.TimeoutExpired:
        return name, ""
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"{name}: {done.stderr[-3000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return found["mutant"], found["caught"]


def main() -> int:
    """Try all of them and say what came of it."""
    mutants = all_mutants()
    chosen = [int(number) for number in sys.argv[1:]] or range(len(mutants))
    survived: list[str] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done in as_completed([pool.submit(_tried, number) for number in chosen]):
            name, caught, seconds = done.result()
            known = EQUIVALENT.get(name, "")
            print(f"{'caught  ' if caught else 'SURVIVED' if not known else 'same    '} {name}", flush=True)
            print(f"         {(caught or known)[:200]!r} ({seconds:.0f} s)", flush=True)
            if not caught and not known:
                survived.append(name)
    same = sum(all_mutants()[number].name in EQUIVALENT for number in chosen)
    print(f"{len(chosen)} mutants, {same} that change nothing, {len(survived)} survived")
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main())
