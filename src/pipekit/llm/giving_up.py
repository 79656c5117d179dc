"""When no model gave an answer: one error that says of each what happened, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from pipekit.errors import PipekitError, ProviderError, StepError
from pipekit.llm.candidates import Candidate
from pipekit.llm.replies import CallError

__all__ = ["given_up", "tell_those_before"]

#: Failures of an answer: the model was there. All others are failures to reach it.
_OF_ANSWERS = frozenset({"schema", "truncated", "declined", "filtered", "empty"})
_HINTS = {
    "timeout": "try again later, or give it longer with llm.timeout",
    "connection": "see that the server runs and can be reached; --model offline works without any",
    "rate": "go on later, or name another model under llm.fallback",
    "quota": "see to the account's credit, or name another model under llm.fallback",
    "server": "go on later, or name another model under llm.fallback",
    "refused": "see what the server says of the request, or choose another model",
    "not-found": "pipekit models lists what can be had",
    "too-long": "choose a model with a larger window, or name one under llm.fallback",
    "truncated": "allow longer answers with llm.maxTokens, or choose another model",
    "declined": "choose another model, or change the prompt",
    "filtered": "choose another model, or change the prompt",
    "empty": "try again, or choose another model",
    "schema": "try again, or choose another model; the model's words are kept with the run",
}


def given_up(task: str, failures: Sequence[tuple[Candidate, CallError]]) -> PipekitError:
    """`StepError` when a model answered and the answer was of no use, else `ProviderError`."""
    candidate, last = failures[-1]
    text = f"no answer to {task}: {_listed(failures)}"
    answered = [error for _, error in failures if error.kind in _OF_ANSWERS]
    if last.kind == "auth":
        variable = next(iter(candidate.provider.secrets), None)
        if variable:
            said, hint = f"refused the key ({variable})", f"set {variable} to a valid key"
        else:
            setting = f"llm.providers.{candidate.provider_name}.apiKeyVariable"
            said, hint = "wants a key, and none was sent", f"name the variable that holds one under {setting}"
        return ProviderError(
            f"{candidate.reference} {said}: {last.message}",
            kind="auth",
            provider=candidate.provider_name,
            variable=variable,
            hint=f"{hint}, and check it with pipekit doctor",
        )
    if answered:
        error = answered[-1]
        return StepError(text, kind=error.kind, attempts=len(failures), hint=_HINTS[error.kind])
    return ProviderError(text, kind=last.kind, provider=candidate.provider_name, hint=_HINTS[last.kind])


def tell_those_before(error: PipekitError, failures: Sequence[tuple[Candidate, CallError]]) -> None:
    """Say in the error what happened to the models that were asked before: it would not have come otherwise."""
    if failures:
        error.hint = f"{error.hint}; asked before it: {_listed(failures)}"


def _listed(failures: Sequence[tuple[Candidate, CallError]]) -> str:
    return "; ".join(f"{one.reference}: {_told(error)}" for one, error in failures)


def _told(error: CallError) -> str:
    """What was wrong, and how long a server wants to be left alone when that is longer than anybody waits here."""
    wait = error.retry_after or 0.0
    return f"{error.message}; it asks to wait {wait / 60:.0f} minutes" if wait > 90 else error.message
