"""Run a program and see every call that changes a folder before it is carried out, in all its threads and children."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import define, field, frozen

from crashkit import ptrace
from crashkit.syscalls import CONDITIONAL, HARMLESS, TABLE, Kind, Shape

__all__ = ["REACHED", "Call", "Decide", "Fail", "Go", "Kill", "Short", "Traced", "trace"]

#: The mark that a broken store leaves where something is missing; nothing was done or told then.
REACHED = b"reached\n"

#: SQLite's index of its log: memory that processes share by the name of a file. It is made anew from the log by
#: whoever opens the database first, so nothing of it has to get to the disk.
_SHARED = "-shm"

_WALL = 0x40000000
_AT_FDCWD = -100
_SYSCALL_STOP = signal.SIGTRAP | 0x80


@frozen
class Go:
    """Let the call be carried out."""


@frozen
class Kill:
    """End the program with all its threads and children before the call is carried out."""


@frozen
class Short:
    """Carry out the first bytes of a write, then end the program."""

    size: int


@frozen
class Fail:
    """Let the call fail with this errno; nothing is carried out."""

    errno: int


Decision = Go | Kill | Short | Fail


@frozen(kw_only=True)
class Call:
    """A call about something below the folder. Paths are relative to it; ``.`` is the folder itself.

    ``number`` counts from 0, marks not counted. ``data`` are the bytes of a write and ``offset`` where they go.
    """

    number: int
    name: str
    kind: Kind
    path: str
    target: str | None = None
    data: bytes = b""
    offset: int = 0
    size: int = 0
    flags: int = 0
    pid: int = 0

    @property
    def is_reached(self) -> bool:
        """Whether this is the mark of a broken store."""
        return self.kind == "mark" and self.data == REACHED

    def __str__(self) -> str:
        rest = f" → {self.target}" if self.target else f" {len(self.data)} bytes" if self.kind == "write" else ""
        return f"{self.number} {self.name} {self.path}{rest}"


Decide = Callable[[Call], Decision]


@frozen(kw_only=True)
class Traced:
    """What came of a traced program. ``code`` is its exit code, None when it was killed."""

    code: int | None
    calls: tuple[Call, ...]
    out: str


def _go(_: Call) -> Decision:
    return Go()


def trace(
    program: Callable[[], int], folder: Path, decide: Decide = _go, *, marks: Path | None = None, timeout: float = 60
) -> Traced:
    """Run ``program`` in a child of its own and decide about each of its calls below ``folder``.

    Writes to the file ``marks`` are recorded between the calls. What it prints is caught. It must be called in a
    process that has no other children and no threads.
    """
    with tempfile.TemporaryFile() as out:
        child = os.fork()
        if child == 0:
            _be_the_program(program, out.fileno())
        tracer = _Tracer(child, Path(os.path.realpath(folder)), decide, marks, time.monotonic() + timeout)
        try:
            code = tracer.run()
        finally:
            tracer.kill()
        out.seek(0)
        return Traced(code=code, calls=tuple(tracer.calls), out=out.read().decode("utf-8", "replace"))


def _be_the_program(program: Callable[[], int], out: int) -> None:
    code = 120
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        ptrace.begin_tracing_me(HARMLESS, CONDITIONAL)
        code = program()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


@define
class _Tracer:
    child: int
    folder: Path
    decide: Decide
    marks: Path | None
    deadline: float
    calls: list[Call] = field(factory=list)
    _alive: set[int] = field(factory=set)
    _fresh: set[int] = field(factory=set)
    _count: int = 0
    _code: int | None = None
    _is_dying: bool = False
    _dies_after: int | None = None

    def run(self) -> int | None:
        """Follow the program to its end."""
        _, status = os.waitpid(self.child, _WALL)
        assert os.WIFSTOPPED(status), "the child could not be traced"
        self._alive.add(self.child)
        ptrace.set_options(self.child)
        ptrace.go_on(self.child)
        signal.setitimer(signal.ITIMER_REAL, max(0.1, self.deadline - time.monotonic()), 0.5)
        before = signal.signal(signal.SIGALRM, self._late)
        try:
            while self._alive:
                pid, status = os.waitpid(-1, _WALL)
                self._on(pid, status)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        return None if self._is_dying else self._code

    def _late(self, *_: object) -> None:
        raise TimeoutError(f"the traced program hangs after {len(self.calls)} calls")

    def kill(self) -> None:
        """End everything that is left, and wait for it."""
        for pid in list(self._alive):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        while self._alive:
            try:
                pid, status = os.waitpid(-1, _WALL)
            except ChildProcessError:
                break
            if os.WIFSTOPPED(status):
                ptrace.go_on(pid, signal.SIGKILL)
            else:
                self._alive.discard(pid)

    def _on(self, pid: int, status: int) -> None:
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            self._alive.discard(pid)
            if pid == self.child:
                self._code = os.waitstatus_to_exitcode(status)
            return
        stop, event = os.WSTOPSIG(status), status >> 16
        if event == ptrace.EVENT_SECCOMP:
            self._at_the_door(pid)
        elif event in (ptrace.EVENT_FORK, ptrace.EVENT_VFORK, ptrace.EVENT_CLONE):
            made = ptrace.new_child(pid)
            if made not in self._alive:
                self._alive.add(made)
                self._fresh.add(made)
            ptrace.go_on(pid)
        elif event:
            ptrace.go_on(pid)
        elif stop == _SYSCALL_STOP:
            if self._dies_after == pid:
                self._die()
            else:
                ptrace.go_on(pid)
        elif stop == signal.SIGSTOP and (pid in self._fresh or pid not in self._alive):
            # A new thread or child says hello; it may do so before its maker's call returns.
            self._fresh.discard(pid)
            self._alive.add(pid)
            ptrace.go_on(pid)
        else:
            ptrace.go_on(pid, stop)

    def _die(self) -> None:
        self._is_dying = True
        for pid in self._alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _at_the_door(self, pid: int) -> None:
        if self._is_dying:
            return
        registers = ptrace.Registers(pid)
        call = self._call(pid, registers)
        if call is None:
            ptrace.go_on(pid)
            return
        if call.kind == "mark":
            self.calls.append(call)
            ptrace.go_on(pid)
            return
        decision = self.decide(call)
        match decision:
            case Go():
                self.calls.append(call)
                ptrace.go_on(pid)
            case Kill():
                self._die()
            case Short(size):
                self.calls.append(call)
                registers.set_argument(2, size)
                self._dies_after = pid
                ptrace.go_on(pid, to_exit=True)
            case Fail(code):
                registers.refuse(code)
                ptrace.go_on(pid)
        self._count += 1

    def _call(self, pid: int, registers: ptrace.Registers) -> Call | None:
        arguments = registers.arguments
        shape = TABLE.get(registers.number)
        if shape is None:
            self._check_unknown(pid, registers.number, arguments)
            return None
        paths = [path for path in self._paths(pid, shape, arguments) if path is not None]
        inside = [self._inside(path) for path in paths]
        if self.marks is not None and shape.name == "write" and str(self.marks) in paths:
            data = ptrace.read_bytes(pid, arguments[1], arguments[2])
            return Call(number=self._count, name="mark", kind="mark", path="", data=data, pid=pid)
        if not any(path is not None for path in inside):
            return None
        if shape.name == "mmap" and all(path.endswith(_SHARED) for path in paths):
            return None
        if shape.forbidden:
            raise AssertionError(f"{shape.name} on {paths}: what this call does can't be followed")
        if None in inside:
            raise AssertionError(f"{shape.name} leads out of the folder: {paths}")
        return self._described(pid, shape, arguments, [path for path in inside if path is not None])

    def _described(self, pid: int, shape: Shape, arguments: tuple[int, ...], paths: list[str]) -> Call | None:
        whole = self.folder / paths[0]
        flags = arguments[shape.flags] & 0xFFFFFFFF if shape.flags is not None else 0
        kind = shape.kind
        data, offset = b"", 0
        if kind == "open":
            kind = "open" if whole.exists() else "create"
            if flags & os.O_TRUNC and whole.exists() and whole.stat().st_size:
                kind = "truncate"
        elif kind == "write":
            assert shape.data is not None
            data = ptrace.read_bytes(pid, arguments[shape.data[0]], arguments[shape.data[1]])
            offset = arguments[shape.offset] if shape.offset is not None else _offset(pid, arguments[0], whole)
        elif kind == "unlink" and flags & 0x200:
            kind = "rmdir"
        elif kind == "close" and not _is_written(pid, arguments[0]):
            return None
        return Call(
            number=self._count,
            name=shape.name,
            kind=kind,
            path=paths[0],
            target=paths[1] if len(paths) > 1 else None,
            data=data,
            offset=offset,
            size=arguments[shape.size] if shape.size is not None else 0,
            flags=flags,
            pid=pid,
        )

    def _paths(self, pid: int, shape: Shape, arguments: tuple[int, ...]) -> Iterator[str | None]:
        if shape.fd is not None:
            yield _of_descriptor(pid, _signed(arguments[shape.fd]))
        for place in (shape.at, shape.to):
            if place is not None:
                folder, name = place
                yield _named(pid, arguments[folder] if folder is not None else _AT_FDCWD, arguments[name])

    def _inside(self, path: str) -> str | None:
        if path == str(self.folder):
            return "."
        start = f"{self.folder}/"
        return path[len(start) :] if path.startswith(start) else None

    def _check_unknown(self, pid: int, number: int, arguments: tuple[int, ...]) -> None:
        """A call that nobody knows must not be about the folder, whichever of its arguments is the descriptor."""
        for value in arguments:
            if 2 < value < 4096 and (path := _of_descriptor(pid, value)) and self._inside(path) is not None:
                raise AssertionError(f"the unknown system call {number} is about {path}")


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def _of_descriptor(pid: int, fd: int) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/cwd" if fd == _AT_FDCWD else f"/proc/{pid}/fd/{fd}").readlink())
    except OSError:
        return None


def _named(pid: int, folder: int, address: int) -> str | None:
    name = ptrace.read_text(pid, address)
    home = _of_descriptor(pid, _signed(folder)) or "/"
    path = os.path.normpath(f"{home}/{name}" if not name.startswith("/") else name)
    # The last part is what the call is about; a link there is not followed, links before it are.
    above, last = os.path.split(path)
    return f"{os.path.realpath(above).rstrip('/')}/{last}"


def _fdinfo(pid: int, fd: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/fdinfo/{_signed(fd)}").read_text(encoding="ascii")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def _offset(pid: int, fd: int, path: Path) -> int:
    info = _fdinfo(pid, fd)
    return path.stat().st_size if int(info["flags"], 8) & os.O_APPEND else int(info["pos"])


def _is_written(pid: int, fd: int) -> bool:
    return bool(int(_fdinfo(pid, fd)["flags"], 8) & 0x3)
