"""A folder of lock files, one for each run that somebody works on, for stores whose runs are no folders."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipekit.errors import StorageError
from pipekit.interfaces.state_stores import Owner
from pipekit.stores.atomic import Folder, make_folders
from pipekit.stores.locks import RunLock, is_held

__all__ = ["HeldFile", "LockFiles"]


class HeldFile:
    """A run's lock file, held until it is given back; it is removed then."""

    def __init__(self, folder: Folder, name: str, lock: RunLock) -> None:
        self._folder = folder
        self._name = name
        self._lock = lock

    def is_ours(self) -> bool:
        """Whether the lock is still held, and its file still the one that others would lock."""
        return self._lock.is_ours()

    def release(self) -> None:
        """Give it back; again does nothing."""
        if self._lock.is_ours():
            with suppress(StorageError):
                self._folder.remove(self._name)
        self._lock.release()
        self._folder.close()


class LockFiles:
    """Locks that end with their process, by run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, run_id: str, noted: Callable[[], Owner | None]) -> HeldFile:
        """The lock of a run; `RunBusyError`, with the owner that is ``noted``, where somebody else has it."""
        make_folders(self._folder)
        folder = Folder(self._folder)
        name = f"{run_id}.lock"
        try:
            return HeldFile(folder, name, RunLock(folder, run_id, name, noted))
        except BaseException:
            folder.close()
            raise

    def is_held(self, run_id: str) -> bool:
        """Whether somebody has the lock of a run."""
        try:
            with Folder(self._folder) as folder:
                return is_held(folder, f"{run_id}.lock")
        except StorageError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
