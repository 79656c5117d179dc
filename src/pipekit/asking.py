"""The model service of a planned step, put together from providers, settings and prompts."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from pipekit.config.model import BudgetSettings, LimitSettings, RetrySettings
from pipekit.config.tree import Node
from pipekit.engine.bus import Bus
from pipekit.engine.calls import CallLog
from pipekit.installation import named
from pipekit.interfaces.llm_providers import LLM, LLMProvider, ModelOptions
from pipekit.llm.abilities import Abilities, abilities_file
from pipekit.llm.ask import Archive, Asking, ModelService
from pipekit.llm.budget import Budget, Caps, spent_by
from pipekit.llm.candidates import Candidate
from pipekit.llm.daily import Daily
from pipekit.llm.limits import Limits, account
from pipekit.llm.prompts import Prompt, prompt_digest, read_prompt, tasks_in
from pipekit.llm.retrying import RetryPolicy
from pipekit.planning.plan import PlannedStep
from pipekit.planning.step_prompts import prompt_folders, prompts_beside
from pipekit.preparing import Setup
from pipekit.secrecy import mask
from pipekit.spending import SpentByOthers
from pipekit.state.events import CallFailed, CallFinished, CallRetried, CallStarted
from pipekit.state.fingerprint import short_digest
from pipekit.state.ledger import Charge
from pipekit.state.record import Usage

if TYPE_CHECKING:
    from pipekit.llm.cache import ReplyCache
    from pipekit.llm.recording import Recorder

__all__ = ["Models", "TaskPrompt", "budget_of", "prompt_now", "task_prompts"]


@frozen(kw_only=True)
class TaskPrompt:
    """The prompt of a task that is in force, the file it was ``shipped`` as, and the project's ``own``, if any.

    ``target`` is where the project's own would lie.
    """

    task: str
    step: str
    prompt: Prompt
    shipped: Path
    target: Path

    @property
    def own(self) -> Path | None:
        """The project's own file."""
        return self.target if self.target.is_file() else None


class Models:
    """The models of one run, each made once: who can be asked, in which order, and how patiently."""

    def __init__(self, setup: Setup, budget: Budget | None = None) -> None:
        self._setup = setup
        self._budget = budget
        self._lock = threading.Lock()
        self._made: dict[str, Candidate] = {}
        self._opened: list[ReplyCache | Recorder] = []
        settings = setup.configuration.settings.llm
        self.options = ModelOptions(
            temperature=settings.temperature, timeout=settings.timeout, max_tokens=settings.max_tokens
        )

    # A run of rules alone asks no model, so it opens no file for one either.

    @functools.cached_property
    def _asking(self) -> Asking:
        settings = self._setup.configuration.settings.llm
        return Asking(
            candidate_of=self.candidate,
            strategy=settings.strategy,
            policy=_policy(settings.retry),
            repairs=settings.repairs,
            archives=self._archives(),
            budget=self._budget,
        )

    @functools.cached_property
    def _own_prompts(self) -> Path:
        return self._setup.configuration.prompts  # it makes a path anew each time, and every item asks

    @functools.cached_property
    def _abilities(self) -> Abilities:
        return Abilities.read(abilities_file())

    def _archives(self) -> Sequence[Archive]:
        configuration = self._setup.configuration
        settings = configuration.settings.llm
        if settings.cache:
            from pipekit.llm.cache import ReplyCache, cache_file

            self._opened.append(ReplyCache(cache_file()))
        if settings.record:
            from pipekit.llm.recording import Recorder

            self._opened.append(Recorder(configuration.path(settings.record), mask))
        return self._opened

    def close(self) -> None:
        """Close the files of cache and recording."""
        for one in self._opened:
            one.close()

    def service(self, planned: PlannedStep, bus: Bus, log: CallLog) -> LLM:
        """The service `LLM` for one call of a step: its models, its prompts, and the replies that are kept for it."""
        own = planned.model or ""
        fallback = [str(choice.reference) for choice in self._setup.configuration.fallback]
        stands_alone = own.partition("/")[0] in ("offline", "replay")
        models = [own] if stands_alone else [own, *(one for one in fallback if one != own)]
        asking = self._asking
        if planned.retry is not None:
            asking = evolve(asking, policy=_policy(planned.retry))
        return ModelService(
            asking,
            models,
            self.options,
            prompt_folders=prompt_folders(self._own_prompts, planned.step.fn),
            tell=_Telling(planned.name, bus, log),
            replies=log,
        )

    def candidate(self, reference: str) -> Candidate:
        """The model of a reference, provider/model, with what is known of it."""
        with self._lock:
            if reference not in self._made:
                self._made[reference] = self._make(reference)
            return self._made[reference]

    def _make(self, reference: str) -> Candidate:
        name, _, model = reference.partition("/")
        provider = self._setup.installation.provider(name)
        settings = self._setup.configuration.settings.llm
        limits = named(settings.limits, name) or LimitSettings()
        environ = self._setup.asked.environ
        # Two keys of one vendor are two accounts, each with limits of its own; without keys, two servers are.
        keys = [environ.get(variable, "") for variable in provider.secrets]
        server = _server(provider, settings.providers.get(name))
        told = self._abilities.over(reference, provider.describe(model), server)
        whose = short_digest(keys if any(keys) else [getattr(provider, "server", "")])
        return Candidate(
            reference=reference,
            provider_name=name,
            name=model,
            provider=provider,
            info=self._setup.installation.told(reference, told),
            server=server,
            account=account((name, whose), Limits(concurrency=limits.concurrency, per_minute=limits.per_minute)),
        )


