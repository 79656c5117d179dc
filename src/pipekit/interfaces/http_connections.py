"""Connections that outlive a call: those of one run, on its own event loop, closed when it ends.

Opening one takes a client as long as all else in a call, and to a server far away several journeys. But a connection
belongs to the loop that opened it, and a client is used by whatever loop comes by; so only calls inside of
`keeping_connections` share any, and every other call has its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

__all__ = ["keeping_connections", "keeping_transport"]

#: Seconds that a connection may rest. Servers close resting ones, many after five: what is sent just then is lost.
_REST = 3.0
_PROXIED = ("http", "https", "all")


class _Connections:
    """The connections of a run, by the transport that opened them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pools: dict[Any, Any] = {}
        self._is_over = False

    def pool(self, transport: Any) -> Any:
        """The transport's own pool, None where none may be used: on another loop, or when the run is over."""
        if self._is_over or asyncio.get_running_loop() is not self._loop:
            return None
        if transport not in self._pools:
            self._pools[transport] = transport.new_pool(None)
        return self._pools[transport]

    async def close(self) -> None:
        self._is_over = True
        while self._pools:
            _, pool = self._pools.popitem()
            with contextlib.suppress(Exception):  # a line that broke while it was closed is closed, too
                await pool.aclose()


_kept: ContextVar[_Connections | None] = ContextVar("pipekit_connections", default=None)


@contextlib.asynccontextmanager
async def keeping_connections() -> AsyncIterator[None]:
    """Calls that are made inside, on this loop, may use the connections of earlier ones; at the end all are closed."""
    connections = _Connections()
    before = _kept.set(connections)
    try:
        yield
    finally:
        _kept.reset(before)
        await connections.close()


def keeping_transport(library: Any, verify: Any) -> Any:
    """What an asynchronous client of this library sends its requests with; None where proxies are in between.

    A client that is given a transport asks no proxy of the environment.
    """
    from urllib.request import getproxies  # only here: every run loads this module, and most ask no server

    if any(name in _PROXIED for name in getproxies()):
        return None
    return _keeping(library)(verify)


@functools.cache
def _keeping(library: Any) -> Any:
    """The class for a library's clients."""

    class KeepingTransport(library.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self, verify: Any) -> None:
            self._verify = verify
            self._alone = self.new_pool(0)

        def new_pool(self, resting: int | None) -> Any:
            limits = library.Limits(max_connections=None, max_keepalive_connections=resting, keepalive_expiry=_REST)
            return library.AsyncHTTPTransport(verify=self._verify, limits=limits, socket_options=_socket_options())

        async def handle_async_request(self, request: Any) -> Any:
            connections = _kept.get()
            pool = None if connections is None else connections.pool(self)
            return await (pool or self._alone).handle_async_request(request)

        async def aclose(self) -> None:
            await self._alone.aclose()

    return KeepingTransport


def _socket_options() -> list[tuple[int, int, int]]:
    """A sign of life each minute: a long answer says nothing until it comes, and routers forget a silent line."""
    names = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
    options = [(socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in names if hasattr(socket, name)]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *options]
