"""Threads beside the loop: used again, left behind when they hang, and gone when nobody needs them."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from pipekit import workers
from pipekit.workers import UnusualEndError, Worker, in_thread

NOTE: contextvars.ContextVar[str] = contextvars.ContextVar("note", default="")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No threads of other tests, and none for others."""
    workers._Thread.forget_all()
    monkeypatch.setattr(workers, "_IDLE", 0.2)
    yield
    workers._Thread.forget_all()


def identity() -> int:
    return threading.get_ident()


def test_one_work_after_the_other_is_done_by_one_thread() -> None:
    async def main() -> set[int]:
        return {await in_thread(identity) for _ in range(50)}

    assert len(asyncio.run(main())) == 1


def test_works_at_the_same_time_have_a_thread_each() -> None:
    meeting = threading.Barrier(8)

    async def main() -> list[int]:
        return await asyncio.gather(*(in_thread(lambda: meeting.wait(10) * 0 + identity()) for _ in range(8)))

    assert len(set(asyncio.run(main()))) == 8


def test_a_thread_that_hangs_is_left_behind_and_gets_no_other_work() -> None:
    gate = threading.Event()
    hanging: list[int] = []

    def hang() -> None:
        hanging.append(identity())
        gate.wait(30)

    async def main() -> None:
        worker = Worker("pipekit hangs")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await worker.run(hang)
        assert "in hang" in worker.stack()
        assert {await in_thread(identity) for _ in range(5)}.isdisjoint(hanging)
        gate.set()

    asyncio.run(main())


def test_a_thread_carries_the_name_of_its_work_and_the_context_of_whoever_asked() -> None:
    def seen() -> tuple[str, str]:
        told = threading.current_thread().name, NOTE.get()
        NOTE.set("left behind")
        return told

    async def main() -> list[tuple[str, str]]:
        NOTE.set("mine")
        return [await in_thread(seen, "first"), await in_thread(seen, "second")]

    assert asyncio.run(main()) == [("first", "mine"), ("second", "mine")]


def test_what_a_work_raises_ends_no_thread() -> None:
    def fail(error: BaseException) -> int:
        raise error

    async def main() -> None:
        first = await in_thread(identity)
        with pytest.raises(ValueError, match="no such thing"):
            await in_thread(lambda: fail(ValueError("no such thing")))
        for error in (SystemExit(3), KeyboardInterrupt(), StopIteration()):
            with pytest.raises(UnusualEndError) as caught:
                await in_thread(lambda error=error: fail(error))  # type: ignore[misc]
            assert caught.value.error is error
        assert await in_thread(identity) == first

    asyncio.run(main())


def test_threads_without_work_end_and_work_that_comes_just_then_is_done() -> None:
    async def main() -> None:
        before = set(threading.enumerate())
        for wait in (0.0, 0.19, 0.2, 0.201, 0.21, 0.4):
            await asyncio.sleep(wait)
            assert await in_thread(lambda: 7) == 7
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
        assert set(threading.enumerate()) <= before

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_begins_with_threads_of_its_own() -> None:
    program = (
        "import asyncio, os\n"
        "from pipekit.workers import in_thread\n"
        "asyncio.run(in_thread(os.getpid))\n"
        "child = os.fork()\n"
        "if child:\n"
        "    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "os._exit(0 if asyncio.run(in_thread(os.getpid)) == os.getpid() else 1)\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=20, check=False)
    assert done.returncode == 0
