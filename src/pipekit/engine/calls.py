"""One call of a step's function: its services and arguments, its time limit, and the check of what came back."""

from __future__ import annotations

import asyncio
import functools
import inspect
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

from attrs import Factory, define, evolve, field, frozen

from pipekit.engine.binding import Item, MissingInputError, TableArtifacts, bind, is_per_item
from pipekit.engine.bus import Bus
from pipekit.engine.cancelling import leavable
from pipekit.engine.context import RunStepContext, UnansweredQuestionError
from pipekit.engine.notebook import Notebook
from pipekit.engine.patience import Patience
from pipekit.engine.sizing import sized
from pipekit.engine.table import ArtifactTable
from pipekit.engine.watchdog import Watchdog, Watched, where_it_waits
from pipekit.errors import PipekitError, PluginError
from pipekit.interfaces.llm_providers import LLM
from pipekit.interfaces.output_formats import FormatName, OutputFile, RenderedFile
from pipekit.interfaces.retrievers import Retrieval
from pipekit.interfaces.steps import SkipItemError
from pipekit.llm.budget import BudgetReachedError
from pipekit.planning.plan import PlannedStep
from pipekit.planning.signature import Service
from pipekit.serde import JSON, MisfitError, encode, structure, unstructure
from pipekit.state.fingerprint import Dependence
from pipekit.state.ledger import Charge
from pipekit.state.record import Usage
from pipekit.workers import UnusualEndError, Worker, in_thread

__all__ = ["Call", "CallLog", "Caller", "Services"]


@frozen(kw_only=True)
class Services:
    """What the engine gets from outside, ready made: it builds none of this.

    ``project`` is the folder of the configuration; ``llm`` makes the model service of a call of a planned step, which
    is told the usage of each call and the prompts that were used, task → digest, and keeps replies in the notebook;
    ``render`` makes the files of output formats from the run as it stands; ``prompt_digest`` tells the digest of a
    task's prompt as it is now.
    """

    project: Path
    retrieval: Retrieval
    llm: Callable[[PlannedStep, CallLog], LLM]
    render: Callable[[Sequence[FormatName]], Sequence[tuple[str, OutputFile]]]
    prompt_digest: Callable[[PlannedStep, str], str | None]


async def _drop(*_: object) -> None:
    """Keep nothing."""


@define
class CallLog:
    """What the calls of one step, or of one of its items, add up to, and the replies of models that are kept for it.

    ``answered_by`` counts the answers of each model that gave one. ``find_reply`` gives the kept reply under a key, or
    None; ``keep_reply`` keeps one with what it took, and ``keep_charge`` what an attempt took that gave none, both
    durable on return.
    """

    usage: Usage = Usage()
    answered_by: Counter[str] = field(default=Factory(Counter))
    prompts: dict[str, str] = field(default=Factory(dict))
    files: dict[str, OutputFile] = field(default=Factory(dict))
    alive: Callable[[], None] = lambda: None
    find_reply: Callable[[str], JSON] = lambda _: None
    keep_reply: Callable[..., Coroutine[Any, Any, None]] = _drop
    keep_charge: Callable[[Charge], Coroutine[Any, Any, None]] = _drop

    def add(self, usage: Usage) -> None:
        """Count a call."""
        self.usage = self.usage + usage
        self.alive()

    def count_answer(self, model: str) -> None:
        """Count an answer that a question came to."""
        self.answered_by[model] += 1

    def take(self, other: CallLog) -> None:
        """Count what another one counted."""
        self.usage = self.usage + other.usage
        self.answered_by.update(other.answered_by)
        self.prompts.update(other.prompts)


@frozen
class Call:
    """What all calls of a step in one attempt have in common."""

    planned: PlannedStep
    attempt: int
    dependence: Dependence


