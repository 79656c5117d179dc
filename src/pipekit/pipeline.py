"""The facade: configuration → plugins → plan → run → checkpoints → outputs.

Everything heavy is imported where it is used, so that ``from pipekit import Pipeline`` stays quick.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from pipekit.arguments import expect
from pipekit.input_values import NOTHING, Input
from pipekit.options import Resume, Stale
from pipekit.planning.select import ALL, Selection

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from pipekit.asking import TaskPrompt
    from pipekit.config.configuration import Configuration
    from pipekit.doctoring import ModelCheck, ProviderModels
    from pipekit.estimating import Estimate
    from pipekit.history import Runs
    from pipekit.interfaces.state_stores import StateStore
    from pipekit.interfaces.steps import Step
    from pipekit.interfaces.workflows import Workflow
    from pipekit.planning.plan import Plan
    from pipekit.plugins.registry import Registry
    from pipekit.preparing import Setup
    from pipekit.results import RunResult
    from pipekit.retrieval.stored_index import Changes
    from pipekit.state.record import AskedQuestion
    from pipekit.streams import EventStream

__all__ = ["Pipeline"]


class Pipeline:
    """A workflow that can be planned and run, configured and lazy.

    It touches no file, plugin or store before `plan`, `run` or `runs`; it can do many runs at once; it owns its
    plugins and shares nothing with other pipelines; it sets no signal handlers.

    ``config`` None looks for the configuration as the command does; a path reads that file; a mapping, also an empty
    one, reads none. ``plugins`` None loads the installed ones, else exactly these modules or objects. ``settings``
    are laid over everything, dotted path → YAML text (``{"steps.step4.ragTopK": "3"}``); ``model`` holds for every
    step. Relative paths count from ``folder``, the working directory by default.
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | Mapping[str, object] | None = None,
        *,
        workflow: str | Workflow | None = None,
        plugins: Sequence[object] | None = None,
        store: str | StateStore | None = None,
        environ: Mapping[str, str] | None = None,
        profile: str | None = None,
        settings: Mapping[str, str] | None = None,
        model: str | None = None,
        folder: str | os.PathLike[str] | None = None,
        trust: bool = False,
    ) -> None:
        optional = type(None)
        expect(config, "config", (str, os.PathLike, Mapping, optional), "a path, a mapping or None")
        expect(environ, "environ", (Mapping, optional), "a mapping or None")
        expect(settings, "settings", (Mapping, optional), "a mapping of dotted paths to texts")
        for path, text in (settings or {}).items():
            expect(path, "a path in settings", str, "text")
            expect(text, f"settings[{path!r}]", str, "the value as YAML text")
        expect(profile, "profile", (str, optional), "a name or None")
        expect(model, "model", (str, optional), "a model reference such as provider/model")
        expect(folder, "folder", (str, os.PathLike, optional), "a path or None")
        if plugins is not None and (isinstance(plugins, (str, bytes)) or not isinstance(plugins, Iterable)):
            expect(plugins, "plugins", (), "a list of modules or objects, or None")
        self._arguments: dict[str, Any] = {
            "config": config,
            "workflow": workflow,
            "plugins": None if plugins is None else list(plugins),
            "store": store,
            "environ": os.environ if environ is None else environ,
            "profile": profile,
            "settings": dict(settings or {}),
            "model": model,
            "trust": trust,
        }
        self._folder = folder
        self._setup_made: Setup | None = None
        #: Runs that begin at the same time ask from several threads; they must find one store, one set of plugins.
        self._making = threading.Lock()

    def __repr__(self) -> str:
        config = self._arguments["config"]
        shown = "mapping" if isinstance(config, Mapping) else config or "found by itself"
        return f"<Pipeline: configuration {shown}>"

    # --- what is known before a run --------------------------------------------------------------------------------

    @property
    def _setup(self) -> Setup:
        from pipekit.preparing import Asked, Setup

        with self._making:
            if self._setup_made is None:
                folder = Path(self._folder) if self._folder is not None else Path.cwd()
                self._setup_made = Setup(Asked(folder=folder.absolute(), **self._arguments))
            return self._setup_made

    @property
    def configuration(self) -> Configuration:
        """What the user wants: settings with their origins, and what is wrong with them."""
        return self._setup.configuration

    @property
    def registry(self) -> Registry:
        """What is installed."""
        return self._setup.registry

    @property
    def workflow(self) -> Workflow:
        """The workflow that runs: the one given, or the one that the configuration names."""
        return self._setup.workflow

    @property
    def runs(self) -> Runs:
        """The runs in the store: ``find``, ``get``, ``resolve``."""
        return self._setup.runs

    def open_store(self, address: str) -> StateStore:
        """Another store than the configured one, by its address (``sqlite:runs.db``); `close` closes it, too."""
        expect(address, "address", str, "a store's address, such as sqlite:runs.db")
        return self._setup.installation.store(address)

    def runs_in(self, store: StateStore) -> Runs:
        """The runs in another store, such as one from `open_store`."""
        from pipekit.history import Runs

        return Runs(store, self._setup.input_of)

    def plan(self, source: Input = NOTHING, *, select: Selection = ALL, input_format: str | None = None) -> Plan:
        """What would run, checked without a call; all faults at once in `PlanError.faults`."""
        _check_call(select, input_format)
        return self._setup.plan_new(source, select, input_format)[0]

    def estimate(self, plan: Plan) -> Estimate:
        """What a plan is expected to take of models, as ranges: by earlier runs of its workflow, else by prompts."""
        from pipekit.estimating import estimate

        return estimate(self._setup, plan)

    def prompts(self) -> Sequence[TaskPrompt]:
        """The prompts that the workflow's steps ask models with."""
        from pipekit.asking import task_prompts

        return task_prompts(self._setup, self.plan().steps)

    def models(self, provider: str | None = None) -> Sequence[ProviderModels]:
        """The models that can be had now, of one provider or of all; this asks the network."""
        from pipekit.doctoring import list_models

        return list_models(self._setup, provider)

    def check_models(self) -> Sequence[ModelCheck]:
        """Ask every configured model one tiny thing; what is learnt of it is kept for later runs."""
        from pipekit.doctoring import check_models

        return check_models(self._setup, self.plan())

    def index(
        self,
        paths: Sequence[str | os.PathLike[str]] = (),
        *,
        runs: bool = False,
        into: str | os.PathLike[str] | None = None,
        anew: bool = False,
        dry_run: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> tuple[Path, Changes]:
        """Bring the index that ``retrievers.index`` reads up to date; where it lies, and what has changed.

        With files below ``paths`` and, with ``runs``, of completed runs; without either, with all that it was made of.
        ``tell`` is told how far it is.
        """
        from pipekit.indexing import index_documents

        if isinstance(paths, (str, bytes)) or not isinstance(paths, Iterable):
            expect(paths, "paths", (), "a list of paths")
        return index_documents(
            self._setup,
            [Path(path) for path in paths],
            runs=runs,
            into=None if into is None else Path(into),
            anew=anew,
            dry_run=dry_run,
            tell=tell or _nobody,
        )

    # --- runs ------------------------------------------------------------------------------------------------------

    def run(self, source: Input, *, select: Selection = ALL, input_format: str | None = None) -> RunResult:
        """Run to the end, in a thread with a loop of its own; raises `PipekitError` for a failed run."""
        return _finished(self.stream(source, select=select, input_format=input_format))

    async def arun(self, source: Input, *, select: Selection = ALL, input_format: str | None = None) -> RunResult:
        """The same on the caller's event loop; cancelling leaves the run paused."""
        from pipekit.attempt import run_new

        _check_call(select, input_format)
        return await run_new(lambda: self._setup, source, select, input_format, _nobody)

    def stream(self, source: Input, *, select: Selection = ALL, input_format: str | None = None) -> EventStream:
        """Run and tell the events as they come; leaving early pauses, ``.result`` is there at the end."""
        from pipekit.attempt import run_new
        from pipekit.streams import EventStream

        _check_call(select, input_format)
        return EventStream(lambda tell, line: run_new(lambda: self._setup, source, select, input_format, tell, line))

    def once(self, source: Input, *, select: Selection = ALL) -> RunResult:
        """The run of this input: the one that is there with the same flags, as far as it holds, or else a new one.

        A completed run of which nothing changed is given back, an unfinished one is gone on with. Of one that no
        longer holds (another prompt or setting) a new run is made, which begins with the steps that do.
        """
        return _finished(self.once_stream(source, select=select))

    def once_stream(self, source: Input, *, select: Selection = ALL) -> EventStream:
        """The same, telling the events as they come."""
        from pipekit.attempt import run_once
        from pipekit.streams import EventStream

        _check_call(select, None)
        if hasattr(source, "read"):
            expect(source, "source", (), "a path, a Text or a value, which can be read again")
        return EventStream(lambda tell, line: run_once(lambda: self._setup, source, select, tell, line))

    def resume(self, run: str, options: Resume | None = None) -> RunResult:
        """Go on with a run (full id, unique prefix, or ``last``)."""
        return _finished(self.resume_stream(run, options))

    async def aresume(self, run: str, options: Resume | None = None) -> RunResult:
        """The same on the caller's event loop."""
        from pipekit.attempt import run_old

        wanted = _how(options)
        return await run_old(lambda: self._setup, run, wanted, _nobody)

    def resume_stream(self, run: str, options: Resume | None = None) -> EventStream:
        """Go on with a run and tell the events as they come."""
        from pipekit.attempt import run_old
        from pipekit.streams import EventStream

        wanted = _how(options)
        return EventStream(lambda tell, line: run_old(lambda: self._setup, run, wanted, tell, line))

    def fork(self, run: str, options: Resume | None = None) -> RunResult:
        """A new run that begins with what that one has finished, and shares nothing with it from there on."""
        return _finished(self.fork_stream(run, options))

    async def afork(self, run: str, options: Resume | None = None) -> RunResult:
        """The same on the caller's event loop."""
        from pipekit.attempt import run_fork

        wanted = _how(options)
        return await run_fork(lambda: self._setup, run, wanted, _nobody)

    def fork_stream(self, run: str, options: Resume | None = None) -> EventStream:
        """Fork a run and tell the events of the new one as they come."""
        from pipekit.attempt import run_fork
        from pipekit.streams import EventStream

        wanted = _how(options)
        return EventStream(lambda tell, line: run_fork(lambda: self._setup, run, wanted, tell, line))

    def questions(self, run: str) -> Sequence[AskedQuestion]:
        """What a paused run still asks."""
        from pipekit.answers import open_questions

        setup = self._setup
        stored = setup.store.load(setup.runs.resolve(run))
        return open_questions(stored.record, stored.entries)

    def item(self, run: str, item: str) -> tuple[str, Mapping[str, Any]]:
        """An item that a person may edit: the name of its collection, and its JSON. `UsageError` when there is none."""
        from pipekit.editing import find_item

        setup = self._setup
        record = setup.runs.record(run)
        return find_item(setup.store, record, item)[1:]

    def answer(self, run: str, answers: Mapping[str, object]) -> Sequence[AskedQuestion]:
        """Keep answers with a run, by the keys of its questions, without going on; what it still asks.

        All of them or none: `UsageError` where one has no question or doesn't fit. `resume` goes on with the run.
        """
        from pipekit.answers import keep_answers

        expect(answers, "answers", Mapping, "a mapping of questions' keys to answers")
        setup = self._setup
        return keep_answers(setup.store, setup.runs.resolve(run), answers)

    def format(self, run: str, formats: Sequence[str] = ()) -> Sequence[Path]:
        """Write a run's outputs again from what is kept, without a model; by default in the configured formats."""
        from pipekit.formatting import format_again

        if isinstance(formats, str) or not isinstance(formats, Iterable):
            expect(formats, "formats", (), "a list of names")
        return format_again(self._setup, run, formats)

    def as_runnable(
        self, *, of: Step[..., Any, Any] | None = None, accepts: Literal["text", "path"] = "text"
    ) -> Runnable[Any, Any]:
        """The pipeline as a LangChain Runnable: text (or a path) in, the `RunResult` or the artifact of a step out."""
        from pipekit.runnable import pipeline_runnable

        return pipeline_runnable(self, of=of, accepts=accepts)

    def close(self) -> None:
        """Close the store and what else was opened."""
        with self._making:
            if self._setup_made is not None:
                self._setup_made.close()


def _check_call(select: object, input_format: object) -> None:
    expect(select, "select", Selection, "a Selection")
    expect(input_format, "input_format", (str, type(None)), "the name of a loader or None")


def _how(options: Resume | None) -> Resume:
    wanted: Resume = expect(Resume() if options is None else options, "options", Resume, "a Resume or None")
    expect(wanted.budget, "budget", Mapping, "a mapping such as {'usd': 4}")
    if wanted.stale not in get_args(Stale):
        expect(wanted.stale, "stale", (), f"one of {', '.join(get_args(Stale))}")
    return wanted


def _finished(stream: EventStream) -> RunResult:
    with stream:
        for _ in stream:
            pass
        return stream.result


def _nobody(_: object) -> None:
    """The listener of a run that nobody listens to."""
