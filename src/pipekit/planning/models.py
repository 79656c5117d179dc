"""Which model each step gets, and whether it can be had."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from attrs import frozen

from pipekit.config.configuration import Configuration
from pipekit.config.origin import DEFAULT
from pipekit.config.references import ModelChoice
from pipekit.config.steps import ResolvedStep
from pipekit.errors import PipekitError, ProviderError, UsageError
from pipekit.llm.metering import unpriced
from pipekit.planning.members import Member
from pipekit.planning.plan import Reason

__all__ = ["ChosenModel", "choose", "price_warnings", "provider_faults", "unpriced_faults"]

OFFLINE = "offline"


@frozen
class ChosenModel:
    """The model reference of a step, why, and whether its offline rule stands in."""

    reference: str | None
    reason: Reason | None = None
    uses_offline_rule: bool = False


def choose(
    member: Member, block: ResolvedStep | None, configuration: Configuration
) -> tuple[ChosenModel, list[PipekitError]]:
    """The model of a step: the one given for all, else the step's own, else the default.

    What a workflow's author sets for one of its steps is a default, too: the user's own `llm.model` goes before it.
    """
    if member.signature.service("llm") is None:
        return ChosenModel(None), []
    default, own = configuration.model, block.model if block else None
    if own is not None and _is_authors(own) and default is not None and not _is_authors(default):
        own = None
    choice = configuration.model_for_all or own or default
    if choice is None:
        return ChosenModel(None), []  # the configuration's own fault says what is wrong
    reference = str(choice.reference)
    why = "no model configured" if choice.origin == DEFAULT else "set"
    chosen = ChosenModel(reference, Reason(why, "" if why != "set" else str(choice.origin)))
    if reference != OFFLINE:
        return chosen, []
    if member.step.offline is not None:
        return ChosenModel(reference, chosen.reason, uses_offline_rule=True), []
    fault = UsageError(
        f"the step {member.name} needs a model and has no offline rule",
        kind="no-offline-rule",
        step=member.name,
        hint=f"leave it out with --skip {member.name}, or give a model with --model provider/model",
    )
    return chosen, [fault]


def _is_authors(choice: ModelChoice) -> bool:
    """Whether a model is nobody's explicit wish: a workflow's default, or ours."""
    return choice.origin.layer == "default"


def provider_faults(
    references: Mapping[str, str], secrets_of: Callable[[str], Sequence[str]], environ: Mapping[str, str]
) -> list[PipekitError]:
    """What is wrong with the providers of these models (reference → place where it was chosen).

    ``secrets_of`` gives the environment variables that a provider needs, and raises `PluginError` when no installed
    plugin brings it.
    """
    faults: list[PipekitError] = []
    seen: set[str] = set()
    for reference, place in references.items():
        provider = reference.partition("/")[0]
        if provider in seen:
            continue
        seen.add(provider)
        try:
            needed = secrets_of(provider)
        except PipekitError as error:
            error.where = error.where or place
            faults.append(error)
            continue
        faults.extend(
            ProviderError(
                f"the model {reference} needs a key, and {variable} is not set",
                kind="auth",
                provider=provider,
                variable=variable,
                where=place,
                hint=f"export {variable}=… and check it with pipekit doctor, or run with --model offline",
            )
            for variable in needed
            if not environ.get(variable)
        )
    return faults


def price_warnings(references: Collection[str], is_priced: Callable[[str], bool]) -> list[str]:
    """A warning for each of these models that cheapest-first asks last, since nobody knows what it costs."""
    return [
        f"nobody knows what {reference} costs, so cheapest-first asks it after the models with a price; "
        f"llm.models.{reference} takes inputPrice and outputPrice"
        for reference in references
        if not is_priced(reference)
    ]


def unpriced_faults(references: Collection[str], is_priced: Callable[[str], bool], place: str) -> list[PipekitError]:
    """A fault for each of these models that nobody knows the price of, where a budget of money is set at ``place``."""
    return [unpriced(reference, place) for reference in references if not is_priced(reference)]
