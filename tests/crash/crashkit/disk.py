"""A model of a disk that follows system calls, and what may be found on it after the power is gone.

A file's bytes are safe once the file is forced, a name once its folder is. Names made inside a folder that is renamed
later go with that folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from crashkit.tracer import Call

__all__ = ["LOSSES", "Disk", "Loss"]

#: What may be found: what was forced and nothing else; the same and half of the bytes after it; all names, but only
#: forced bytes; all bytes, but only forced names.
Loss = Literal["strict", "torn", "names", "bytes"]
LOSSES: tuple[Loss, ...] = ("strict", "torn", "names", "bytes")

Names = dict[int, dict[str, int]]


class Disk:
    """Folders and files by number, as they are and as they are safe; the top folder is number 1."""

    def __init__(self, top: Path) -> None:
        self._count = 0
        self.names: Names = {}
        self.safe_names: Names = {}
        self.bytes: dict[int, bytes] = {}
        self.safe_bytes: dict[int, bytes] = {}
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

    def _place(self, path: str) -> tuple[dict[str, int], str]:
        """The names of the folder that a path is in, and its last part."""
        *parents, name = path.split("/")
        node = 1
        for part in parents:
            node = self.names[node][part]
        return self.names[node], name

    def _node(self, path: str) -> int:
        if path == ".":
            return 1
        names, name = self._place(path)
        return names[name]

    def apply(self, call: Call) -> None:
        """Do what a call does."""
        match call.kind:
            case "create":
                node = self._new()
                names, name = self._place(call.path)
                names[name] = node
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
                else:
                    self.safe_bytes[node] = self.bytes[node]
            case "rename":
                assert call.target is not None
                source, old = self._place(call.path)
                target, new = self._place(call.target)
                if old in source:
                    target[new] = source.pop(old)
            case "mkdir":
                names, name = self._place(call.path)
                if name not in names:
                    node = names[name] = self._new()
                    self.names[node], self.safe_names[node] = {}, {}
            case "unlink" | "rmdir":
                names, name = self._place(call.path)
                names.pop(name, None)
            case "open" | "close" | "meta" | "mark":
                pass
            case other:
                raise AssertionError(f"the model doesn't know {other}")

    def leave(self, target: Path, loss: Loss) -> None:
        """Make ``target`` as the disk may be found."""
        names = self.names if loss == "names" else self.safe_names
        self._leave(1, target, names, loss)

    def _leave(self, node: int, path: Path, names: Names, loss: Loss) -> None:
        if node in names:
            path.mkdir(mode=0o700)
            for name, child in names[node].items():
                self._leave(child, path / name, names, loss)
            return
        safe, last = self.safe_bytes[node], self.bytes[node]
        if loss == "bytes":
            safe = last
        elif loss == "torn" and last.startswith(safe):
            safe = last[: (len(safe) + len(last) + 1) // 2]
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(fd, safe)
        finally:
            os.close(fd)
