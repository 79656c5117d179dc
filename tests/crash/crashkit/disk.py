"""A model of a disk that follows system calls, and what may be found on it after the power is gone.

A file's bytes are safe once the file is forced, a name once its folder is. Names made inside a folder that is renamed
later go with that folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from attrs import frozen

from crashkit.tracer import Call

__all__ = ["Disk", "Loss"]

Names = dict[int, dict[str, int]]
#: Names in folders, and what each stands for afterwards.
Change = tuple[tuple[int, str, int | None], ...]


@frozen
class Loss:
    """What may be found: what was forced, and what happened to get to the disk before the power was gone.

    ``strict``: nothing else; ``torn``: half of the bytes after it, too; ``names``: all names, but only forced bytes;
    ``bytes``: all bytes, but only forced names; ``early``: of the names that weren't forced those of one ``folder``;
    ``late``: all but those; ``last``: only the newest change in one ``folder``. What was renamed from one folder to
    another has come there or not, as a whole.
    """

    kind: Literal["strict", "torn", "names", "bytes", "early", "late", "last"]
    folder: int = 0

    def __str__(self) -> str:
        return f"{self.kind} {self.folder}" if self.folder else self.kind


class Disk:
    """Folders and files by number, as they are and as they are safe; the top folder is number 1."""

    def __init__(self, top: Path) -> None:
        self._count = 0
        self.names: Names = {}
        self.safe_names: Names = {}
        self.bytes: dict[int, bytes] = {}
        self.safe_bytes: dict[int, bytes] = {}
        #: The newest rename of a file or folder from one folder to another: both, and its names there.
        self._moved: dict[int, tuple[int, str, int, str]] = {}
        #: The changes in each folder that aren't forced: what a name in a folder stands for then, None for nothing.
        self._changes: dict[int, list[Change]] = {}
        self._learn(top)

    def _learn(self, path: Path) -> int:
        """A folder or file that was there before, all of it safe."""
        node = self._new()
        if path.is_dir():
            self.names[node] = {child.name: self._learn(child) for child in sorted(path.iterdir())}
            self.safe_names[node] = dict(self.names[node])
        else:
            self.bytes[node] = self.safe_bytes[node] = path.read_bytes() if path.exists() else b""
        return node

    def _new(self) -> int:
        self._count += 1
        return self._count

    def _home(self, path: str) -> tuple[int, str]:
        """The folder that a path is in, and the path's last part."""
        *parents, name = path.split("/")
        node = 1
        for part in parents:
            node = self.names[node][part]
        return node, name

    def _node(self, path: str) -> int:
        if path == ".":
            return 1
        home, name = self._home(path)
        return self.names[home][name]

    def apply(self, call: Call) -> None:
        """Do what a call does."""
        match call.kind:
            case "create":
                node = self._new()
                home, name = self._home(call.path)
                self.names[home][name] = node
                self._changed((home, name, node))
                self.bytes[node] = self.safe_bytes[node] = b""
            case "write":
                node = self._node(call.path)
                before = self.bytes[node].ljust(call.offset, b"\0")
                self.bytes[node] = before[: call.offset] + call.data + before[call.offset + len(call.data) :]
            case "truncate":
                node = self._node(call.path)
                self.bytes[node] = self.bytes[node][: call.size].ljust(call.size, b"\0")
            case "sync":
                node = self._node(call.path)
                if node in self.names:
                    self.safe_names[node] = dict(self.names[node])
                    self._changes.pop(node, None)
                else:
                    self.safe_bytes[node] = self.bytes[node]
            case "rename":
                assert call.target is not None
                source, old = self._home(call.path)
                target, new = self._home(call.target)
                if old in self.names[source]:
                    node = self.names[target][new] = self.names[source].pop(old)
                    self._changed((source, old, None), (target, new, node))
                    if source != target:
                        self._moved[node] = (source, old, target, new)
            case "mkdir":
                home, name = self._home(call.path)
                if name not in self.names[home]:
                    node = self.names[home][name] = self._new()
                    self.names[node], self.safe_names[node] = {}, {}
                    self._changed((home, name, node))
            case "unlink" | "rmdir":
                home, name = self._home(call.path)
                if self.names[home].pop(name, None) is not None:
                    self._changed((home, name, None))
            case "open" | "close" | "meta" | "mark":
                pass
            case other:
                raise AssertionError(f"the model doesn't know {other}")

    def losses(self) -> Iterator[Loss]:
        """Every way in which the power may go now."""
        yield from (Loss("strict"), Loss("torn"), Loss("names"), Loss("bytes"))
        unsafe = [node for node, names in self.names.items() if names != self.safe_names[node]]
        if len(unsafe) > 1:  # else these are the same as the first ones
            yield from (Loss(kind, node) for node in unsafe for kind in ("early", "late"))
        yield from (Loss("last", node) for node, changes in self._changes.items() if len(changes) > 1)

    def _names_left(self, loss: Loss) -> Names:
        match loss.kind:
            case "names":
                return self.names
            case "early":
                return self._whole_moves({**self.safe_names, loss.folder: self.names[loss.folder]}, loss)
            case "late":
                return self._whole_moves({**self.names, loss.folder: self.safe_names[loss.folder]}, loss)
            case "last":
                left = {node: dict(names) for node, names in self.safe_names.items()}
                for folder, name, node in self._changes[loss.folder][-1]:
                    left[folder].pop(name, None)
                    if node is not None:
                        left[folder][name] = node
                return left
        return self.safe_names

    def _changed(self, *change: tuple[int, str, int | None]) -> None:
        for folder in {folder for folder, _, _ in change}:
            self._changes.setdefault(folder, []).append(change)

    def _whole_moves(self, left: Names, loss: Loss) -> Names:
        """The names with every rename between folders done or undone in both."""
        whole = {node: dict(names) for node, names in left.items()}
        for node, (source, old, target, new) in self._moved.items():
            if self.safe_names[target].get(new) == node or self.names[target].get(new) != node:
                continue
            is_gone = self.safe_names[source].get(old) != node
            if is_gone or (loss.folder in (source, target)) == (loss.kind == "early"):
                whole[target][new] = node
                if whole[source].get(old) == node:
                    del whole[source][old]
            else:
                whole[source][old] = node
                if whole[target].get(new) == node:
                    del whole[target][new]
        return whole

    def _bytes_left(self, node: int, loss: Loss) -> bytes:
        safe, last = self.safe_bytes[node], self.bytes[node]
        if loss.kind == "bytes":
            return last
        if loss.kind == "torn" and last.startswith(safe):
            return last[: (len(safe) + len(last) + 1) // 2]
        return safe

    def left(self, loss: Loss) -> str:
        """A digest of what `leave` would leave."""
        found = hashlib.sha256()
        names = self._names_left(loss)

        def look(node: int, name: str) -> None:
            found.update(f"{len(name)} {name} ".encode())
            if node in names:
                for child in sorted(names[node]):
                    look(names[node][child], child)
                found.update(b"/")
            else:
                found.update(hashlib.sha256(self._bytes_left(node, loss)).digest())

        look(1, "")
        return found.hexdigest()

    def leave(self, target: Path, loss: Loss) -> None:
        """Make ``target`` as the disk may be found."""
        self._leave(1, target, self._names_left(loss), loss)

    def _leave(self, node: int, path: Path, names: Names, loss: Loss) -> None:
        if node in names:
            path.mkdir(mode=0o700)
            for name, child in names[node].items():
                self._leave(child, path / name, names, loss)
            return
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(fd, self._bytes_left(node, loss))
        finally:
            os.close(fd)
