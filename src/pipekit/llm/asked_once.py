"""What a server says of itself, asked for once, whoever wants to know, and waited for only as long as one likes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["AskedOnce"]

T = TypeVar("T")


class AskedOnce(Generic[T]):
    """What ``ask`` gives, which may ask a server; None where it raised, or doesn't say in time.

    Nothing that goes wrong here is raised: what is asked for only makes a message or a check better, and what was wrong
    with the call itself is to be told. A server that hangs keeps neither a loop nor the process: its thread is a daemon
    thread.
    """

    def __init__(self, ask: Callable[[], T], name: str) -> None:
        self._ask = ask
        self._name = name
        self._starting = threading.Lock()
        self._found: Future[T | None] | None = None

    async def answer(self, patience: float) -> T | None:
        """The answer, waited for ``patience`` seconds."""
        with self._starting:
            if self._found is None:
                self._found = self._begun()
        try:
            async with asyncio.timeout(patience):
                return await asyncio.shield(asyncio.wrap_future(self._found))
        except TimeoutError:
            return None

    def _begun(self) -> Future[T | None]:
        found: Future[T | None] = Future()

        def ask() -> None:
            answer: T | None = None
            try:
                answer = self._ask()
            except Exception:  # noqa: BLE001 - see above
                answer = None
            finally:
                found.set_result(answer)

        threading.Thread(target=ask, name=f"pipekit {self._name}", daemon=True).start()
        return found