def budget_of(setup: Setup, run_id: str, ledger: Sequence[Charge], warn: Callable[[str], None]) -> Budget | None:
    """What a run with this ledger may still spend, None without a bound."""
    settings = setup.configuration.settings.llm
    caps, of_day = _caps(settings.budget), _caps(settings.daily_budget)
    if not caps.are_set and not of_day.are_set:
        return None
    daily = Daily(of_day, ledger, SpentByOthers(setup.store, run_id)) if of_day.are_set else None
    return Budget(caps, spent_by(ledger), warn, daily=daily)


def _caps(settings: BudgetSettings) -> Caps:
    return Caps(usd=settings.usd, tokens=settings.tokens, calls=settings.calls)


def _server(provider: LLMProvider, block: Node | None) -> str:
    """Where a provider asks: what it says itself, and its settings."""
    return short_digest([getattr(provider, "server", ""), None if block is None else block.plain()])


def _policy(retry: RetrySettings) -> RetryPolicy:
    return RetryPolicy(attempts=retry.attempts, wait=retry.wait, max_wait=retry.max_wait, total=retry.total)


class _Telling:
    """Tells the run's listeners of every attempt, and counts what replies took."""

    def __init__(self, step: str, bus: Bus, log: CallLog) -> None:
        self._step = step
        self._bus = bus
        self._log = log

    def started(self, model: str, task: str) -> None:
        self._log.alive()
        self._bus.emit(CallStarted, step=self._step, model=model, task=task)

    def retried(self, model: str, reason: str, wait: float) -> None:
        self._log.alive()
        self._bus.emit(CallRetried, step=self._step, model=model, reason=reason, wait=wait)

    def failed(self, model: str, reason: str) -> None:
        self._log.alive()
        self._bus.emit(CallFailed, step=self._step, model=model, reason=reason)

    def finished(self, model: str, usage: Usage) -> None:
        self._bus.emit(CallFinished, step=self._step, model=model, usage=usage)

    def counted(self, usage: Usage) -> None:
        self._log.add(usage)

    def answered(self, model: str) -> None:
        self._log.count_answer(model)

    def prompted(self, task: str, digest: str) -> None:
        self._log.prompts[task] = digest


def prompt_now(setup: Setup, planned: PlannedStep, task: str) -> str | None:
    """The digest of a task's prompt as it is now, None when it is gone."""
    return prompt_digest(task, prompt_folders(setup.configuration.prompts, planned.step.fn))


def task_prompts(setup: Setup, steps: Sequence[PlannedStep]) -> Sequence[TaskPrompt]:
    """The prompts beside the modules of these steps, and of the project's own those that stand in for one of them."""
    found: dict[str, TaskPrompt] = {}
    own = setup.configuration.prompts
    for planned in steps:
        if planned.signature.service("llm") is None:
            continue
        shipped = prompts_beside(planned.step.fn)
        tasks = list(tasks_in(shipped))
        # Modules of several steps share a folder; a prompt is named after its step, or a step has it all to itself.
        mine = [planned.name] if planned.name in tasks else tasks
        for task in mine:
            target = own / f"{task}.md"
            path = target if target.is_file() else shipped / f"{task}.md"
            found.setdefault(
                task,
                TaskPrompt(
                    task=task,
                    step=planned.name,
                    prompt=read_prompt(path),
                    shipped=shipped / f"{task}.md",
                    target=target,
                ),
            )
    return list(found.values())
