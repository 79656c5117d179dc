"""The one layer of retries: which failures are tried again on the same model, how often, and after how long.

| kind | on the same model | then |
|---|---|---|
| timeout, connection, rate, server, empty | again, with full jitter or as long as the server asks | the next model |
| truncated, declined, filtered | not again | the next model |
| schema | not again, but sent back once with what is wrong | the next model |
| refused, not-found, quota, too-long | not again | the next model |
| auth | not again | the end: a wrong key is a mistake, and nobody else's model is asked in silence |
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import frozen

from pipekit.llm.replies import CallError

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["RETRIED", "STOPPING", "Clock", "RetryPolicy", "SystemClock", "with_retries"]

T = TypeVar("T")

#: Failures that may be gone a moment later.
RETRIED = frozenset({"timeout", "connection", "rate", "server", "empty"})
#: Failures after which no other model is asked.
STOPPING = frozenset({"auth"})


class Clock(Protocol):
    """Where waiting and the time come from, so that tests need neither."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's own."""

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)


@frozen(kw_only=True)
class RetryPolicy:
    """``attempts`` at one model in all, between them ``wait`` to ``max_wait`` seconds, and ``total`` for everything.

    ``total`` bounds a whole question, all models and retries together: nothing is begun after it.
    """

    attempts: int = 4
    wait: float = 1.0
    max_wait: float = 60.0
    total: float = 600.0


async def with_retries(
    work: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    *,
    deadline: float,
    clock: Clock,
    chance: random.Random,
    tell: Callable[[CallError, float], None],
) -> T:
    """Carry out ``work`` until it succeeds, or may not be tried again; raises its last `CallError`.

    A wait is drawn between nothing and a bound that doubles each time (full jitter), unless the server said how long;
    a wait that would pass ``deadline`` or that is longer than ``max_wait`` ends the tries.
    """
    try:
        return await work()
    except CallError as error:
        if error.kind not in RETRIED:
            raise
        failed = [error]
    # Few calls come so far, and the others needn't pay for it: it takes as long as all else of ours in a call.
    from tenacity import AsyncRetrying, retry_if_exception

    async def once() -> T:
        if failed:
            raise failed.pop()
        return await work()

    def wait(state: RetryCallState) -> float:
        error = _error_of(state)
        if error.retry_after is not None:
            return error.retry_after
        return chance.uniform(0, min(policy.max_wait, policy.wait * 2 ** (state.attempt_number - 1)))

    def stop(state: RetryCallState) -> bool:
        patience = max(policy.max_wait, policy.wait)
        late = clock.now() + state.upcoming_sleep >= deadline or state.upcoming_sleep > patience
        # An empty answer is a slip of the server once; twice it is what the model has to say.
        most = min(policy.attempts, 2) if _error_of(state).kind == "empty" else policy.attempts
        return late or state.attempt_number >= most

    retrying = AsyncRetrying(
        sleep=clock.sleep,
        wait=wait,
        stop=stop,
        retry=retry_if_exception(lambda error: isinstance(error, CallError) and error.kind in RETRIED),
        before_sleep=lambda state: tell(_error_of(state), state.upcoming_sleep),
        reraise=True,
    )
    return await retrying(once)


def _error_of(state: RetryCallState) -> CallError:
    assert state.outcome is not None
    error = state.outcome.exception()
    assert isinstance(error, CallError)
    return error
