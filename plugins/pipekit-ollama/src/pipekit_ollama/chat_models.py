"""ChatOllama that takes an answer without an end for what it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from langchain_ollama import ChatOllama

from pipekit.interfaces.http_guard import UnusableAnswerError

if TYPE_CHECKING:
    from langchain_core.outputs import ChatGenerationChunk

__all__ = ["GuardedChatOllama"]


class GuardedChatOllama(ChatOllama):
    """Raises when the server stops in the middle; ChatOllama hands over the half as a good answer."""

    async def _aiterate_over_stream(self, *arguments: Any, **more: Any) -> AsyncIterator[ChatGenerationChunk]:
        done = False
        async for chunk in super()._aiterate_over_stream(*arguments, **more):
            done = done or _is_last(chunk)
            yield chunk
        if not done:
            raise _broken_off()

    def _iterate_over_stream(self, *arguments: Any, **more: Any) -> Iterator[ChatGenerationChunk]:
        done = False
        for chunk in super()._iterate_over_stream(*arguments, **more):
            done = done or _is_last(chunk)
            yield chunk
        if not done:
            raise _broken_off()


def _is_last(chunk: ChatGenerationChunk) -> bool:
    return bool((chunk.generation_info or {}).get("done"))


def _broken_off() -> UnusableAnswerError:
    return UnusableAnswerError("connection", "the answer breaks off")
