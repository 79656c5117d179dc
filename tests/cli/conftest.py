"""The command as a process of its own, in an empty folder."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipekit.cli.exits import run_command_line

USER_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
Command = Callable[..., subprocess.CompletedProcess[str]]


def environ_of(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIPEKIT_", "LLM_"))}
    home = {name: str(folder / "home") for name in (*USER_FOLDERS, "HOME")}
    return {**kept, **home, "PIPEKIT_PLUGINS_OFF": "1", **more}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What the command is told by its environment: nothing of this machine's."""
    return environ_of(tmp_path)


@pytest.fixture
def pipekit(tmp_path: Path) -> Command:
    def run(*arguments: str, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "pipekit", *arguments],
            cwd=tmp_path,
            env=environ_of(tmp_path, **more),
            input=stdin,
            capture_output=True,
            timeout=50,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return run


@pytest.fixture
def pipekit_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """The command in this process: without a terminal nothing needs one of its own. Plugins of the project are on."""
    for name in USER_FOLDERS:
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run_command_line(arguments)
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    return run


class Screen:
    """A command on a pseudo terminal: what it shows, and what is typed."""

    def __init__(self, folder: Path, environ: dict[str, str], *arguments: str, asks: str = "\n> ") -> None:
        self._asks = asks
        self._fd, theirs = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipekit", *arguments],
            cwd=folder,
            env={**environ, "TERM": "dumb", "PIPEKIT_PLUGINS_OFF": ""},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # Ctrl-C reaches the process by the terminal only where that is its own.
            preexec_fn=lambda: _take_terminal(theirs),
        )
        os.close(theirs)
        self.seen = ""
        self._typed = 0

    def _read(self) -> bool:
        with contextlib.suppress(OSError):  # the way a terminal of Linux ends
            part = os.read(self._fd, 65536)
            self.seen += part.decode().replace("\r\n", "\n")
            return bool(part)
        return False

    def wait(self) -> None:
        """Until it asks again."""
        while not self.seen[self._typed :].endswith(self._asks):
            assert self._read(), self.seen

    def type(self, text: str) -> None:
        """Wait until it asks, then type."""
        self.wait()
        self._typed = len(self.seen)
        os.write(self._fd, text.encode())

    def end(self) -> int:
        while self._read():
            pass
        os.close(self._fd)
        return self.process.wait(timeout=30)


def _take_terminal(fd: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)


@pytest.fixture
def screen(tmp_path: Path, environ: dict[str, str]) -> Iterator[Callable[..., Screen]]:
    """Opens a command on a terminal of its own: ``screen("review", "last", asks="> ", EDITOR="…")``."""
    opened: list[Screen] = []

    def open_screen(*arguments: str, asks: str = "\n> ", **more: str) -> Screen:
        opened.append(Screen(tmp_path, {**environ, **more}, *arguments, asks=asks))
        return opened[-1]

    yield open_screen
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Install a plugin as an unpacked wheel would be; what the environment has to say to find it."""

    def install(name: str, code: str, version: str = "1.2") -> dict[str, str]:
        site = tmp_path / "site"
        about = site / f"pipekit_{name}-{version}.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pipekit-{name}\nVersion: {version}\n")
        (about / "entry_points.txt").write_text(f"[pipekit]\n{name} = pipekit_{name}\n")
        (site / f"pipekit_{name}.py").write_text(code)
        return {"PYTHONPATH": str(site), "PIPEKIT_PLUGINS_OFF": ""}

    return install
