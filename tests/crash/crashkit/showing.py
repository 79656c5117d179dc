"""Show that the tracer sees everything: programs that change a folder in many ways.

``python -m crashkit.showing`` prints a JSON object with each program's calls, what it left, and what they rebuild.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crashkit.disk import Disk, Loss
from crashkit.tracer import Call, Decision, Fail, Go, Kill, Short, trace

__all__ = ["PROGRAMS"]


def _main_thread(top: Path) -> None:
    (top / "a").write_text("hello")
    (top / "a").rename(top / "b")
    (top / "sub").mkdir()


def _second_thread(top: Path) -> None:
    thread = threading.Thread(target=_main_thread, args=(top,))
    thread.start()
    thread.join()


def _many_threads(top: Path) -> None:
    threads = [threading.Thread(target=(top / f"t{n}").write_bytes, args=(b"x" * n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _other_program(top: Path) -> None:
    code = f"import pathlib; p = pathlib.Path({str(top)!r}); (p / 'c').write_text('x' * 10); (p / 'd').mkdir()"
    subprocess.run([sys.executable, "-c", code], check=True)


def _forked_child(top: Path) -> None:
    child = os.fork()
    if child == 0:
        fd = os.open(top / "f", os.O_CREAT | os.O_WRONLY)
        os.write(fd, b"1234")
        os.ftruncate(fd, 2)
        os.fsync(fd)
        os._exit(0)
    os.waitpid(child, 0)


def _by_descriptor(top: Path) -> None:
    folder = os.open(top, os.O_RDONLY)
    fd = os.open("g", os.O_CREAT | os.O_WRONLY | os.O_EXCL, dir_fd=folder)
    os.write(fd, b"one")
    os.pwrite(fd, b"TWO", 1)
    os.close(fd)
    os.mkdir("inner", dir_fd=folder)
    os.rename("g", "inner/h", src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def _from_elsewhere(top: Path) -> None:
    os.chdir(top)
    Path("i").write_text("here")
    link = Path(tempfile.mkdtemp()) / "link"
    link.symlink_to(top)
    (link / "j").write_text("there")
    with (top / "j").open("a") as file:
        file.write(" and more")


PROGRAMS: dict[str, Callable[[Path], None]] = {
    "main thread": _main_thread,
    "second thread": _second_thread,
    "many threads": _many_threads,
    "other program": _other_program,
    "forked child": _forked_child,
    "by descriptor": _by_descriptor,
    "from elsewhere": _from_elsewhere,
}


def _calls(calls: tuple[Call, ...]) -> list[list[str]]:
    return [[call.kind, call.path, *([call.target] if call.target else [])] for call in calls]


def _tree(top: Path) -> dict[str, str | None]:
    return {str(path.relative_to(top)): path.read_text() if path.is_file() else None for path in sorted(top.rglob("*"))}


def _with(program: Callable[[Path], None], decide: Callable[[Call], Decision] = lambda _: Go()) -> dict[str, Any]:
    top = Path(tempfile.mkdtemp())
    disk = Disk(top)

    def run() -> int:
        try:
            program(top)
        except OSError as error:
            return error.errno or 1
        return 0

    traced = trace(run, top, decide)
    for call in traced.calls:
        disk.apply(call)
    disk.safe_names = disk.names
    rebuilt = Path(tempfile.mkdtemp()) / "rebuilt"
    disk.leave(rebuilt, Loss("bytes"))
    return {
        "code": traced.code,
        "calls": _calls(traced.calls),
        "left": _tree(top),
        "rebuilt": _tree(rebuilt),
        "out": traced.out,
    }


def _mapped(top: Path) -> None:
    import mmap

    (top / "m").write_bytes(b"0" * 4096)
    with (top / "m").open("r+b") as file:
        mmap.mmap(file.fileno(), 4096)


def _refused(program: Callable[[Path], None]) -> str:
    try:
        _with(program)
    except AssertionError as error:
        return str(error)
    return "nothing was said"


def _waits(top: Path) -> None:
    signal.signal(signal.SIGINT, lambda *_: (top / "caught").write_text("yes"))
    os.kill(os.getpid(), signal.SIGINT)


def main() -> None:
    """Print everything."""
    found: dict[str, Any] = {name: _with(program) for name, program in PROGRAMS.items()}
    found["killed"] = _with(_main_thread, lambda call: Kill() if call.kind == "rename" else Go())
    found["killed child"] = _with(_other_program, lambda call: Kill() if call.kind == "mkdir" else Go())
    found["cut short"] = _with(_main_thread, lambda call: Short(2) if call.kind == "write" else Go())
    found["refused"] = _with(_main_thread, lambda call: Fail(errno.ENOSPC) if call.kind == "rename" else Go())
    found["signalled"] = _with(_waits)
    print(json.dumps({"programs": found, "mapping": _refused(_mapped)}))


if __name__ == "__main__":
    main()
