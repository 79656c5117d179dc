"""What the door costs: ``pipekit --help`` and ``from pipekit import Pipeline`` against ``python -c pass``.

Whole processes in turns, medians; compile the environment first (``python -m compileall``).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "pipekit --help": [sys.executable, "-m", "pipekit", "--help"],
    "from pipekit import Pipeline": [sys.executable, "-c", "from pipekit import Pipeline"],
}
ROUNDS = 25


def main() -> None:
    """Print the medians and their ratio to the bare interpreter."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(ROUNDS + 2):
        for name, command in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
            if number >= 2:
                times[name].append(time.perf_counter() - began)
    bare = statistics.median(times["python -c pass"])
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:32} {median * 1000:7.1f} ms   {median / bare:5.2f} × python -c pass")


if __name__ == "__main__":
    main()
