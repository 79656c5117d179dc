"""ChatOpenAI for servers that aren't OpenAI's."""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI

__all__ = ["GuardedChatOpenAI"]


class GuardedChatOpenAI(ChatOpenAI):
    """``older_protocol`` asks with ``max_tokens``: llama.cpp's server and others ignore ``max_completion_tokens``."""

    older_protocol: bool = False

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """False: LangChain could not make it again from what it writes."""
        return False

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        if self.older_protocol and "max_completion_tokens" in payload:
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        return payload
