"""The service `StepContext`: kept work, human answers, progress, scratch space."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pipekit.engine.bus import Bus
from pipekit.errors import StepError
from pipekit.interfaces.state_stores import Entry
from pipekit.interfaces.steps import Question
from pipekit.serde import JSON, MisfitError, encode, structure, unstructure
from pipekit.state.events import ProgressReported, QuestionAsked
from pipekit.state.fingerprint import digest
from pipekit.state.record import AskedQuestion

__all__ = ["Notebook", "RunStepContext", "UnansweredQuestionError"]

T = TypeVar("T")


class UnansweredQuestionError(Exception):
    """A step needs a person's answer; the run pauses with the question."""

    def __init__(self, asked: AskedQuestion) -> None:
        super().__init__(asked.text)
        self.asked = asked


class Notebook:
    """The finished pieces of work inside the open step: what the journal holds, and how to add to it."""

    def __init__(
        self, entries: Mapping[tuple[str, str, str], JSON], append: Callable[[Entry], Awaitable[None]]
    ) -> None:
        self._entries = dict(entries)
        self._append = append

    def find(self, step: str, kind: str, key: str) -> JSON:
        """The kept value, or None."""
        return self._entries.get((step, kind, key))

    async def keep(self, entry: Entry) -> None:
        """Keep an entry; durable on return."""
        await self._append(entry)
        self._entries[entry.step, entry.kind, entry.key] = entry.value


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
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    @property
    def idempotency_key(self) -> str:
        """``run/step/item``, the same however often the work is repeated."""
        return "/".join(part for part in (self.run_id, self.step, self.item) if part)

    @property
    def folder(self) -> Path:
        """Scratch space, made when first asked for and gone after the step."""
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="pipekit-")
        return Path(self._scratch.name)

    def close(self) -> None:
        """Remove the scratch space."""
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def _key(self, key: str) -> str:
        return f"{self.item}/{key}" if self.item else key

    async def once(self, key: str, work: Callable[[], Awaitable[T]], *, returns: type[T], inputs: object = None) -> T:
        """Run ``work`` once per run and keep its result; other ``inputs`` under a kept key are an error."""
        full = self._key(key)
        try:
            about = digest(encode(unstructure(inputs)))
        except MisfitError as error:
            raise StepError(f"the inputs of {key!r} are no JSON: {error}", step=self.step) from error
        kept = self._notebook.find(self.step, "once", full)
        if kept is not None:
            if kept["inputs"] != about:
                raise StepError(
                    f"the key {key!r} was used with other inputs before",
                    kind="key-reuse",
                    step=self.step,
                    hint="give each piece of work a key of its own",
                )
            return structure(kept["result"], returns)
        result = await work()
        plain = unstructure(result)
        try:
            encode(plain)
            checked: T = structure(plain, returns)
        except MisfitError as error:
            raise StepError(f"the result of {key!r} doesn't fit: {error}", step=self.step) from error
        entry = Entry(step=self.step, kind="once", key=full, value={"inputs": about, "result": plain})
        await self._notebook.keep(entry)
        return checked

    async def answer(self, key: str, question: Question[T]) -> T:
        """The kept human answer; without one the run pauses with the question."""
        full = self._key(key)
        kept = self._notebook.find(self.step, "answer", full)
        if kept is None:
            asked = AskedQuestion(
                key=f"{self.step}/{full}", step=self.step, text=question.text, context=question.context
            )
            self._bus.emit(QuestionAsked, step=self.step, key=asked.key, question=question.text)
            raise UnansweredQuestionError(asked)
        try:
            return structure(kept["answer"], question.returns)
        except MisfitError as error:
            raise StepError(f"the answer to {key!r} doesn't fit: {error}", step=self.step, kind="answer") from error

    def wait(self, work: Awaitable[T]) -> T:
        """Await ``work`` from a plain function's thread."""

        async def awaited() -> T:
            return await work

        routine: Coroutine[Any, Any, T] = awaited()
        return asyncio.run_coroutine_threadsafe(routine, self._loop).result()

    def progress(self, done: float, text: str = "") -> None:
        """Say how far the step is, as a share from 0 to 1."""
        self._bus.emit(ProgressReported, step=self.step, done=min(1.0, max(0.0, done)), text=text)
