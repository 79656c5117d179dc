"""The service `StepContext`: kept work, human answers, progress, scratch space."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pipekit.engine.bus import Bus
from pipekit.engine.cancelling import cancelled, settled
from pipekit.engine.copying import copied
from pipekit.engine.notebook import Notebook
from pipekit.engine.sizing import sized
from pipekit.errors import StepError
from pipekit.interfaces.steps import Question
from pipekit.serde import JSON, MisfitError, encode, structure, unstructure
from pipekit.state.events import ProgressReported, QuestionAsked
from pipekit.state.fingerprint import digest
from pipekit.state.record import AnswerKind, AskedQuestion
from pipekit.state.wording import wording_of
from pipekit.workers import UnusualEndError, in_thread

__all__ = ["RunStepContext", "UnansweredQuestionError"]

T = TypeVar("T")

#: The pieces of work that are being done one inside the other, each as its step's context and its key, for all that the
#: innermost one calls and awaits.
_DOING: contextvars.ContextVar[tuple[tuple[object, str], ...]] = contextvars.ContextVar("pipekit_doing", default=())

#: What an answer is by its type; of any other type only the step can tell.
_TAKES: Mapping[Any, AnswerKind] = {str: "text", int: "integer", float: "number", bool: "boolean"}


class UnansweredQuestionError(Exception):
    """A step needs a person's answers; the run pauses with the questions."""

    def __init__(self, *asked: AskedQuestion) -> None:
        super().__init__("; ".join(question.text for question in asked))
        self.asked = asked


