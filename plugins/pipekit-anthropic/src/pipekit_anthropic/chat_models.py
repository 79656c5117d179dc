"""ChatAnthropic with guarded HTTP clients; it has no argument for them."""

from __future__ import annotations

from functools import cached_property

import anthropic
from langchain_anthropic import ChatAnthropic

from pipekit.interfaces.http_guard import client_options

__all__ = ["GuardedChatAnthropic"]


class GuardedChatAnthropic(ChatAnthropic):
    """Makes the clients that ChatAnthropic would make, over HTTP clients of ours."""

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """False: LangChain could not make it again from what it writes."""
        return False

    @cached_property
    def _client(self) -> anthropic.Client:
        guard = client_options(anthropic.DefaultHttpxClient, asynchronous=False)
        return anthropic.Client(**self._client_params, http_client=anthropic.DefaultHttpxClient(**guard))

    @cached_property
    def _async_client(self) -> anthropic.AsyncClient:
        guard = client_options(anthropic.DefaultAsyncHttpxClient, asynchronous=True)
        return anthropic.AsyncClient(**self._client_params, http_client=anthropic.DefaultAsyncHttpxClient(**guard))
