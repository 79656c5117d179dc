"""The command line: click and rich live here only.

Nothing is imported before it is needed: ``pipekit --help`` loads click and no more, a command loads its own module.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with the exit code that `pipekit.cli.exits` decides on."""
    from pipekit.cli.exits import dont_wait_for_threads, run_command_line

    code = run_command_line(sys.argv[1:] if argv is None else argv)
    dont_wait_for_threads(code)
    sys.exit(code)