class RunStepContext:
    """What one call of a step may ask of its run."""

    def __init__(
        self,
        *,
        run_id: str,
        step: str,
        item: str | None,
        attempt: int,
        bus: Bus,
        notebook: Notebook,
        loop: asyncio.AbstractEventLoop,
        project: Path,
        basis: str = "",
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.run_id = run_id
        self.step = step
        self.item = item
        self.attempt = attempt
        self.project = project
        self.log = logging.getLogger(f"pipekit.steps.{step}")
        self._bus = bus
        self._notebook = notebook
        self._loop = loop
        self._basis = basis
        self._alive = alive
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._waited: set[asyncio.Task[Any]] = set()
        self._is_over = False

    @property
    def idempotency_key(self) -> str:
        """``run/step/item``, and ``run/step/item/key`` inside of `once`; the same however often the work is repeated.

        Without an item that part is left out. Two pieces of work of one step have two keys: a service that is given
        the same one twice takes the second for a repetition of the first.
        """
        doing = _DOING.get()
        # Work may run another pipeline, whose steps have keys of their own.
        rest = self.full_key(doing[-1][1]) if doing and doing[-1][0] is self else self._item_key()
        return "/".join(part for part in (self.run_id, self.step, rest) if part)

    @property
    def folder(self) -> Path:
        """Scratch space, made when first asked for and gone after the step."""
        if self._scratch is None:
            self._check_open()
            self._scratch = tempfile.TemporaryDirectory(prefix="pipekit-", ignore_cleanup_errors=True)
        return Path(self._scratch.name)

    async def close(self) -> None:
        """End with the call: nothing is done, kept or told for it any more, not even by what it left behind.

        Work that a plain function waits for is cancelled and comes to its end; the scratch space is removed.
        """
        self._is_over = True
        stopped: asyncio.CancelledError | None = None
        if self._waited:
            _, stopped = await settled(cancelled(set(self._waited)))
        if (scratch := self._scratch) is not None:
            _, late = await settled(in_thread(scratch.cleanup))
            stopped = stopped or late
        if stopped is not None:
            raise stopped

    def _check_open(self) -> None:
        if self._is_over:
            raise StepError(
                f"the call of the step {self.step} is over, and something that it left behind asks for more",
                kind="over",
                step=self.step,
                hint="await or cancel the tasks that a step begins; a thread that was given up can only end",
            )

    def full_key(self, key: str) -> str:
        """The key with the item before it; a slash in the item's id can't be taken for the one between the two."""
        return f"{self._item_key()}/{key}" if self.item else key

    def _item_key(self) -> str:
        return self.item.replace("%", "%25").replace("/", "%2F") if self.item else ""

    async def once(self, key: str, work: Callable[[], Awaitable[T]], *, returns: type[T], inputs: object = None) -> T:
        """Run ``work`` once per run and keep its result; other ``inputs`` under a kept key are an error."""
        self._check_open()
        if (self, key) in _DOING.get():
            raise StepError(
                f"the work under the key {key!r} of the step {self.step} asks for itself",
                kind="key-reuse",
                step=self.step,
                hint="give each piece of work a key of its own",
            )
        try:
            about = {"inputs": digest(encode(unstructure(inputs))), "basis": self._basis}
        except MisfitError as error:
            raise StepError(f"the inputs of {key!r} are no JSON: {error}", step=self.step) from error

        async def plain() -> JSON:
            before = _DOING.set((*_DOING.get(), (self, key)))
            try:
                made = await work()
            finally:
                _DOING.reset(before)
            result = await sized(made, lambda: unstructure(made))
            await sized(result, lambda: self._structured(key, result, returns))
            self._check_open()
            return result

        result = await self._notebook.once(self.step, self.full_key(key), about, plain)
        self._alive()
        return await sized(result, lambda: self._structured(key, result, returns))

    def _structured(self, key: str, plain: JSON, returns: type[T]) -> T:
        try:
            encode(plain)
            return copied(structure(plain, returns), returns)  # type: ignore[no-any-return]
        except MisfitError as error:
            raise StepError(f"the result of {key!r} doesn't fit: {error}", step=self.step) from error

    async def answer(self, key: str, question: Question[T]) -> T:
        """The kept human answer; without one the run pauses with the question.

        One that was given before the step was made again counts where the same is asked word for word.
        """
        self._check_open()
        full = self.full_key(key)
        asked = AskedQuestion(
            key=f"{self.step}/{full}",
            step=self.step,
            text=question.text,
            context=question.context,
            item=self.item,
            takes=_TAKES.get(question.returns, "json"),
            choices=dict(question.choices),
            or_text=question.or_text,
            default=unstructure(question.default),
        )
        kept = self._notebook.find(self.step, "answer", full)
        if kept is None or ("earlier" in kept and kept["asked"] != wording_of(asked)):
            self._bus.emit(QuestionAsked, step=self.step, key=asked.key, question=question.text)
            raise UnansweredQuestionError(asked)
        try:
            answer: T = structure(kept["answer"], question.returns)
        except MisfitError as error:
            raise StepError(f"the answer to {key!r} doesn't fit: {error}", step=self.step, kind="answer") from error
        if question.choices and not question.or_text and answer not in question.choices:
            known = ", ".join(question.choices)
            raise StepError(f"the answer to {key!r} is none of {known}: {answer!r}", step=self.step, kind="answer")
        return answer

    def wait(self, work: Awaitable[T]) -> T:
        """Await ``work`` from a plain function's thread."""
        try:
            running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is self._loop:
            # It would wait for what only this thread could do.
            _drop(work)
            raise StepError(
                f"ctx.wait was called on the event loop, by the step {self.step}",
                kind="wait",
                step=self.step,
                hint="in an async step write: await …; ctx.wait is for plain functions, which run in a thread",
            )

        async def awaited() -> T:
            task = asyncio.current_task()
            assert task is not None
            self._waited.add(task)
            try:
                self._check_open()  # it may have ended before the loop came to this
                return await work
            except (KeyboardInterrupt, SystemExit) as error:  # a loop takes these for its own
                raise UnusualEndError(error) from error
            finally:
                self._waited.discard(task)
                _drop(work)

        routine: Coroutine[Any, Any, T] = awaited()
        try:
            self._check_open()
            future = asyncio.run_coroutine_threadsafe(routine, self._loop)
        except BaseException:
            routine.close()
            _drop(work)
            raise
        return future.result()

    def progress(self, done: float, text: str = "") -> None:
        """Say how far the step is, as a share from 0 to 1; also a sign of life."""
        if self._is_over:
            return
        self._loop.call_soon_threadsafe(self._alive)
        self._bus.emit(ProgressReported, step=self.step, done=min(1.0, max(0.0, done)), text=text)


def _drop(work: Awaitable[Any]) -> None:
    """Close a coroutine that was never begun, or is done: Python warns of one that nobody awaits."""
    if asyncio.iscoroutine(work):
        work.close()
