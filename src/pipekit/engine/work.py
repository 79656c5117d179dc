"""One step: bind, call, check what came back."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import Factory, define, field, frozen

from pipekit.engine.binding import Item, MissingInputError, TableArtifacts, bind
from pipekit.engine.bus import Bus
from pipekit.engine.context import Notebook, RunStepContext, UnansweredQuestionError
from pipekit.engine.fanout import Outcome, fan_out, id_key, items_of
from pipekit.engine.table import ArtifactTable
from pipekit.engine.threads import Worker
from pipekit.errors import PipekitError, PluginError, StepError
from pipekit.interfaces.llm_providers import LLM
from pipekit.interfaces.output_formats import FormatName, OutputFile, RenderedFile
from pipekit.interfaces.retrievers import Retrieval
from pipekit.planning.plan import PlannedStep
from pipekit.planning.signature import Service
from pipekit.serde import JSON, MisfitError, encode, structure, unstructure
from pipekit.state.artifacts import Fanned, ItemError, to_file
from pipekit.state.events import ItemFailed, ItemFinished, ItemStarted, StepStarted
from pipekit.state.record import Usage

__all__ = ["Done", "Services", "StepWork"]


@frozen(kw_only=True)
class Services:
    """What the engine gets from outside, ready made: it builds none of this.

    ``project`` is the folder of the configuration; ``llm`` makes the model service of a planned step and is told the
    usage of each call; ``render`` makes the files of output formats from the run as it stands.
    """

    project: Path
    retrieval: Retrieval
    llm: Callable[[PlannedStep, Callable[[Usage], None]], LLM]
    render: Callable[[Sequence[FormatName]], Sequence[tuple[str, OutputFile]]]


@frozen(kw_only=True)
class Done:
    """What a step made: the JSON of its file, output files for people, how items are keyed, usage."""

    content: JSON
    files: tuple[OutputFile, ...]
    item_key: str
    usage: Usage


@define
class _Tally:
    """What the calls of one step add up to."""

    usage: Usage = Usage()
    files: dict[str, OutputFile] = field(default=Factory(dict))

    def add(self, usage: Usage) -> None:
        self.usage = self.usage + usage


class _StepRendering:
    """The service `Rendering`: files are staged here and kept together with the step's result."""

    def __init__(self, services: Services, tally: _Tally) -> None:
        self._services = services
        self._tally = tally

    def render(self, formats: Sequence[FormatName]) -> Sequence[RenderedFile]:
        """Make the files of these formats from all that was made so far."""
        made: list[RenderedFile] = []
        for name, file in self._services.render(formats):
            self._tally.files[file.path] = file
            made.append(RenderedFile(path=file.path, format=name, size=len(file.content)))
        return made


