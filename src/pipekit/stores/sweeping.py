"""What killed commands leave in a store's folder, and how a folder that is being made is told from one of those.

``.gone-*`` is a run that was deleted but for its files. ``.new-<id>`` is one that was being made; whoever makes it
holds the operating system's lock on the file ``lock`` in it until it has its name, so nobody has to ask a clock.

Both sides take that lock first and then look whether the folder still has its name. The sweeper gives the folder
another name under the lock, so a creator that comes later finds none and begins again.
"""

from __future__ import annotations

import errno
import os
import random
import re
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipekit.errors import PipekitError, RunBusyError, StorageError
from pipekit.state.ids import is_valid_id
from pipekit.stores.atomic import Folder, spare_name
from pipekit.stores.layout import LOCK
from pipekit.stores.locks import lock_file, unlock_file

__all__ = ["NEW", "held_new_folder", "remove_whole", "sweep"]

#: The folder of a run that is being made is called so, and its id.
NEW = ".new-"
_GONE = re.compile(r"\.gone-[0-9a-f]{16}\Z")
#: How long, in seconds, sweepers may get in a creator's way; each does for the time of a few calls.
_PATIENCE = 1.5
#: How often somebody else may have removed something first.
_TRIES = 100


@contextmanager
def held_new_folder(root: Folder, name: str) -> Iterator[Folder | None]:
    """A new folder that no sweeper takes until this ends, None when somebody else is making one of this name.

    One that a killed command left goes first: the same run may come again, copied from another store.
    """
    if not root.make(name) and not _made_anew(root, name):
        yield None
        return
    deadline = time.monotonic() + _PATIENCE
    # A sweeper may come between the making and the lock: it takes the folder for a leftover, and it is made again.
    try:
        while (held := _hold(root, name)) is None:
            if time.monotonic() >= deadline:
                raise RunBusyError("a sweeper stands in the way", hint="try again when no prune is under way")
            time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - only to fall out of step
            root.make(name)
    except StorageError:
        with suppress(StorageError):
            root.remove_tree(name)
        raise
    folder, fd = held
    try:
        yield folder
    finally:
        _release(folder, fd)


def _made_anew(root: Folder, name: str) -> bool:
    """Whether a folder of this name was left by a killed command, and gave way to a new one."""
    gone = _take(root, name)
    if gone is None:
        return False
    remove_whole(root, gone)
    return root.make(name)


def remove_whole(root: Folder, name: str) -> None:
    """Remove a folder that is no run any more; somebody else may be removing it at the same time."""
    for is_last in (*[False] * _TRIES, True):
        try:
            root.remove_tree(name)
            return
        except StorageError as error:
            if is_last or error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                raise
            if root.state(name) is None:
                return


def sweep(root: Folder) -> int:
    """Remove what killed commands left; how many folders. What can't be removed doesn't stop the rest."""
    folders = [name for name in sorted(root.names()) if _is_folder(root, name)]
    gone = [name for name in folders if _GONE.match(name)]
    errors: list[PipekitError] = []
    for name in folders:
        if name.startswith(NEW) and is_valid_id(name.removeprefix(NEW)):
            try:
                taken = _take(root, name)
            except PipekitError as error:
                errors.append(error)
            else:
                gone += [taken] if taken is not None else []
    if gone:
        # Whoever renamed a run may have died before forcing that: half of it must not come back under its name.
        root.force()
    count = 0
    for name in gone:
        try:
            remove_whole(root, name)
            count += 1
        except PipekitError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return count


def _is_folder(root: Folder, name: str) -> bool:
    state = root.state(name)
    return state is not None and stat.S_ISDIR(state.st_mode)


def _take(root: Folder, name: str) -> str | None:
    """Give a folder that nobody is making another name, and say which; None when somebody is, or has been quicker."""
    if sys.platform == "win32":  # a folder with an open file in it keeps its name there, so the lock can't be asked
        return None
    held = _hold(root, name)
    if held is None:
        return None
    gone = spare_name("gone")
    try:
        root.move(name, gone)
    finally:
        _release(*held)
    return gone


def _hold(root: Folder, name: str) -> tuple[Folder, int] | None:
    """The folder of this name with its lock held, None when somebody else holds it or it has lost its name."""
    folder, fd = None, None
    try:
        folder = root.sub(name)
        if sys.platform == "win32":
            folder.create(LOCK)
            return folder, -1
        fd = lock_file(folder)
        if fd is not None and _same(root.state(name), folder.state(".")):
            return folder, fd
    except BaseException as error:
        _release(folder, fd)
        if isinstance(error, StorageError) and error.errno == errno.ENOENT:
            return None  # removed since it was opened
        raise
    _release(folder, fd)
    return None


def _release(folder: Folder | None, fd: int | None) -> None:
    if sys.platform != "win32" and fd is not None:
        unlock_file(fd)
    if folder is not None:
        folder.close()


def _same(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    return one is not None and other is not None and (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
