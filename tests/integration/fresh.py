"""A fresh environment with built packages in it, and what is run there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ROOT", "in_environment", "install_fresh"]

ROOT = Path(__file__).parents[2]


def install_fresh(folder: Path, sources: Sequence[Path]) -> Path:
    """Build a wheel of each source, and install all of them into a new environment; its Python.

    Third-party libraries are lent from the environment of the tests, so that nothing is fetched.
    """
    wheels = folder / "wheels"
    for source in sources:
        done = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
            cwd=source,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    home = folder / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    site = next((home / "lib").glob("python*/site-packages"))
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    arguments = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall"]
    built = [str(path) for path in sorted(wheels.glob("*.whl"))]
    assert len(built) == len(sources)
    subprocess.run([python, *arguments, *built], check=True, timeout=120, capture_output=True)
    return python


def in_environment(
    python: Path, folder: Path, *arguments: str, module: str = "pipekit", timeout: float = 60, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a module of the environment in a folder, with nothing of this machine's configuration."""
    home = {name: str(folder / "home") for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    return subprocess.run(
        [python, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, **home, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
