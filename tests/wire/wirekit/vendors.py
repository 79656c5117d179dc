"""How each vendor answers on the wire, and the provider that asks it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen
from pipekit_anthropic.provider import AnthropicProvider, AnthropicSettings
from pipekit_ollama.provider import OllamaProvider, OllamaSettings
from pipekit_openai.provider import OpenAIProvider, OpenAISettings

from pipekit.interfaces import LLMProvider
from wirekit.server import Exchange, Received

__all__ = ["ANSWER", "KEY", "SCHEMA", "VENDORS", "Said", "Vendor"]

KEY = "sk-canary-0123456789abcdef"
ANSWER = {"title": "Book an entry time", "points": 3}
SCHEMA: dict[str, Any] = {
    "title": "Estimate",
    "description": "An estimate.",
    "type": "object",
    "properties": {"title": {"type": "string"}, "points": {"type": "integer"}},
    "required": ["title", "points"],
    "additionalProperties": False,
}


@frozen(kw_only=True)
class Said:
    """What a model said: its text, or the arguments of a call; and why it stopped (None: it was done).

    ``tokens`` are those that the server counts, in and out.
    """

    text: str = json.dumps(ANSWER)
    stop: str | None = None
    refusal: str | None = None
    tokens: tuple[int, int] = (11, 7)


@frozen(kw_only=True)
class Vendor:
    """``answer`` sends what a model said in the vendor's form; ``error`` is the body of an error."""

    name: str
    model: str
    methods: Sequence[str]
    make: Callable[[str], LLMProvider]
    answer: Callable[[Exchange, Said], None]
    error: Callable[[str, str], object]
    too_long: tuple[int, str, str]
    listed: object
    wrong_types: Sequence[object]
    stops: Mapping[str, str]

    def __str__(self) -> str:
        return self.name


def _tool(request: Received) -> str | None:
    """The name of the function that a request offers."""
    tools = request.json.get("tools")
    if not tools:
        return None
    name: str = tools[0].get("function", tools[0])["name"]
    return name


def _openai(exchange: Exchange, said: Said) -> None:
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": None}
    tool = _tool(exchange.received)
    if said.refusal is not None:
        message.update(content=None, refusal=said.refusal)
    elif tool is not None:
        call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": said.text}}
        message.update(content=None, tool_calls=[call])
    exchange.send(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "gpt-4.1-mini-2025-04-14",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": said.stop or "stop"}],
            "usage": {
                "prompt_tokens": said.tokens[0],
                "completion_tokens": said.tokens[1],
                "total_tokens": sum(said.tokens),
            },
        }
    )


def _anthropic(exchange: Exchange, said: Said) -> None:
    tool = _tool(exchange.received)
    content: list[dict[str, Any]] = [{"type": "text", "text": said.text}]
    if said.refusal is not None:
        content = []
    elif tool is not None:
        try:
            given = json.loads(said.text)
        except ValueError:
            given = {}  # the service parses the arguments itself, and gives what there is
        content = [{"type": "tool_use", "id": "toolu_1", "name": tool, "input": given}]
    exchange.send(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-6",
            "content": content,
            "stop_reason": said.stop or ("tool_use" if tool else "end_turn"),
            "stop_sequence": None,
            "usage": {"input_tokens": said.tokens[0], "output_tokens": said.tokens[1]},
        }
    )


def _ollama(exchange: Exchange, said: Said) -> None:
    base = {"model": "llama3.2", "created_at": "2026-11-25T10:00:00Z"}
    tool = _tool(exchange.received)
    parts: list[dict[str, Any]]
    if tool is not None:
        try:
            call = {"function": {"name": tool, "arguments": json.loads(said.text)}}
            parts = [{"role": "assistant", "content": "", "tool_calls": [call]}]
        except ValueError:
            parts = [{"role": "assistant", "content": said.text}]
    else:
        half = len(said.text) // 2
        parts = [{"role": "assistant", "content": text} for text in (said.text[:half], said.text[half:])]
    lines: list[object] = [{**base, "message": part, "done": False} for part in parts]
    counts = {"total_duration": 5, "prompt_eval_count": said.tokens[0], "eval_count": said.tokens[1]}
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": said.stop or "stop"}
    lines.append({**base, **end, **counts})
    exchange.send("".join(json.dumps(line) + "\n" for line in lines), content_type="application/x-ndjson")


VENDORS = {
    "openai": Vendor(
        name="openai",
        model="gpt-4.1-mini",
        methods=("json_schema", "function_calling", "json_mode", "text"),
        make=lambda url: OpenAIProvider(OpenAISettings(base_url=f"{url}/v1", api_key_variable="OPENAI_API_KEY")),
        answer=_openai,
        error=lambda message, code: {"error": {"message": message, "type": code, "param": None, "code": code}},
        too_long=(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
        listed={"object": "list", "data": [{"id": "gpt-4o", "object": "model", "created": 1, "owned_by": "openai"}]},
        wrong_types=(
            {"id": "1", "object": "chat.completion", "model": "m", "created": 1, "choices": None},
            {"id": "1", "object": "chat.completion", "model": "m", "created": 1, "choices": [{"index": 0}]},
            {"id": "1", "object": "chat.completion", "model": "m", "created": 1, "choices": [{"message": "hello"}]},
            [1, 2],
            "hello",
            {},
        ),
        stops={"truncated": "length", "filtered": "content_filter"},
    ),
    "anthropic": Vendor(
        name="anthropic",
        model="claude-sonnet-4-6",
        methods=("json_schema", "function_calling", "text"),
        make=lambda url: AnthropicProvider(AnthropicSettings(base_url=url)),
        answer=_anthropic,
        error=lambda message, code: {"type": "error", "error": {"type": code, "message": message}},
        too_long=(400, "prompt is too long: 208310 tokens > 200000 maximum", "invalid_request_error"),
        listed={
            "data": [
                {
                    "type": "model",
                    "id": "claude-next",
                    "display_name": "Claude Next",
                    "created_at": "2026-10-01T00:00:00Z",
                    "lifecycle": "active",
                    "max_input_tokens": 300_000,
                }
            ],
            "has_more": False,
            "first_id": "claude-next",
            "last_id": "claude-next",
        },
        wrong_types=(
            {"id": "1", "type": "message", "role": "assistant", "content": None, "usage": None},
            {"id": "1", "type": "message", "role": "assistant", "content": [{"type": "text", "text": 5}]},
            {"id": "1", "type": "message", "role": "assistant", "content": "hello"},
            [1, 2],
            "hello",
            {},
        ),
        stops={"truncated": "max_tokens", "declined": "refusal"},
    ),
    "ollama": Vendor(
        name="ollama",
        model="llama3.2",
        methods=("json_schema", "function_calling", "json_mode", "text"),
        make=lambda url: OllamaProvider(OllamaSettings(base_url=url)),
        answer=_ollama,
        error=lambda message, code: {"error": message},
        too_long=(400, "the prompt exceeds the available context size", ""),
        listed={"models": [{"model": "llama3.2:latest", "name": "llama3.2:latest"}, {"model": "qwen3:4b"}]},
        wrong_types=(
            {"model": "m", "message": None, "done": True, "done_reason": "stop"},
            {"model": "m", "message": {"role": "assistant", "content": 5}, "done": True, "done_reason": "stop"},
            {"model": "m", "message": "hello", "done": True},
            [1, 2],
            "hello",
            {},
        ),
        stops={"truncated": "length"},
    ),
}
