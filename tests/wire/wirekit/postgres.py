"""A real PostgreSQL server for tests: its own folder, its own port on loopback, ended by whoever started it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import psycopg
import pytest

if TYPE_CHECKING:
    from pipekit_postgres.store import PostgresStore

__all__ = ["PASSWORD", "OpenPostgres", "Server", "programs", "served"]

#: Opens the store of a test again, as another process would: an address, and settings.
OpenPostgres: TypeAlias = Callable[..., "PostgresStore"]

PASSWORD = "hush-hush-17"
USER = "ana"


def programs() -> Path | None:
    """The folder with the newest server's programs, None where there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    there = shutil.which("postgres")
    return Path(there).parent if there else None


def served() -> Iterator[Server]:
    """A server that runs, for a fixture; where there are no programs for one its tests are skipped."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    server = Server(found)
    try:
        server.start()
        yield server
    finally:
        server.remove()


class Server:
    """``start`` and ``stop`` it as often as need be; ``kill`` ends it as a crash would. ``remove`` at the end."""

    def __init__(self, bin_folder: Path) -> None:
        self._bin = bin_folder
        # A server doesn't run as root, and its folder is its own; others may look into none of pytest's.
        self._account: dict[str, object] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="pipekit-pg-"))
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            self._account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run("initdb", "-D", str(self.folder / "data"), "-U", USER, "--pwfile", str(secret), "-A", "scram-sha-256")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, "--no-locale", "--encoding=UTF8", "--no-sync", *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            **self._account,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr

    def address(self, database: str = "postgres", user: str = USER) -> str:
        """As a user writes it; the password comes from elsewhere."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of an administrator."""
        return psycopg.connect(self.address(database), password=PASSWORD, autocommit=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = (self.folder / "log").open("ab")
        settings = ("listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", "max_connections=60")
        options = [part for one in settings for part in ("-c", one)]
        self._process = subprocess.Popen(
            [self._bin / "postgres", "-D", str(self.folder / "data"), *options],
            stdout=log,
            stderr=log,
            cwd=self.folder,
            **self._account,  # type: ignore[call-overload]
        )
        log.close()
        deadline = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT cuts all connections and writes everything down, SIGQUIT is as a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        """End it, and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
