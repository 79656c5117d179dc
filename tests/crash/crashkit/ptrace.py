"""The raw side of tracing on Linux: ptrace, seccomp and what a stopped process looks like. No compiler, no tool."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from collections.abc import Sequence

__all__ = [
    "EVENT_CLONE",
    "EVENT_EXEC",
    "EVENT_FORK",
    "EVENT_SECCOMP",
    "EVENT_VFORK",
    "Registers",
    "begin_tracing_me",
    "go_on",
    "is_possible",
    "new_child",
    "read_bytes",
    "read_text",
    "set_options",
]

_TRACEME, _CONT, _SYSCALL, _GETREGS, _SETREGS = 0, 7, 24, 12, 13
_SETOPTIONS, _GETEVENTMSG = 0x4200, 0x4201
EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_SECCOMP = 1, 2, 3, 4, 7
_OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000  # sysgood, fork, vfork, clone, exec, seccomp, exitkill

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long

_WORDS = 27  # of user_regs_struct on x86-64
(
    _RETURN,
    _ARGUMENTS,
    _NUMBER,
) = 10, (14, 13, 12, 7, 9, 8), 15


def _ptrace(request: int, pid: int, address: object = None, data: object = None) -> int:
    ctypes.set_errno(0)
    result: int = _libc.ptrace(request, pid, address, data)
    if result == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class Registers:
    """The registers of a process that is stopped at the door of a system call."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._words = (ctypes.c_ulonglong * _WORDS)()
        _ptrace(_GETREGS, pid, None, ctypes.cast(self._words, ctypes.c_void_p))

    @property
    def number(self) -> int:
        """The number of the system call."""
        return int(self._words[_NUMBER])

    @property
    def arguments(self) -> tuple[int, ...]:
        """Its six arguments, unsigned."""
        return tuple(int(self._words[index]) for index in _ARGUMENTS)

    def refuse(self, code: int) -> None:
        """Let the call not happen, and give this errno."""
        self._words[_NUMBER] = ctypes.c_ulonglong(-1).value
        self._words[_RETURN] = ctypes.c_ulonglong(-code).value
        self._store()

    def set_argument(self, place: int, value: int) -> None:
        """Change an argument."""
        self._words[_ARGUMENTS[place]] = value
        self._store()

    def _store(self) -> None:
        _ptrace(_SETREGS, self._pid, None, ctypes.cast(self._words, ctypes.c_void_p))


def set_options(pid: int) -> None:
    """Follow threads and children, stop at filtered calls, and end them all when the tracer ends."""
    _ptrace(_SETOPTIONS, pid, None, _OPTIONS)


def go_on(pid: int, deliver: int = 0, *, to_exit: bool = False) -> None:
    """Let a stopped process go on, with a signal; ``to_exit`` stops it again once its system call is done."""
    try:
        _ptrace(_SYSCALL if to_exit else _CONT, pid, None, deliver)
    except ProcessLookupError:
        return  # killed meanwhile


def new_child(pid: int) -> int:
    """The id of the thread or child that was just made."""
    made = ctypes.c_ulong()
    _ptrace(_GETEVENTMSG, pid, None, ctypes.cast(ctypes.pointer(made), ctypes.c_void_p))
    return made.value


def read_bytes(pid: int, address: int, size: int) -> bytes:
    """Memory of a stopped process."""
    fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        parts: list[bytes] = []
        while size:
            part = os.pread(fd, min(size, 1 << 20), address)
            if not part:
                raise OSError(errno.EFAULT, "unreadable memory")
            parts.append(part)
            address, size = address + len(part), size - len(part)
        return b"".join(parts)
    finally:
        os.close(fd)


def read_text(pid: int, address: int) -> str:
    """A path in the memory of a stopped process."""
    found = b""
    while b"\0" not in found:
        # Never across the end of a page: the next one may not be there.
        size = 256 - address % 256
        found += read_bytes(pid, address, size)
        address += size
    return os.fsdecode(found.partition(b"\0")[0])


# --- the filter ------------------------------------------------------------------------------------------------------

_LOAD, _EQUAL, _ANY_BIT, _RETURN_IT = 0x20, 0x15, 0x45, 0x06
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000


def _filter(harmless: Sequence[int], conditional: Sequence[tuple[int, int, int]]) -> bytes:
    """Calls in ``harmless`` go on unseen, those of ``conditional`` (number, argument, bits) unless a bit is set."""
    code = [(_LOAD, 0, 0, 0)]
    for number in harmless:
        code += [(_EQUAL, 0, 1, number), (_RETURN_IT, 0, 0, _ALLOW)]
    for number, argument, bits in conditional:
        code += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, 16 + 8 * argument),
            (_ANY_BIT, 1, 0, bits),
            (_RETURN_IT, 0, 0, _ALLOW),
            (_RETURN_IT, 0, 0, _TRACE),
        ]
    code.append((_RETURN_IT, 0, 0, _TRACE))
    return b"".join(struct.pack("HBBI", *one) for one in code)


def begin_tracing_me(harmless: Sequence[int], conditional: Sequence[tuple[int, int, int]]) -> None:
    """In the child: stop until the tracer is ready, then report every call that isn't known to be harmless."""
    _ptrace(_TRACEME, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    code = _filter(harmless, conditional)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    held = ctypes.create_string_buffer(program)
    if _libc.prctl(38, 1, 0, 0, 0) or _libc.prctl(22, 2, ctypes.cast(held, ctypes.c_void_p), 0, 0):
        os._exit(119)


def is_possible() -> bool:
    """Whether this system can do it: Linux on x86-64, where a process may trace its own child."""
    return sys.platform == "linux" and platform.machine() == "x86_64" and sys.maxsize > 2**32