class _StepRendering:
    """The service `Rendering`: files are staged here and kept together with the step's result."""

    def __init__(self, services: Services, log: CallLog) -> None:
        self._services = services
        self._log = log

    def render(self, formats: Sequence[FormatName]) -> Sequence[RenderedFile]:
        """Make the files of these formats from all that was made so far."""
        made: list[RenderedFile] = []
        for name, file in self._services.render(formats):
            self._log.files[file.path] = file
            made.append(RenderedFile(path=file.path, format=name, size=len(file.content)))
        return made


class Caller:
    """Calls the functions of steps against the artifacts made so far."""

    def __init__(
        self,
        *,
        run_id: str,
        table: ArtifactTable,
        services: Services,
        bus: Bus,
        notebook: Notebook,
        watchdog: Watchdog,
    ) -> None:
        self.run_id = run_id
        self.table = table
        self.services = services
        self.bus = bus
        self.notebook = notebook
        self.watchdog = watchdog

    async def call(
        self,
        call: Call,
        item: Item | None,
        log: CallLog,
        idle: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> JSON:
        """One call of the step's function, or of its offline rule; gives checked plain JSON.

        It is ``idle`` while a model's reply is being kept.
        """
        planned = call.planned
        patience = Patience(planned.timeout)
        log.alive = patience.renew
        context = RunStepContext(
            run_id=self.run_id,
            step=planned.name,
            item=item.id if item else None,
            attempt=call.attempt,
            bus=self.bus,
            notebook=self.notebook,
            loop=asyncio.get_running_loop(),
            project=self.services.project,
            basis=call.dependence.basis_of(item.id if item else None),
            alive=patience.renew,
        )
        log.find_reply = lambda key: self.notebook.find(planned.name, "reply", context.full_key(key))

        def named(charge: Charge) -> Charge:
            return evolve(charge, step=planned.name, item=context.item)

        async def keep_reply(
            key: str, value: JSON, charges: Sequence[Charge] = (), kept: Callable[[], None] = lambda: None
        ) -> None:
            async with idle():
                took = [named(charge) for charge in charges]
                await self.notebook.keep(planned.name, "reply", context.full_key(key), value, stays=True, charges=took)
                kept()  # here, since whoever has the place that this waits for may wait for it

        async def keep_charge(charge: Charge) -> None:
            # Its place stays its own: it has reserved what others wait for, and would wait for theirs.
            await self.notebook.charge(planned.name, [named(charge)])

        log.keep_reply, log.keep_charge = keep_reply, keep_charge
        services: Mapping[Service, Any] = self._services(planned, context, log)
        try:
            arguments = await self._bound(planned, services, item)
            result = await self._called(planned, arguments, patience)
        finally:
            await context.close()
        try:
            return await sized(result, lambda: _checked(planned, result))
        except PipekitError:
            raise
        except Exception as error:  # its classes have code of their own, which runs when they are looked at
            raise _blamed(planned, error) from error

    async def _bound(self, planned: PlannedStep, services: Mapping[Service, Any], item: Item | None) -> dict[str, Any]:
        """The arguments, made beside the loop where a whole artifact is among them: it may be large."""
        if all(is_per_item(planned, need, self.table) for need in planned.signature.needs if need.name in self.table):
            return bind(planned, self.table, services, item)
        return await in_thread(lambda: bind(planned, self.table, services, item))

    def _services(self, planned: PlannedStep, context: RunStepContext, log: CallLog) -> Mapping[Service, Any]:
        services: dict[Service, Any] = {
            "context": context,
            "artifacts": TableArtifacts(self.table),
            "retrieval": self.services.retrieval,
            "rendering": _StepRendering(self.services, log),
        }
        if planned.signature.service("llm") is not None and not planned.uses_offline_rule:
            services["llm"] = self.services.llm(planned, log)
        return services

    async def _called(self, planned: PlannedStep, arguments: Mapping[str, Any], patience: Patience) -> Any:
        worker = Worker(f"pipekit step {planned.name}")
        stack: list[str] = []
        try:
            async with patience:
                if planned.uses_offline_rule:
                    assert planned.step.offline is not None
                    return await worker.run(functools.partial(planned.step.offline, **arguments))
                if planned.signature.is_async:
                    return await self._awaited(planned, arguments, patience, stack)
                return await worker.run(functools.partial(planned.step.fn, **arguments))
        except (PipekitError, MissingInputError, SkipItemError, UnansweredQuestionError, BudgetReachedError) as error:
            if isinstance(error, PipekitError) and error.step is None:
                error.step = planned.name
            raise
        except TimeoutError as error:
            if not patience.is_over:
                raise _blamed(planned, error) from error
            raise _hung(planned, stack[0] if stack else worker.stack()) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise _blamed(planned, error) from error
        except Exception as error:
            raise _blamed(planned, error) from error

    async def _awaited(
        self, planned: PlannedStep, arguments: Mapping[str, Any], patience: Patience, stack: list[str]
    ) -> Any:
        """The result of an asynchronous step; where the loop was when the step blocked it goes to ``stack``."""
        call = Watched(
            name=planned.name,
            work=planned.step.fn(**arguments),
            timeout=planned.timeout,
            renew=patience.renew,
            error=functools.partial(_hung, planned),
        )
        with self.watchdog.watch(call):
            try:
                result = await leavable(call.work, lambda: stack.append(where_it_waits(call.work)))
            finally:
                if call.stack:
                    stack.insert(0, call.stack)
        if call.stack:
            raise _hung(planned, call.stack)
        return result


def _hung(planned: PlannedStep, stack: str) -> PluginError:
    """The error of a step that gave no sign of life, with the place where it is, or was."""
    name, _, version = planned.package.partition(" ")
    return PluginError(
        f"the step {planned.name} gave no sign of life for {planned.timeout:g} seconds"
        + (f"; it is at:\n{stack}" if stack else ""),
        kind="hang",
        plugin=name or None,
        dist=name or None,
        version=version or None,
        hook="step",
        step=planned.name,
        hint=f"steps.{planned.name}.timeout in the configuration sets how long to wait",
    )


def _blamed(planned: PlannedStep, error: BaseException) -> PluginError:
    """An error of a step's own code, attributed to it."""
    name, _, version = planned.package.partition(" ")
    error = error.error if isinstance(error, UnusualEndError) else error
    said = str(error) or "no message"
    return PluginError(
        f"the step {planned.name}"
        + (f" of {planned.package}" if planned.package else "")
        + f" raised {type(error).__name__}: {said}",
        where=_place_of(planned, error),
        kind="step-raised",
        plugin=name or None,
        dist=name or None,
        version=version or None,
        hook="step",
        step=planned.name,
        hint="finished steps are kept; --debug shows where it was raised",
    )


def _place_of(planned: PlannedStep, error: BaseException) -> str:
    """``file:line`` of the error in the step's own file, as deep as it is there; empty where it was never there."""
    function = planned.step.offline if planned.uses_offline_rule else planned.step.fn
    own = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_filename", None) if function else None
    frames = traceback.walk_tb(error.__traceback__)
    places = [f"{own}:{line}" for frame, line in frames if frame.f_code.co_filename == own]
    return places[-1] if places and planned.step.needs is None else ""  # a Runnable's function is pipekit's


def _checked(planned: PlannedStep, result: object) -> JSON:
    """Plain JSON of a step's result, once it is known to fit its type and to survive the way to disk and back."""
    try:
        plain = unstructure(result)
        encode(plain)
        if planned.signature.returns in (None, type(None)):
            if plain is not None:
                raise MisfitError([f"$: a step without a result returned {type(result).__name__}"])
            return None
        structure(plain, planned.signature.returns)
    except MisfitError as error:
        name, _, version = planned.package.partition(" ")
        raise PluginError(
            f"the step {planned.name} returned something that doesn't fit its type: {error.problems[0]}",
            kind="junk",
            plugin=name or None,
            dist=name or None,
            version=version or None,
            hook="step",
            step=planned.name,
            hint="the return annotation is the contract; lists, texts and numbers must be what it says",
        ) from error
    return plain
