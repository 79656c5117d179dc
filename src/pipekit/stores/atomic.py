"""The file layer: folders by descriptor, no followed links, forced writes, and one kind of error.

Every call that changes a folder goes through `system`, one attribute each, so that a test can count the calls or make
one of them fail. What the operating system refuses becomes a `StorageError` with path and errno.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from pipekit.errors import StateError, StorageError

__all__ = [
    "FILE_MODE",
    "FOLDER_MODE",
    "Folder",
    "System",
    "force_names",
    "make_folders",
    "refusal",
    "spare_name",
    "system",
    "write_all",
]

FILE_MODE = 0o600
FOLDER_MODE = 0o700

#: Names are looked up inside an open folder where the system can do that; elsewhere (Windows) by full path.
_BY_DESCRIPTOR = os.open in os.supports_dir_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
#: A named pipe in the place of a file must not make anybody wait.
_PLAIN = _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | _PLAIN
_WRITE = os.O_WRONLY | _PLAIN
_FOLDER = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_DIRECTORY", 0)
#: A virus scanner or reader on Windows may hold a file for a moment: tries, and seconds between them.
_REPLACE_TRIES, _REPLACE_WAIT = (10 if os.name == "nt" else 1), 0.05


class System:
    """The calls that change what is on disk, and nothing else."""

    def open(self, name: str, flags: int, *, dir_fd: int | None = None) -> int:
        """Open for writing, or create."""
        return os.open(name, flags, FILE_MODE, dir_fd=dir_fd)

    def write(self, fd: int, data: memoryview) -> int:
        """Write some of the bytes; says how many."""
        return os.write(fd, data)

    def truncate(self, fd: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        """Force a file with all that belongs to it, or a folder's names, to the disk."""
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)  # fsync alone leaves the bytes in the drive's cache there
        else:
            os.fsync(fd)

    def sync_data(self, fd: int) -> None:
        """Force a file's bytes and size to the disk."""
        if sys.platform in ("darwin", "win32"):
            self.sync(fd)
        else:
            os.fdatasync(fd)

    def close(self, fd: int) -> None:
        """Close a file that was written."""
        os.close(fd)

    def rename(self, old: str, new: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        """Give a file or folder another name, replacing what has it."""
        os.replace(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    def mkdir(self, name: str, mode: int = FOLDER_MODE, *, dir_fd: int | None = None) -> None:
        """Make a folder."""
        os.mkdir(name, mode, dir_fd=dir_fd)

    def unlink(self, name: str, *, dir_fd: int | None = None) -> None:
        """Remove a file."""
        os.unlink(name, dir_fd=dir_fd)

    def rmdir(self, name: str, *, dir_fd: int | None = None) -> None:
        """Remove an empty folder."""
        os.rmdir(name, dir_fd=dir_fd)


#: What this module calls; a test replaces its attributes.
system = System()

_HINTS = {
    errno.ENOSPC: "free some space on that disk, then go on",
    errno.EDQUOT: "free some of your quota, then go on",
    errno.EROFS: "make the disk writable, or keep runs elsewhere with the setting store",
    errno.EACCES: "make the path writable for you, or keep runs elsewhere with the setting store",
    errno.EPERM: "make the path writable for you, or keep runs elsewhere with the setting store",
    errno.EMFILE: "raise the limit of open files (ulimit -n), then go on",
    errno.ENFILE: "close other programs: the system has no open files left",
    errno.EIO: "check the disk: it reports a fault",
}


@contextmanager
def refusal(path: Path, doing: str, name: str = "", *, kind: str = "") -> Iterator[None]:
    """Turn what the system refuses into `StorageError`; a link where none may be is `StateError`."""
    try:
        yield
    except OSError as error:
        path = path / name  # joined here: a path costs more than many a system call
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise StateError(
                f"can't {doing}: it is a link, and links are not followed",
                file=str(path),
                hint="put the file or folder itself in the link's place",
            ) from error
        raise StorageError(
            f"can't {doing}: {error.strerror or error}",
            path=str(path),
            errno=error.errno,
            kind=kind,
            hint=_HINTS.get(error.errno or 0, "see to the cause, then go on"),
        ) from error


def spare_name(kind: str) -> str:
    """A name that nobody can foresee, for a file that gets its own name later."""
    return f".{kind}-{secrets.token_hex(8)}"


def write_all(fd: int, data: bytes) -> None:
    """Write every byte; a short write goes on, one that makes no progress is an error."""
    rest = memoryview(data)
    while rest:
        written = system.write(fd, rest)
        if written <= 0:
            raise OSError(errno.EIO, "nothing was written")
        rest = rest[written:]


def _replace(old: str, new: str, **folders: int | None) -> None:
    for attempt in range(_REPLACE_TRIES):
        try:
            system.rename(old, new, **folders)
            return
        except PermissionError:
            if attempt == _REPLACE_TRIES - 1:
                raise
            time.sleep(_REPLACE_WAIT)


def _write_and_close(folder: Path, name: str, fd: int, data: bytes, *, forced: bool) -> None:
    """Write, force where asked (``kind`` of its error: sync), close; the error of a close counts as one of writing."""
    try:
        write_all(fd, data)
        if forced:
            with refusal(folder, "force to the disk", name, kind="sync"):
                system.sync(fd)
    except BaseException:
        with suppress(OSError):
            system.close(fd)
        raise
    system.close(fd)


class Folder:
    """An open folder. Names are single parts, looked up in it without following links; errors name full paths.

    ``follow`` is for the folder of a whole store, which a person may have put elsewhere by a link.
    """

    def __init__(self, path: Path, *, inside: Folder | None = None, follow: bool = False) -> None:
        self.path = path
        self._fd: int | None = None
        if not _BY_DESCRIPTOR:
            with refusal(path, "open folder"):
                if not stat.S_ISDIR(path.stat(follow_symlinks=follow).st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            return
        name, at = (str(path), {}) if inside is None else inside.at(path.name)
        with refusal(path, "open folder"):
            try:
                self._fd = os.open(name, _FOLDER & ~_NO_FOLLOW if follow else _FOLDER, **at)
            except NotADirectoryError as error:
                if path.is_symlink():  # some systems say this of a link to a folder
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error
                raise

    def at(self, name: str) -> tuple[str, dict[str, Any]]:
        """How the system is told of a name in this folder."""
        return (name, {"dir_fd": self._fd}) if self._fd is not None else (str(self.path / name), {})

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the folder; again does nothing."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def sub(self, name: str) -> Folder:
        """A folder in this one, opened."""
        return Folder(self.path / name, inside=self)

    def state(self, name: str) -> os.stat_result | None:
        """What the system says of a name (of a link itself), None where there is nothing."""
        target, at = self.at(name)
        try:
            with refusal(self.path, "look at", name):
                return os.stat(target, follow_symlinks=False, **at)  # noqa: PTH116 - a descriptor
        except StorageError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return None
            raise

    def names(self) -> frozenset[str]:
        """All names in the folder."""
        with refusal(self.path, "list folder"):
            return frozenset(os.listdir(self.path if self._fd is None else self._fd))  # noqa: PTH208

    def read(self, name: str, *, start: int = 0) -> bytes | None:
        """The bytes of a plain file from ``start`` on, None where there is no such name."""
        target, at = self.at(name)
        with refusal(self.path, "read", name):
            try:
                fd = os.open(target, _READ, **at)
            except FileNotFoundError:
                return None
            with open(fd, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise StateError(
                        "not a plain file", file=str(self.path / name), hint="put the file itself in its place"
                    )
                if start:
                    file.seek(start)
                return file.read()

    def make(self, name: str) -> bool:
        """Make a folder in this one unless it is there; whether it was made."""
        target, at = self.at(name)
        with refusal(self.path, "make folder", name):
            try:
                system.mkdir(target, **at)
            except FileExistsError:
                return False
        return True

    def open_new(self, name: str) -> int:
        """A descriptor for writing a file that must not be there yet."""
        target, at = self.at(name)
        with refusal(self.path, "create", name):
            return system.open(target, _WRITE | os.O_CREAT | os.O_EXCL, **at)

    def open_to_append(self, name: str) -> int:
        """A descriptor for writing at the end of a file that is there."""
        target, at = self.at(name)
        with refusal(self.path, "open", name):
            return system.open(target, _WRITE | os.O_APPEND, **at)

    def create(self, name: str, data: bytes = b"", *, forced: bool = False) -> None:
        """Write a file that must not be there yet; what was begun is removed when the system refuses."""
        fd = self.open_new(name)
        try:
            with refusal(self.path, "write", name):
                _write_and_close(self.path, name, fd, data, forced=forced)
        except StorageError:
            with suppress(StorageError):
                self.remove(name)
            raise

    def fill(self, name: str, data: bytes) -> None:
        """Write a file that is there and must hold exactly ``data``, forced."""
        target, at = self.at(name)
        with refusal(self.path, "write", name):
            fd = system.open(target, _WRITE, **at)
            try:
                if os.fstat(fd).st_size:  # left by an owner that died in the middle
                    system.truncate(fd, 0)
            except BaseException:
                with suppress(OSError):
                    system.close(fd)
                raise
            _write_and_close(self.path, name, fd, data, forced=True)

    def replace(self, name: str, data: bytes, *, forced: bool = False) -> None:
        """Put new bytes under a name in one moment; without ``forced`` a power cut may bring the old ones back."""
        spare = spare_name("new")
        self.create(spare, data, forced=forced)
        try:
            self.move(spare, name)
        except StorageError:
            with suppress(StorageError):
                self.remove(spare)
            raise
        if forced:
            self.force()

    def move(self, name: str, new: str, into: Folder | None = None) -> None:
        """Give a file another name, here or in another folder, replacing what has it."""
        home = into or self
        old_target, old_at = self.at(name)
        new_target, new_at = home.at(new)
        with refusal(home.path, f"rename {name} to", new):
            _replace(old_target, new_target, src_dir_fd=old_at.get("dir_fd"), dst_dir_fd=new_at.get("dir_fd"))

    def remove(self, name: str) -> None:
        """Remove a file; one that isn't there is fine."""
        target, at = self.at(name)
        with refusal(self.path, "remove", name), suppress(FileNotFoundError):
            system.unlink(target, **at)

    def remove_tree(self, name: str) -> None:
        """Remove a folder and all that is in it; links are removed, never followed."""
        with self.sub(name) as folder:
            for entry in folder.names():
                state = folder.state(entry)
                if state is not None and stat.S_ISDIR(state.st_mode):
                    folder.remove_tree(entry)
                else:
                    folder.remove(entry)
        target, at = self.at(name)
        with refusal(self.path, "remove folder", name), suppress(FileNotFoundError):
            system.rmdir(target, **at)

    def force(self) -> None:
        """Force the folder's names to the disk; systems that can't do that for folders do it by themselves."""
        if self._fd is None:
            return
        with refusal(self.path, "force folder"):
            try:
                system.sync(self._fd)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                    raise


def make_folders(path: Path) -> None:
    """Make a folder and those above it where they are missing; `force_names` makes them safe."""
    missing = []
    above = path
    with refusal(path, "look for folder"):
        while not above.exists():
            missing.append(above)
            above = above.parent
    for folder in reversed(missing):
        with refusal(folder, "make folder"), suppress(FileExistsError):
            system.mkdir(str(folder), FOLDER_MODE if folder == path else 0o777)


def force_names(path: Path) -> None:
    """Force the name of a folder, and those of the folders above that hold nothing else.

    Those may be new, made now or by somebody who died before forcing them; one that holds more was there before.
    """
    with Folder(path.parent, follow=True) as parent:
        parent.force()
        is_alone = len(parent.names()) == 1
    if is_alone and path.parent != path.parent.parent:
        try:
            force_names(path.parent)
        except StorageError as error:
            if error.errno not in (errno.EACCES, errno.EPERM):  # else somebody else's, and so none that was just made
                raise
