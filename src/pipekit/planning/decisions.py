"""Which steps run, which are taken over and which are left out, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pipekit.config.steps import ResolvedStep
from pipekit.errors import PipekitError, UsageError
from pipekit.planning.members import Member, Members
from pipekit.planning.plan import Decision, Reason
from pipekit.planning.request import PlanRequest

__all__ = ["Decider", "Decisions"]

#: What happens to each step, by name, and why.
Decisions: TypeAlias = Mapping[str, tuple[Decision, Reason]]


class Decider:
    """Decides about the steps of one plan; what is wrong with what was asked for is in ``faults``."""

    def __init__(self, request: PlanRequest, members: Members) -> None:
        self.request = request
        self.faults: list[PipekitError] = []
        self._members = members

    def until(self) -> str | None:
        """The name of the step after which the run stops."""
        text = self.request.selection.until
        member = None if text is None else self._member(text, "--until")
        return member.name if member else None

    def decide(self, ordered: Sequence[Member], blocks: Mapping[str, ResolvedStep]) -> Decisions:
        """What happens to each step, in the plan's order."""
        selection = self.request.selection
        only = self._named(selection.only, "--only")
        skip = self._named(selection.skip, "--skip")
        again = self._again(ordered)
        decisions: dict[str, tuple[Decision, Reason]] = {}
        for member in ordered:
            name = member.name
            block = blocks[name]
            if name in self.request.rerun:
                decisions[name] = ("run", Reason(f"run again: {self.request.rerun[name]}"))
            elif name in self.request.finished and name not in again:
                decisions[name] = ("reuse", Reason("finished earlier"))
            elif name in skip:
                decisions[name] = ("skip", Reason(f"left out by --skip {name}"))
            elif only and name not in only:
                decisions[name] = ("skip", Reason("not among --only"))
            elif block.core.enabled is False:
                decisions[name] = ("skip", Reason("disabled", str(block.origin("enabled"))))
            else:
                decisions[name] = ("run", self._why(member, block, name in again))
        self._check_from_step(ordered, again, decisions)
        return decisions

    def _why(self, member: Member, block: ResolvedStep, again: bool) -> Reason:
        if again:
            return Reason(f"run again by --from-step {self.request.from_step}")
        if block.core.enabled:
            return Reason("enabled", str(block.origin("enabled")))
        if (
            member.step.workflow == self.request.workflow.name
            and member.package
            and member.name not in self._own_names()
        ):
            return Reason(f"brought by {member.package}")
        return Reason("enabled by default")

    def _own_names(self) -> set[str]:
        return {step if isinstance(step, str) else step.name for step in self.request.workflow.steps}

    def _named(self, texts: Sequence[str], flag: str) -> set[str]:
        names: set[str] = set()
        for text in texts:
            member = self._member(text, flag)
            if member is not None:
                names.add(member.name)
        return names

    def _member(self, text: str, flag: str) -> Member | None:
        member = self._members.resolve(text)
        if member is None:
            self.faults.append(self._members.unknown(text, flag))
        return member

    def _again(self, ordered: Sequence[Member]) -> set[str]:
        """The steps that ``from_step`` runs again: it and all that come after it in the plan."""
        text = self.request.from_step
        member = None if text is None else self._member(text, "--from-step")
        if member is None:
            return set()
        names = [other.name for other in ordered]
        return set(names[names.index(member.name) :])

    def _check_from_step(self, ordered: Sequence[Member], again: set[str], decisions: Decisions) -> None:
        if not again:
            return
        resume = f"pipekit resume {self.request.run_id or 'RUN'}"
        for member in ordered:
            if member.name in again:
                break
            if decisions[member.name][0] == "run":
                first = f"{member.key} ({member.name})" if isinstance(member.key, int) else member.name
                self.faults.append(
                    UsageError(
                        f"can't go on from step {self.request.from_step}: step {first} before it is not finished",
                        kind="unfinished",
                        step=member.name,
                        run_id=self.request.run_id,
                        hint=f"go on from there: {resume} --from-step {member.key}",
                    )
                )
                return
        self._check_that_something_runs(ordered, again, decisions, resume)

    def _check_that_something_runs(
        self,
        ordered: Sequence[Member],
        again: set[str],
        decisions: Decisions,
        resume: str,
    ) -> None:
        """A run keeps its ``--only`` and ``--skip``: what is asked for now may be left out by what was said then."""
        if any(decisions[name][0] == "run" for name in again):
            return
        member = next(member for member in ordered if member.name in again)
        selection, reason = self.request.selection, str(decisions[member.name][1])
        if "--skip" in reason:
            hint = "leave it out of --skip: one that is given now goes before the run's own"
        elif selection.only:
            hint = (
                f"an --only given now goes before the run's own: {resume} --from-step {member.key} --only {member.key}"
            )
        else:
            hint = "enable it in the configuration, or name another step"
        self.faults.append(
            UsageError(
                f"--from-step {self.request.from_step} would run nothing: {member.name} is {reason}",
                kind="nothing-to-run",
                step=member.name,
                run_id=self.request.run_id,
                hint=hint,
            )
        )
