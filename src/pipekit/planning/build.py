"""Make the plan: resolve configuration and steps, collect everything that is wrong, give each step a reason."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from pipekit.config.confining import record_fault
from pipekit.config.steps import ResolvedStep, resolve_step_blocks
from pipekit.errors import ConfigError, PipekitError, PlanError, PluginError, UsageError
from pipekit.planning.annotations import annotation_faults
from pipekit.planning.decisions import Decider, Decisions
from pipekit.planning.fanning import fan_fault
from pipekit.planning.formats import format_faults
from pipekit.planning.members import Member, Members, aliases, gather, key_of
from pipekit.planning.models import ChosenModel, choose, price_warnings, provider_faults, unpriced_faults
from pipekit.planning.needs import Makers, arrange, find_makers, mismatch
from pipekit.planning.plan import Decision, Plan, PlannedStep, Reason
from pipekit.planning.request import PlanRequest
from pipekit.planning.step_prompts import prompt_faults
from pipekit.planning.step_settings import fill_settings, settings_faults
from pipekit.state.record import StepKey

__all__ = ["make_plan", "rendering_steps"]


def make_plan(request: PlanRequest) -> Plan:
    """The plan, or `PlanError` with every fault that was found."""
    return _Planner(request).plan()


def rendering_steps(request: PlanRequest) -> list[str]:
    """The names of the workflow's steps that make output files."""
    members, _ = gather(request.workflow, request.registered, ())
    return [member.name for member in members if member.signature.service("rendering") is not None]


