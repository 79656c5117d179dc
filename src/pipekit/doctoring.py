"""Whether the configured models can be asked, found out by asking each one thing; and which models can be had."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from pipekit.asking import Models
from pipekit.errors import PipekitError
from pipekit.interfaces.llm_providers import Method, ModelInfo
from pipekit.llm.abilities import Abilities, Learnt, abilities_file
from pipekit.llm.calling import call_model
from pipekit.llm.candidates import Candidate
from pipekit.llm.giving_up import given_up
from pipekit.llm.replies import CallError
from pipekit.llm.schema import schema_of
from pipekit.llm.structured import parse_answer
from pipekit.llm.windows import find_window
from pipekit.planning.plan import Plan
from pipekit.preparing import Setup
from pipekit.secrecy import mask
from pipekit.serde import MisfitError

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["ModelCheck", "ProviderModels", "check_models", "list_models"]

#: Seconds that one tiny call may take; a model that has to be loaded first takes a while.
_PATIENCE = 60.0
_METHODS: tuple[Method, ...] = ("json_schema", "function_calling", "json_mode", "text")


@frozen
class Ready:
    """The answer to a question that only asks whether one can be asked."""

    is_ready: bool


@frozen(kw_only=True)
class ModelCheck:
    """What came of asking one model. ``used_by`` names steps, or says that it is a fallback; ``seconds`` is one call.

    ``method`` is the way to a shaped answer that works, None where none does; ``problem`` says why it can't be used.
    """

    model: str
    used_by: tuple[str, ...]
    method: Method | None = None
    window: int | None = None
    seconds: float | None = None
    problem: str | None = None
    kind: str | None = None
    hint: str = ""

    @property
    def is_good(self) -> bool:
        """Whether runs can use it."""
        return self.problem is None


@frozen(kw_only=True)
class ProviderModels:
    """The models that a provider can be asked for now, or why it doesn't say: ``kind`` is that of its error."""

    provider: str
    models: tuple[ModelInfo, ...] = ()
    problem: str | None = None
    kind: str | None = None


def check_models(setup: Setup, plan: Plan) -> Sequence[ModelCheck]:
    """Ask every model that the plan's steps would use, fallbacks included, and keep what was learnt of them."""
    used: dict[str, list[str]] = {}
    for planned in plan.steps:
        if planned.model and not planned.uses_offline_rule and planned.decision != "skip":
            used.setdefault(planned.model, []).append(planned.name)
    for choice in setup.configuration.fallback if used else ():
        used.setdefault(str(choice.reference), []).append("fallback")
    used = {name: by for name, by in used.items() if name.partition("/")[0] not in ("offline", "replay")}
    models = Models(setup)
    try:
        found = asyncio.run(_check_all(models, used))
    finally:
        models.close()
    _keep(found, models)
    return found


async def _check_all(models: Models, used: dict[str, list[str]]) -> list[ModelCheck]:
    return list(await asyncio.gather(*(_check(models, name, tuple(by)) for name, by in used.items())))


async def _check(models: Models, reference: str, used_by: tuple[str, ...]) -> ModelCheck:
    check = ModelCheck(model=reference, used_by=used_by)
    try:
        candidate = models.candidate(reference)
        await find_window(candidate)
        known = candidate.info.methods
        check = evolve(check, window=candidate.info.window)
        misfit = "it gives no answer of a given shape"
        for method in (*known, *(one for one in _METHODS if one not in known)):
            start = time.monotonic()
            try:
                if await _answers(models, candidate, method):
                    return evolve(check, method=method, seconds=time.monotonic() - start)
            except CallError as error:
                # A server that doesn't know a way says so in many words; the next way may do.
                if error.kind not in ("refused", "server", "empty", "truncated", "declined"):
                    raise
                misfit = error.message
        return evolve(
            check, problem=misfit, kind="schema", hint="choose another model; this one can answer in plain text only"
        )
    except CallError as error:
        told = given_up("a tiny question", [(candidate, error)])
        return evolve(check, problem=told.message, kind=error.kind, hint=told.hint)
    except PipekitError as error:
        return evolve(check, problem=error.message, kind=error.kind, hint=error.hint)


async def _answers(models: Models, candidate: Candidate, method: Method) -> bool:
    from langchain_core.messages import HumanMessage

    schema = schema_of(Ready)
    words = 'Are you ready? Answer with the JSON object {"isReady": true} and nothing else.'
    messages: list[BaseMessage] = [HumanMessage(words)]
    one = evolve(candidate, info=evolve(candidate.info, methods=(method,)))
    options = evolve(models.options, timeout=min(models.options.timeout or _PATIENCE, _PATIENCE), max_tokens=256)
    reply = await call_model(one, messages, schema, options)
    if reply.problem is not None:
        raise CallError(reply.problem, f"its answer was {reply.problem}")
    try:
        parse_answer(reply.text, Ready)
    except MisfitError:
        return False
    return True


def _keep(found: Sequence[ModelCheck], models: Models) -> None:
    path = abilities_file()
    before = Abilities.read(path)
    learnt = dict(before.learnt)
    for check in found:
        if check.method is not None:
            server = models.candidate(check.model).server
            learnt[check.model] = Learnt(methods=(check.method,), window=check.window, server=server)
    if learnt != dict(before.learnt):
        try:
            Abilities(learnt).write(path)
        except OSError:
            return  # what was learnt serves this answer only


def list_models(setup: Setup, provider: str | None) -> Sequence[ProviderModels]:
    """The models that can be had now, by provider; one that doesn't answer leaves the others."""
    names = [provider] if provider else sorted(setup.registry.names("pipekit_llm_providers"))
    found: list[ProviderModels] = []
    for name in names:
        try:
            maker = setup.installation.provider(name)
        except PipekitError as error:
            if provider:
                raise
            found.append(ProviderModels(provider=name, problem=error.message))
            continue
        try:
            found.append(ProviderModels(provider=name, models=tuple(maker.models())))
        except PipekitError as error:
            found.append(ProviderModels(provider=name, problem=error.message, kind=error.kind))
        except Exception as error:  # noqa: BLE001 - one provider's trouble is told, and leaves the others
            failure = maker.failure(error)
            problem = failure.message if failure else f"{type(error).__name__}: {error}"
            kind = failure.kind if failure else "server"
            found.append(ProviderModels(provider=name, problem=mask(problem), kind=kind))  # a server may repeat any key
    return found
