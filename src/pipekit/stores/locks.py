"""Who works on a run: an operating-system lock that ends with its process, and a note that names the owner.

Only whoever holds a lock file may remove it. Whoever only asks takes a *shared* lock for an instant; whoever wants the
run and is refused asks too: if a shared lock is granted, only askers stood in the way, and it tries again.
"""

from __future__ import annotations

import errno
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pipekit.errors import RunBusyError, RunNotFoundError, StateError, StorageError
from pipekit.interfaces.state_stores import Owner
from pipekit.serde import MisfitError, decode, encode, structure, unstructure
from pipekit.stores import atomic
from pipekit.stores.atomic import FILE_MODE, Folder, refusal
from pipekit.stores.layout import LOCK, OWNER

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["RunLock", "busy", "find_owner", "is_held", "lock_file", "named_owner", "unlock_file", "write_owner"]

#: How long, in seconds, askers may keep a run from being taken (each holds it for microseconds).
_ASKERS_PATIENCE = 1.5
#: How long the loser waits for the winner to write its name.
_NAME_PATIENCE = 0.25


def is_held(folder: Folder, name: str = LOCK) -> bool:
    """Whether somebody holds the run in ``folder``, asked of the lock."""
    if sys.platform == "win32":  # no shared locks there
        lock = _try(folder, name)
        if lock is None:
            return True
        lock.release()
        return False
    import fcntl

    target, at = folder.at(name)
    try:
        with refusal(folder.path, "open", name):
            fd = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, **at)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return False
        raise
    try:
        with refusal(folder.path, "ask the lock", name):
            try:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
    finally:
        os.close(fd)


def lock_file(folder: Folder, name: str = LOCK) -> int | None:
    """A descriptor of the lock file in ``folder``, locked; None when somebody else has it. Not on Windows.

    The file is looked up in the open folder, never by its path: a run that was removed must not come back by that.
    """
    import fcntl

    fd = _open_lock_file(folder, name)
    try:
        with refusal(folder.path, "lock", name):
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES):
                    raise
            else:
                if _is(folder.state(name), os.fstat(fd)):  # else its name is gone, and locks no one out
                    return fd
    except BaseException:
        unlock_file(fd)
        raise
    unlock_file(fd)
    return None


def unlock_file(fd: int) -> None:
    """Give back what `lock_file` gave."""
    import fcntl

    # Closing is not enough: a child that another thread is just starting has the descriptor for a moment.
    with suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_UN)
    with suppress(OSError):
        os.close(fd)


def _open_lock_file(folder: Folder, name: str) -> int:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    target, at = folder.at(name)
    with refusal(folder.path, "lock", name):
        try:
            return os.open(target, flags, **at)
        except FileNotFoundError:
            return atomic.system.open(target, flags | os.O_CREAT, **at)


def _is(one: os.stat_result | None, other: os.stat_result) -> bool:
    return one is not None and (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


class _DescriptorLock:
    """A lock on a descriptor, in the form of one of the library's."""

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd
        self._pid = os.getpid()

    def __del__(self) -> None:
        self.release()

    @property
    def is_locked(self) -> bool:
        return self._fd is not None

    def release(self, *, force: bool = True) -> None:  # noqa: ARG002 - as the library has it
        fd, self._fd = self._fd, None
        if fd is None:
            return
        if self._pid == os.getpid():
            unlock_file(fd)
        else:  # the copy of a forked child: the lock itself is its parent's
            os.close(fd)


def _try(folder: Folder, name: str) -> BaseFileLock | _DescriptorLock | None:
    if sys.platform == "win32":
        from filelock import FileLock, Timeout

        path = folder.path / name
        # Leases are taken and given back on different threads, and two in one process must exclude each other.
        lock: BaseFileLock = FileLock(path, mode=FILE_MODE, thread_local=False, is_singleton=False)
        with refusal(path, "lock"):
            try:
                lock.acquire(timeout=0)
            except Timeout:
                return None
        return lock
    fd = lock_file(folder, name)
    return None if fd is None else _DescriptorLock(fd)


class RunLock:
    """The lock of one run, held from construction to `release`; `RunBusyError` when somebody else holds it.

    ``noted`` reads the owner's name where it isn't noted beside the lock.
    """

    def __init__(
        self, folder: Folder, run_id: str, name: str = LOCK, noted: Callable[[], Owner | None] | None = None
    ) -> None:
        self._path = folder.path / name
        deadline = time.monotonic() + _ASKERS_PATIENCE
        try:
            while (lock := _try(folder, name)) is None:
                if time.monotonic() >= deadline or is_held(folder, name):
                    raise busy(run_id, named_owner(noted or partial(_read_owner, folder)))
                time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - two that ask in step must fall out of step
        except StorageError as error:
            if error.errno == errno.ENOENT:
                raise _removed(run_id) from error
            raise
        self._lock = lock
        try:
            with refusal(self._path, "look at"):
                self._identity = self._look()
            state = folder.state(name)
            if state is None or (state.st_dev, state.st_ino) != self._identity:
                raise _removed(run_id)
        except BaseException as error:
            self.release()
            if isinstance(error, StorageError) and error.errno == errno.ENOENT:
                raise _removed(run_id) from error
            raise

    def _look(self) -> tuple[int, int]:
        state = self._path.lstat()
        return state.st_dev, state.st_ino

    def is_ours(self) -> bool:
        """Whether the lock is still held and its file still the one that others would lock."""
        if not self._lock.is_locked:
            return False
        try:
            return self._look() == self._identity
        except OSError:
            return False

    def release(self) -> None:
        """Give the lock back; again does nothing."""
        with suppress(OSError):
            self._lock.release(force=True)


def _removed(run_id: str) -> RunNotFoundError:
    return RunNotFoundError(
        f"{run_id} was removed a moment ago", run_id=run_id, hint="pipekit list shows the runs there are"
    )


def find_owner(folder: Folder) -> Owner:
    """The name of whoever holds the lock in a run's folder."""
    return named_owner(partial(_read_owner, folder))


def named_owner(noted: Callable[[], Owner | None]) -> Owner:
    """The owner that is noted, waiting a moment for one that has just taken the run."""
    deadline = time.monotonic() + _NAME_PATIENCE
    while True:
        owner = noted()
        if owner is not None and _can_live(owner):
            return owner
        if time.monotonic() >= deadline:
            return owner or Owner(pid=0, host="unknown", since=datetime.now(UTC))
        time.sleep(0.01)


def _can_live(owner: Owner) -> bool:
    import socket

    if owner.host != socket.gethostname() or sys.platform == "win32":
        return True
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _read_owner(folder: Folder) -> Owner | None:
    """The name that the newest owner left, whether it still lives or not; None where there is none to read."""
    try:
        data = folder.read(OWNER)
        return None if data is None else structure(decode(data), Owner)
    except (MisfitError, StateError, StorageError):
        return None


def write_owner(folder: Folder, owner: Owner) -> None:
    """Leave the owner's name for others to read."""
    folder.replace(OWNER, encode(unstructure(owner)) + b"\n")


def busy(run_id: str, owner: Owner) -> RunBusyError:
    """The error for whoever wants a run that ``owner`` works on."""
    hint = f"wait until it is done, or look at it: pipekit show {run_id}"
    since = unstructure(owner.since)
    return RunBusyError(
        f"process {owner.pid} on {owner.host} works on {run_id} since {since}",
        pid=owner.pid,
        host=owner.host,
        since=since,
        run_id=run_id,
        hint=hint,
    )
