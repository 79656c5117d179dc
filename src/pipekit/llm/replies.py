"""What came back from a model, as it came: its words, why it stopped, what it took. Never taken for more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from pipekit.interfaces.llm_providers import FailureKind, Method, ModelInfo
from pipekit.llm.costs import usage_of
from pipekit.serde import MisfitError, encode
from pipekit.state.record import Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["CallError", "Reply", "read_message"]

#: What is wrong with an attempt: a failure of the call, an answer that can't be used, or one of the wrong shape.
Kind = FailureKind | Literal["schema"]

_TRUNCATED = frozenset({"length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded"})
_FILTERED = frozenset({"content_filter", "safety", "blocklist", "prohibited_content", "recitation"})
_DECLINED = frozenset({"refusal"})


class CallError(Exception):
    """One attempt at a model that came to nothing; ``retry_after`` is in seconds."""

    def __init__(self, kind: Kind, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.retry_after = retry_after


@frozen(kw_only=True)
class Reply:
    """A model's words, ``model`` as provider/model, and what is wrong with them whatever they say (None: nothing)."""

    text: str
    model: str
    method: Method
    usage: Usage
    problem: FailureKind | None = None


def read_message(message: BaseMessage, *, model: str, method: Method, info: ModelInfo | None = None) -> Reply:
    """A reply from LangChain's message; of a tool call the arguments are the words. ``info`` has the model's prices.

    The reason to stop is looked at before the words: a client hands over a broken answer as readily as a good one.
    """
    about: dict[str, Any] = getattr(message, "response_metadata", None) or {}
    more: dict[str, Any] = getattr(message, "additional_kwargs", None) or {}
    text = _words(message, method)
    return Reply(
        text=text,
        model=model,
        method=method,
        usage=usage_of(getattr(message, "usage_metadata", None), info),
        problem=_problem(about, more, text),
    )


def _words(message: BaseMessage, method: Method) -> str:
    calls = getattr(message, "tool_calls", None) or []
    broken = getattr(message, "invalid_tool_calls", None) or []
    if method == "function_calling" and (calls or broken):
        if len(calls) + len(broken) > 1:
            # Two answers, and nobody can say which was meant: the parser refuses them by the same words.
            return "\n".join([*(_encoded(call["args"]) for call in calls), *(str(call["args"]) for call in broken)])
        return _encoded(calls[0]["args"]) if calls else str(broken[0]["args"] or "")
    return str(message.text)


def _encoded(value: Any) -> str:
    """The JSON of parsed arguments; what is no JSON (NaN, half a letter) is left for the parser to refuse."""
    try:
        return encode(value).decode()
    except MisfitError:
        import json

        return json.dumps(value, default=str)


def _problem(about: dict[str, Any], more: dict[str, Any], text: str) -> FailureKind | None:
    finish = str(about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason") or "").lower()
    if more.get("refusal") or about.get("refusal") or finish in _DECLINED:
        return "declined"
    if finish in _TRUNCATED or about.get("status") == "incomplete":
        return "truncated"
    if finish in _FILTERED:
        return "filtered"
    return "empty" if not text.strip() else None