class _Planner:
    def __init__(self, request: PlanRequest) -> None:
        self.request = request
        self.workflow = request.workflow
        self.configuration = request.configuration.over(request.workflow.defaults, f"workflow {request.workflow.name}")
        self.faults: list[PipekitError] = [*request.faults, *self.configuration.faults]
        self.warnings: list[str] = [*request.warnings, *self.configuration.warnings]

    def plan(self) -> Plan:
        members, blocks = self._members()
        makers, found = find_makers(
            members,
            input_name=self.workflow.input,
            input_type=self.workflow.input_type,
            use=self._use(members),
        )
        self.faults.extend(found)
        ordered, first, found = arrange(list(members), makers)
        self.faults.extend(found)
        decider = Decider(self.request, members)
        decisions = decider.decide(ordered, blocks)
        until = decider.until()
        self.faults.extend(decider.faults)
        steps = [
            self._planned(member, blocks[member.name], decisions[member.name], first[member.name]) for member in ordered
        ]
        self._check_needs(ordered, decisions, makers)
        self.faults.extend(self._format_faults(steps, decisions, makers))
        self._check_providers(steps)
        if self.faults:
            raise PlanError(_unique(self.faults))
        model = self.configuration.model_for_all or self.configuration.model
        return Plan(
            workflow=self.workflow.name,
            input=self.workflow.input,
            input_type=self.workflow.input_type,
            steps=tuple(steps),
            warnings=tuple(dict.fromkeys(self.warnings)),
            model=str(model.reference) if model else "",
            store=self.configuration.settings.store,
            until=until,
            parallel_steps=self.configuration.settings.run.parallel_steps,
            max_concurrency=self.configuration.settings.run.max_concurrency,
        )

    # --- which steps -----------------------------------------------------------------------------------------------

    def _members(self) -> tuple[Members, dict[str, ResolvedStep]]:
        steps = [step for step in self.workflow.steps if not isinstance(step, str)]
        names = {entry.step.name for entry in self.request.registered} | {step.name for step in steps}
        keys = {name: key_of(self.workflow, name) for name in sorted(names)}
        blocks, found = resolve_step_blocks(self.configuration, aliases(keys))
        self.faults.extend(found)
        enabled = [name for name, block in blocks.items() if block.core.enabled]
        members, wrong = gather(self.workflow, self.request.registered, enabled)
        self.faults.extend(wrong)
        self._check_profiles(members, keys)
        return members, blocks

    def _check_profiles(self, members: Members, keys: Mapping[str, StepKey]) -> None:
        """What is wrong with the steps of profiles that aren't chosen.

        One that brings a workflow or plugins of its own knows other steps; it is checked when it is chosen.
        """
        for name, configuration in self.configuration.other_profiles():
            profile = self.configuration.tree.at(f"profiles.{name}")
            if profile is None or not profile.is_mapping or profile.get("workflow") or profile.get("plugins"):
                continue
            blocks, found = resolve_step_blocks(configuration, aliases(keys))
            self.faults.extend(found)
            for member in members:
                self.faults.extend(settings_faults(member, blocks[member.name]))

    def _use(self, members: Members) -> dict[str, tuple[str, str]]:
        use: dict[str, tuple[str, str]] = {}
        for artifact, step in self.configuration.settings.use.items():
            member = members.resolve(step)
            use[artifact] = (member.name if member else step, str(self.configuration.origin(f"use.{artifact}")))
        return use

    # --- each step -------------------------------------------------------------------------------------------------

    def _planned(
        self, member: Member, block: ResolvedStep, decision: tuple[Decision, Reason], first: Collection[str]
    ) -> PlannedStep:
        settings = fill_settings(member, block, self.configuration.folder)
        self.faults.extend(settings.faults)
        model, faults = choose(member, block, self.configuration)
        if decision[0] == "run":
            self.faults.extend([*faults, *settings.file_faults])
            if model.reference and not faults and not model.uses_offline_rule:
                self.faults.extend(prompt_faults(member, self.configuration.prompts))
        else:
            model = model if not faults else ChosenModel(model.reference, model.reason)
        if member.step.needs is not None and decision[0] == "run":
            self.warnings.append(
                f"{member.name} is made from a LangChain Runnable; its model calls are outside budget and journal"
            )
        run = self.configuration.settings.run
        core = block.core
        return PlannedStep(
            step=member.step,
            key=member.key,
            decision=decision[0],
            reason=decision[1],
            signature=member.signature,
            package=member.package,
            model=model.reference,
            model_reason=model.reason,
            uses_offline_rule=model.uses_offline_rule,
            settings=settings.values,
            settings_json=settings.plain,
            depends_on=settings.depends_on,
            concurrency=core.concurrency or run.concurrency,
            timeout=core.timeout or run.timeout,
            on_item_error=core.on_item_error,
            min_success=core.min_success,
            retry=core.retry,
            waits_for=frozenset(first),
        )

    # --- checks ----------------------------------------------------------------------------------------------------

    def _check_needs(
        self,
        ordered: Sequence[Member],
        decisions: Decisions,
        makers: Makers,
    ) -> None:
        for member in ordered:
            if decisions[member.name][0] != "run":
                continue
            self.faults.extend(annotation_faults(member))
            if member.step.each is not None:
                self._check_need(member, member.step.each, True, decisions, makers)
                fault = fan_fault(member, makers)
                self.faults.extend([fault] if fault else [])
            for need in member.signature.needs:
                self._check_need(member, need.name, need.required, decisions, makers)
                if need.name == makers.input or need.name in makers.by_artifact:
                    wrong = mismatch(member, need, makers)
                    self.faults.extend([wrong] if wrong else [])

    def _check_need(
        self,
        member: Member,
        artifact: str,
        required: bool,
        decisions: Decisions,
        makers: Makers,
    ) -> None:
        if artifact == makers.input:
            return
        maker = makers.by_artifact.get(artifact)
        if maker is None:
            self._nobody_makes(member, artifact, required, makers)
            return
        decision, reason = decisions[maker.name]
        if decision != "skip" or not required:
            return
        text = f"{member.name} needs {artifact!r}, which {maker.name} makes, and that step is {reason.text}"
        hint = f"run {maker.name}, or leave out {member.name} too: --skip {member.name}"
        if reason.origin:
            self.faults.append(ConfigError(text, kind="need", where=reason.origin, step=member.name, hint=hint))
        else:
            self.faults.append(UsageError(text, kind="need", step=member.name, hint=hint))

    def _nobody_makes(self, member: Member, artifact: str, required: bool, makers: Makers) -> None:
        near = difflib.get_close_matches(artifact, [makers.input, *makers.by_artifact], n=1)
        suggestion = f"did you mean {near[0]!r}?" if near else ""
        text = f"the step {member.name} needs {artifact!r}, which no step makes"
        if required:
            plugin = member.package.partition(" ")[0] or None
            hint = suggestion or "enable or install the step that provides it"
            self.faults.append(PluginError(text, kind="need", plugin=plugin, step=member.name, hint=hint))
        elif suggestion:
            self.warnings.append(f"{text}, so it runs without; {suggestion}")

    def _format_faults(self, steps: Sequence[PlannedStep], decisions: Decisions, makers: Makers) -> list[PipekitError]:
        made = {makers.input}
        unmade: dict[str, tuple[str, Reason]] = {}
        for artifact, maker in makers.by_artifact.items():
            decision, reason = decisions[maker.name]
            if decision == "skip":
                unmade[artifact] = (maker.name, reason)
            else:
                made.add(artifact)
        return format_faults(steps, made, unmade, self.configuration, self.request.installed.needs_of)

    def _check_providers(self, steps: Sequence[PlannedStep]) -> None:
        references: dict[str, str] = {}
        for planned in steps:
            if planned.decision == "run" and planned.model and not planned.uses_offline_rule:
                place = planned.model_reason.origin if planned.model_reason else ""
                references.setdefault(planned.model, place)
        references.pop("offline", None)
        if references:  # only then is there anything that could fall back
            for choice in self.configuration.fallback:
                references.setdefault(str(choice.reference), str(choice.origin))
            outside = record_fault(self.configuration)
            self.faults.extend([outside] if outside else [])
        found = provider_faults(references, self.request.installed.secrets_of, self.request.environ)
        self.faults.extend(found)
        if not found and len(references) > 1 and self.configuration.settings.llm.strategy == "cheapest-first":
            self.warnings.extend(price_warnings(references, self.request.installed.is_priced))
        llm = self.configuration.settings.llm
        bounds = {"llm.budget.usd": llm.budget.usd, "llm.dailyBudget.usd": llm.daily_budget.usd}
        bound = next((path for path, most in bounds.items() if most is not None), None)
        if not found and bound is not None:
            where = str(self.configuration.origin(bound))
            self.faults.extend(unpriced_faults(references, self.request.installed.is_priced, where))


def _unique(faults: Sequence[PipekitError]) -> list[PipekitError]:
    """Each fault once, however many steps ran into it; those of a block that couldn't be filled one by one."""
    found: dict[tuple[str, str], PipekitError] = {}
    for fault in faults:
        for one in fault.faults if isinstance(fault, PlanError) else (fault,):
            found.setdefault((one.where, one.message), one)
    return list(found.values())