class StepWork:
    """Runs planned steps against the artifacts made so far."""

    def __init__(self, *, run_id: str, table: ArtifactTable, services: Services, bus: Bus, notebook: Notebook) -> None:
        self.run_id = run_id
        self.table = table
        self.services = services
        self.bus = bus
        self.notebook = notebook

    async def do(self, planned: PlannedStep, attempt: int) -> Done:
        """Run one step to its end. Raises the family of errors, or `UnansweredQuestionError`."""
        tally = _Tally()
        if planned.step.each is None:
            self.bus.emit(StepStarted, step=planned.name, key=planned.key, model=planned.model)
            try:
                content = await self._call(planned, None, attempt, tally)
            except MissingInputError as error:
                raise StepError(str(error), step=planned.name) from error
            item_key = "itemId"
        else:
            item_key = id_key(planned.signature.parameters[0].annotation)
            content = await self._fanned(planned, attempt, tally, item_key)
        return Done(content=content, files=tuple(tally.files.values()), item_key=item_key, usage=tally.usage)

    async def _fanned(self, planned: PlannedStep, attempt: int, tally: _Tally, item_key: str) -> JSON:
        items = items_of(planned, self.table)
        total = len(items)
        self.bus.emit(StepStarted, step=planned.name, key=planned.key, items=total, model=planned.model)
        finished = 0

        async def one(item: Item) -> JSON:
            nonlocal finished
            self.bus.emit(ItemStarted, step=planned.name, item=item.id)
            result = await self._call(planned, item, attempt, tally)
            finished += 1
            self.bus.emit(ItemFinished, step=planned.name, item=item.id, done=finished, total=total)
            return result

        outcomes = await fan_out(items, one, concurrency=planned.concurrency)
        return to_file(self._sorted_out(planned, outcomes), id_key=item_key, order=[item.id for item in items])

    def _sorted_out(self, planned: PlannedStep, outcomes: Sequence[Outcome]) -> Fanned:
        """Results and errors apart; raises when a failed item fails the step."""
        results: dict[str, JSON] = {}
        errors: dict[str, ItemError] = {}
        failures: list[Outcome] = []
        for outcome in outcomes:
            if outcome.error is None:
                results[outcome.item.id] = outcome.result
            elif isinstance(outcome.error, MissingInputError):
                errors[outcome.item.id] = ItemError(str(outcome.error), skipped=True)
            elif isinstance(outcome.error, UnansweredQuestionError):
                raise outcome.error
            else:
                failures.append(outcome)
                errors[outcome.item.id] = ItemError(str(outcome.error))
                self.bus.emit(ItemFailed, step=planned.name, item=outcome.item.id, error=str(outcome.error))
        if failures and planned.on_item_error == "fail":
            first = failures[0]
            error = first.error
            assert error is not None
            if isinstance(error, PipekitError):
                error.message = f"{first.item.id}: {error.message}" + (
                    f" ({len(failures) - 1} more items failed)" if len(failures) > 1 else ""
                )
            raise error
        for item, left_out in errors.items():
            word = "left out" if left_out.skipped else "failed"
            self.bus.warn(f"{planned.name}: {item} {word}: {left_out.reason}", planned.name)
        return Fanned(results, errors)

    async def _call(self, planned: PlannedStep, item: Item | None, attempt: int, tally: _Tally) -> JSON:
        """One call of the step's function, or of its offline rule; gives checked plain JSON."""
        context = RunStepContext(
            run_id=self.run_id,
            step=planned.name,
            item=item.id if item else None,
            attempt=attempt,
            bus=self.bus,
            notebook=self.notebook,
            loop=asyncio.get_running_loop(),
            project=self.services.project,
        )
        services: Mapping[Service, Any] = self._services(planned, context, tally)
        try:
            arguments = bind(planned, self.table, services, item)
            result = await self._called(planned, arguments)
        finally:
            context.close()
        return _checked(planned, result)

    def _services(self, planned: PlannedStep, context: RunStepContext, tally: _Tally) -> Mapping[Service, Any]:
        services: dict[Service, Any] = {
            "context": context,
            "artifacts": TableArtifacts(self.table),
            "retrieval": self.services.retrieval,
            "rendering": _StepRendering(self.services, tally),
        }
        if planned.signature.service("llm") is not None and not planned.uses_offline_rule:
            services["llm"] = self.services.llm(planned, tally.add)
        return services

    async def _called(self, planned: PlannedStep, arguments: Mapping[str, Any]) -> Any:
        worker = Worker(f"pipekit step {planned.name}")
        try:
            async with asyncio.timeout(planned.timeout):
                if planned.uses_offline_rule:
                    assert planned.step.offline is not None
                    return await worker.run(functools.partial(planned.step.offline, **arguments))
                if planned.signature.is_async:
                    return await planned.step.fn(**arguments)
                return await worker.run(functools.partial(planned.step.fn, **arguments))
        except (PipekitError, MissingInputError, UnansweredQuestionError) as error:
            if isinstance(error, PipekitError) and error.step is None:
                error.step = planned.name
            raise
        except TimeoutError as error:
            stack = worker.stack()
            raise PluginError(
                f"the step {planned.name} gave no sign of life for {planned.timeout:g} seconds"
                + (f"; it is at:\n{stack}" if stack else ""),
                kind="hang",
                plugin=planned.package or None,
                hook="step",
                step=planned.name,
                hint=f"steps.{planned.name}.timeout in the configuration sets how long to wait",
            ) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise _blamed(planned, error) from error
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise _blamed(planned, error) from error


def _blamed(planned: PlannedStep, error: BaseException) -> PluginError:
    """An error of a step's own code, attributed to it."""
    name, _, version = planned.package.partition(" ")
    said = str(error) or "no message"
    return PluginError(
        f"the step {planned.name}"
        + (f" of {planned.package}" if planned.package else "")
        + f" raised {type(error).__name__}: {said}",
        kind="step-raised",
        plugin=name or None,
        dist=name or None,
        version=version or None,
        hook="step",
        step=planned.name,
        hint="finished steps are kept; --debug shows where it was raised",
    )


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
