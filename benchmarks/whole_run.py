"""A whole offline run of the longest sample, as a process: wall time and peak memory, medians."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
ROUNDS = 9


def main() -> None:
    """Print the medians."""
    longest = max(EXAMPLES.glob("*-refinement.*"), key=lambda path: path.stat().st_size)
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    seconds: list[float] = []
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS + 1):
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "pipekit", "run", str(longest)],
                cwd=folder,
                env=environ,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0
            if number:
                seconds.append(time.perf_counter() - began)
                peaks.append(usage.ru_maxrss / 1024)
    print(
        f"pipekit run {longest.name}: {statistics.median(seconds):.2f} s, {statistics.median(peaks):.0f} MB at the peak"
    )


if __name__ == "__main__":
    main()
