"""All mutants of the store, each run through the crash tests: ``python tests/crash/mutants.py [NUMBER...]``.

Prints how each was caught; ends with 1 when one survives. Those that are known to change nothing are not tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from crashkit.mutants import EQUIVALENT, all_mutants  # noqa: E402


def _tried(number: int) -> tuple[str, str]:
    name = all_mutants()[number].name
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
        return name, f"ended with {done.returncode}: {done.stderr[-200:]}"
    found = json.loads(done.stdout.splitlines()[-1])
    return found["mutant"], found["caught"]


def main() -> int:
    """Try all of them and say what came of it."""
    mutants = all_mutants()
    chosen = [int(number) for number in sys.argv[1:]] or range(len(mutants))
    survived: list[str] = []
    start = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for name, caught in pool.map(_tried, chosen):
            known = EQUIVALENT.get(name, "")
            print(f"{'caught  ' if caught else 'SURVIVED' if not known else 'same    '} {name}", flush=True)
            print(f"         {(caught or known)[:200]!r} ({time.monotonic() - start:.0f} s)", flush=True)
            if not caught and not known:
                survived.append(name)
    same = sum(all_mutants()[number].name in EQUIVALENT for number in chosen)
    print(f"{len(chosen)} mutants, {same} that change nothing, {len(survived)} survived")
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main())
