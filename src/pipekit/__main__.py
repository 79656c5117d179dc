"""``python -m pipekit``."""

from __future__ import annotations

from pipekit.cli import main

if __name__ == "__main__":
    main()
