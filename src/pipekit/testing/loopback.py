"""A real HTTP server on loopback: it keeps what it was sent, and does what it is told."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field, frozen

__all__ = ["Exchange", "Received", "WireServer", "serving"]


@frozen
class Received:
    """One request; the names of its headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


class Exchange(BaseHTTPRequestHandler):
    """One request and its answer; a behaviour calls `send`, or writes to the line itself."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, *arguments: Any) -> None:
        """Say nothing of each request."""

    def do_GET(self) -> None:
        """As http.server names it."""
        self._exchange()

    def do_POST(self) -> None:
        """As http.server names it."""
        self._exchange()

    def _exchange(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.received = Received(
            self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body
        )
        wire: WireServer = self.server.wire
        wire.received.append(self.received)
        try:
            wire.behave(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def send(
        self,
        content: bytes | str | object,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> None:
        """A whole answer; what is neither bytes nor text is sent as JSON."""
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode()
        self.begin(status, {"content-type": content_type, "content-length": str(len(content)), **(headers or {})})
        self.wfile.write(content)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The status and the headers alone."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def hang_up(self) -> None:
        """Close the line, whatever was promised."""
        self.close_connection = True


@define
class WireServer:
    """``behave`` answers every request; ``ending`` is set when the test is over, for those who wait."""

    url: str
    behave: Callable[[Exchange], None]
    received: list[Received] = field(factory=list)
    ending: threading.Event = field(factory=threading.Event)

    @property
    def last(self) -> Received:
        """The newest request."""
        return self.received[-1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    wire: WireServer


@contextlib.contextmanager
def serving(behave: Callable[[Exchange], None]) -> Iterator[WireServer]:
    """A server, ended with the block."""
    server = _Server(("127.0.0.1", 0), Exchange)
    server.wire = WireServer(f"http://127.0.0.1:{server.server_address[1]}", behave)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.wire
    finally:
        server.wire.ending.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
