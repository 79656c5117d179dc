"""Before a run: configuration, plugins, workflow, input and plan brought together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import evolve, frozen

from pipekit import __version__
from pipekit.arguments import expect
from pipekit.config.configuration import Configuration, load_configuration
from pipekit.config.layers import Override
from pipekit.config.secret_settings import kept_settings
from pipekit.engine.table import ArtifactTable
from pipekit.errors import PipekitError, PluginError, UsageError
from pipekit.history import Runs
from pipekit.input_values import NOTHING, Input
from pipekit.inputs import Given, read_input
from pipekit.installation import Installation
from pipekit.intake import Loaded, load_again, load_input, tell_unloaded
from pipekit.interfaces.state_stores import Entry, Owner, StateStore
from pipekit.interfaces.workflows import Workflow
from pipekit.planning.build import make_plan
from pipekit.planning.members import Registered
from pipekit.planning.plan import Plan, PlannedStep
from pipekit.planning.request import PlanRequest
from pipekit.planning.select import Selection
from pipekit.plugins.blocks import check_blocks
from pipekit.plugins.loading import PluginOptions, load_plugins
from pipekit.plugins.registry import Registry
from pipekit.serde import JSON
from pipekit.state.fingerprint import digest
from pipekit.state.ids import new_run_id
from pipekit.state.record import ConfigRef, InputPart, InputRef, PlannedRef, RunRecord

__all__ = ["Asked", "NewRun", "Setup"]

_BUDGET = "llm.budget."


@frozen(kw_only=True)
class Asked:
    """What the caller of a pipeline asked for: where the configuration is and what is laid over it.

    ``kept`` are those of the ``settings`` that a run's record holds and nobody gave now: the run may be a stranger's.
    """

    config: str | os.PathLike[str] | Mapping[str, object] | None = None
    profile: str | None = None
    settings: Mapping[str, str] = {}
    kept: frozenset[str] = frozenset()
    model: str | None = None
    workflow: str | Workflow | None = None
    plugins: Sequence[object] | None = None
    store: str | StateStore | None = None
    environ: Mapping[str, str] = {}
    folder: Path = Path()
    trust: bool = False

    def as_before(self, ref: ConfigRef) -> Asked:
        """The same, reading what the run read: its configuration file and profile, its flags below those given now."""
        config = self.config
        if config is None and ref.path is not None:
            config = ref.path
        return evolve(
            self,
            config=config,
            profile=self.profile or ref.profile,
            settings={**ref.settings, **self.settings},
            kept=frozenset(ref.settings) - frozenset(self.settings),
            model=self.model or ref.model,
        )

    def within(self, budget: Mapping[str, float]) -> Asked:
        """The same with another budget, as ``--budget`` gives it."""
        given = {f"{_BUDGET}{kind}": str(most) for kind, most in budget.items()}
        return evolve(self, settings={**self.settings, **given}, kept=self.kept - frozenset(given))


@frozen(kw_only=True)
class NewRun:
    """Everything a new run starts from."""

    plan: Plan
    record: RunRecord
    given: Given
    table: ArtifactTable


class Setup:
    """Configuration, plugins and workflow of one pipeline, or of the run it resumes."""

    def __init__(self, asked: Asked, workflow_name: str | None = None) -> None:
        self.asked = asked
        self.configuration = self._configuration()
        self.registry = self._registry()
        self.installation = Installation(self.registry, self.configuration, environ=asked.environ, trust=asked.trust)
        self._workflow_name = workflow_name

    def _configuration(self) -> Configuration:
        asked = self.asked
        overrides = [Override(path, text, _flag(path), path in asked.kept) for path, text in asked.settings.items()]
        if asked.model is not None:
            overrides.append(Override.model(asked.model))
        return load_configuration(
            asked.config, folder=asked.folder, environ=asked.environ, profile=asked.profile, overrides=overrides
        )

    def _registry(self) -> Registry:
        options = PluginOptions.of(self.configuration, trust=self.asked.trust)
        return load_plugins(options, given=self.asked.plugins, environ=self.asked.environ)

    @property
    def workflow(self) -> Workflow:
        """The workflow asked for: given as a value, by name, or in the configuration."""
        asked = self.asked.workflow
        if isinstance(asked, Workflow):
            return asked
        expect(asked, "workflow", (str, type(None)), "a Workflow, its name, or None")
        name = self._workflow_name or asked or self.configuration.settings.workflow
        origin = self.configuration.origin("workflow") if not asked and not self._workflow_name else None
        return self.registry.workflow(name, where=origin)

    @property
    def store(self) -> StateStore:
        """Where runs are kept."""
        address = self._store_address
        return self.installation.store(address) if isinstance(address, str) else address

    @property
    def _store_address(self) -> str | StateStore:
        given = self.asked.store
        if given is None:
            return self.configuration.settings.store
        return given if isinstance(given, str) else expect(given, "store", StateStore, "a store or its address")

    @property
    def runs(self) -> Runs:
        """The history of the store."""
        return Runs(self.store, self.input_of)

    @property
    def _registered(self) -> list[Registered]:
        return [
            Registered(step=entry.value, package=entry.package, joins=entry.plugin.local)
            for entry in self.registry.steps
        ]

    # --- a new run -------------------------------------------------------------------------------------------------

    def plan_new(
        self, source: Input, select: Selection, input_format: str | None
    ) -> tuple[Plan, Given | None, Loaded | None]:
        """The plan, and the input with its first artifact; all faults at once."""
        workflow = self.workflow
        faults: list[PipekitError] = []
        given: Given | None = None
        loaded: Loaded | None = None
        if source is not NOTHING:
            try:
                limit = self.configuration.settings.run.max_input_bytes
                given = read_input(source, input_type=workflow.input_type, limit=limit, folder=self.asked.folder)
                loaded = load_input(self.installation, given, input_format, workflow)
            except PipekitError as error:
                faults.append(error)
        plan = make_plan(self.request(workflow, select, faults, loaded))
        return evolve(plan, input_size=None if given is None else len(given.content)), given, loaded

    def request(
        self, workflow: Workflow, select: Selection, faults: Sequence[PipekitError], loaded: Loaded | None = None
    ) -> PlanRequest:
        """What a plan is made of, for this configuration and what is installed."""
        wrong, warnings = check_blocks(self.registry, self.configuration)
        more = [*wrong, *self._store_faults(), *self.installation.retriever_faults(), *self._local_faults()]
        return PlanRequest(
            warnings=[*(loaded.warnings if loaded else ()), *warnings, *self._set_aside()],
            workflow=workflow,
            registered=self._registered,
            configuration=self.configuration,
            installed=self.installation,
            environ=self.asked.environ,
            selection=select,
            faults=[*faults, *more],
        )

    def _store_faults(self) -> list[PipekitError]:
        address = self._store_address
        if isinstance(address, str):
            try:
                self.installation.check_store(address)
            except PipekitError as error:
                return [error]
        return []

    def _set_aside(self) -> list[str]:
        """A warning for each plugin that isn't used though nobody asked for that."""
        return [
            f"the plugin {plugin.name}{f' of {plugin.label}' if plugin.label else ''} is {plugin.health}: "
            f"{plugin.reason}; see pipekit plugins"
            for plugin in self.registry.plugins
            if plugin.health in ("set aside", "partly") and not plugin.local
        ]

    def _local_faults(self) -> list[PipekitError]:
        """A file that the configuration names as a plugin has to be usable: without it steps would be missing."""
        configuration = self.configuration
        entries = list(configuration.tree.at("plugins.local") or ())
        files = configuration.settings.plugins.local
        # Where the group has a fault there are no files, whatever the list holds.
        places = {Path(file).stem: entry.origin for file, entry in zip(files, entries, strict=False)}
        return [
            PluginError(
                plugin.reason
                if "local plugin" in plugin.reason
                else f"the local plugin {plugin.name} can't be used: {plugin.reason}",
                kind="local",
                plugin=plugin.name,
                where=str(places.get(plugin.name, configuration.origin("plugins.local"))),
                hint=plugin.hint,
            )
            for plugin in self.registry.plugins
            if plugin.local and plugin.health == "set aside"
        ]

    def new_run(self, source: Input, select: Selection, input_format: str | None) -> NewRun:
        """Everything for a new run, before anything is written."""
        if source is NOTHING:
            raise UsageError("a run needs an input", hint="pipekit run FILE")
        plan, given, loaded = self.plan_new(source, select, input_format)
        assert given is not None
        assert loaded is not None
        sha256 = digest(given.content)
        table = ArtifactTable([planned.name for planned in plan.steps])
        table.put_input(plan.input, loaded.plain)
        now = datetime.now(UTC)
        first = next((planned.key for planned in plan.to_run), None)
        owner = Owner.this_process()
        record = RunRecord(
            run_id=new_run_id(now),
            input_file=given.name,
            started_at=now,
            updated_at=now,
            status="running",
            current_step=first,
            workflow=plan.workflow,
            input=InputRef(
                name=given.name,
                path=given.path,
                sha256=sha256,
                size=len(given.content),
                kind=given.kind,
                format=loaded.loader,
                parts=_parts(given, loaded),
            ),
            config=self.config_ref(select),
            planned=tuple(
                PlannedRef(key=planned.key, name=planned.name, package=planned.package) for planned in plan.to_run
            ),
            owner_pid=owner.pid,
            owner_host=owner.host,
            pipekit_version=__version__,
        )
        return NewRun(plan=plan, record=record, given=given, table=table)

    def config_ref(self, select: Selection) -> ConfigRef:
        """What a resume has to read again to know what this run knew."""
        asked = self.asked
        named = asked.config if asked.config is not None else asked.environ.get("PIPEKIT_CONFIG")
        path = None if named is None or isinstance(named, Mapping) else str((asked.folder / named).absolute())
        return ConfigRef(
            path=path,
            profile=self.configuration.profile,
            model=asked.model,
            settings=kept_settings(asked.settings),
            only=select.only,
            skip=select.skip,
        )

    # --- a run that is there already -------------------------------------------------------------------------------

    def input_of(self, record: RunRecord, original: bytes) -> tuple[str, JSON] | None:
        """The first artifact of a run, loaded again from the input it keeps; None when nobody can.

        A run can be looked at without it: what the steps made is kept.
        """
        try:
            return self._load_again(record, original)
        except PipekitError as error:
            tell_unloaded(record.run_id, error)
            return None

    def _load_again(self, record: RunRecord, original: bytes) -> tuple[str, JSON]:
        workflow = self.workflow_of(record)
        assert record.input is not None
        return workflow.input, load_again(self.installation, record.input, original, workflow)

    def input_error(self, record: RunRecord) -> PipekitError:
        """Why the input of a run can't be loaded again, for somebody who can't do without."""
        try:
            assert record.input is not None
            self._load_again(record, self.store.read(record.run_id, record.input.path))
        except PipekitError as error:
            error.run_id = error.run_id or record.run_id
            return error
        return PluginError(f"the input of {record.run_id} can't be loaded", kind="missing", run_id=record.run_id)

    def workflow_of(self, record: RunRecord) -> Workflow:
        """The workflow of a run that is there already; `PluginError` when its plugin is gone."""
        asked = self.asked.workflow
        if isinstance(asked, Workflow) and asked.name == record.workflow:
            return asked
        try:
            return self.registry.workflow(record.workflow)
        except UsageError as error:
            packages = sorted({ref.package for ref in record.planned if ref.package})
            raise PluginError(
                f"the run was started with the workflow {record.workflow!r}, which no plugin brings now",
                kind="missing",
                dist=packages[0].partition(" ")[0] if packages else None,
                run_id=record.run_id,
                hint=f"install {' and '.join(packages) or 'its plugin'} again, or name its file under plugins.local; "
                "pipekit plugins shows what there is",
            ) from error

    def check_plugins(self, record: RunRecord, workflow: Workflow) -> None:
        """Refuse to go on when a plugin of the run is gone: its steps would be missing in silence."""
        known = {entry.value.name for entry in self.registry.steps}
        known |= {step if isinstance(step, str) else step.name for step in workflow.steps}
        for planned in record.planned:
            if planned.name not in known:
                name, _, version = planned.package.partition(" ")
                raise PluginError(
                    f"the run was started with the step {planned.name} of {planned.package or 'a plugin'}, "
                    "which is not installed now",
                    kind="missing",
                    dist=name or None,
                    version=version or None,
                    run_id=record.run_id,
                    step=planned.name,
                    hint=f"install {name or 'it'} again, or see pipekit plugins for why it was set aside",
                )

    def extras(self, steps: Sequence[PlannedStep]) -> Mapping[str, Mapping[str, str]]:
        """What steps depend on beyond their own settings: how models answer, and the sources of those that search."""
        found = {planned.name: self._asking(planned) for planned in steps}
        searching = [planned.name for planned in steps if planned.signature.service("retrieval") is not None]
        sources = {"retrievers": self.installation.retrievers_digest()} if searching else {}
        return {name: {**asking, **(sources if name in searching else {})} for name, asking in found.items()}

    def _asking(self, planned: PlannedStep) -> Mapping[str, str]:
        """The settings that make a model answer otherwise, where a step asks one and they are set."""
        if planned.model is None or planned.uses_offline_rule:
            return {}
        settings = self.configuration.settings.llm
        told = {"temperature": settings.temperature, "maxTokens": settings.max_tokens}
        return {name: str(value) for name, value in told.items() if value is not None}

    def output_folder(self, run_id: str) -> Path | None:
        """Where the outputs are copied to: ``output.dir``, by default ``output`` where the store has no folders."""
        wanted = self.configuration.settings.output.dir
        if wanted is None:
            wanted = None if "folders" in self.store.abilities else "output"
        return self.configuration.folder / wanted / run_id if wanted is not None else None

    def raw_replies(self, run_id: str) -> Callable[[], Sequence[Entry]] | None:
        """What gives the entries of a run where ``output.includeRaw`` is set: models' replies are among them."""
        if not self.configuration.settings.output.include_raw:
            return None
        return lambda: self.store.load(run_id).entries

    def close(self) -> None:
        """Close what was opened; a store that the caller gave stays open."""
        self.installation.close()


def _flag(path: str) -> str:
    """How the flag is called in messages that gave a setting."""
    if path.startswith(_BUDGET):
        return f"--budget {path.removeprefix(_BUDGET)}"
    return "--store" if path == "store" else f"--set {path}"


def _parts(given: Given, loaded: Loaded) -> tuple[InputPart, ...]:
    """What a record keeps of each of several inputs."""
    return tuple(
        InputPart(name=part.name, sha256=digest(part.content), size=len(part.content), kind=part.kind, format=loader)
        for part, loader in zip(given.parts, loaded.loaders, strict=True)
        if part.kind != "merged"
    )
