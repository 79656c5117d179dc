"""What a client may take from a server: bounded JSON from the one it asked, in bounded time; and its errors in words.

The clients follow redirects with the whole prompt, and read whatever comes, a compressed bomb included. The guards are
event hooks of their HTTP library and not a transport, so that they hold with the environment's proxies, too. The
clients use httpx or httpx2, which are alike; an answer tells by its own class which it is, and neither is imported
here: the client that is guarded has loaded its own.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import sys
import time
import traceback
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from pipekit.interfaces.http_connections import keeping_transport
from pipekit.interfaces.http_failures import http_failure
from pipekit.interfaces.llm_providers import FailureKind, ProviderFailure

__all__ = [
    "MOST_BYTES",
    "UnusableAnswerError",
    "causes",
    "client_options",
    "hidden",
    "http_cause",
    "misread",
    "model_names",
    "reading",
    "status_failure",
]

#: No answer that is of use is longer, decoded.
MOST_BYTES = 10_000_000


class UnusableAnswerError(Exception):
    """An answer that is not read, or not to its end."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message


def client_options(client: type, *, asynchronous: bool) -> dict[str, Any]:
    """Arguments for an HTTP client of this class: guarded, and no connection that outlives a call or its run.

    A model outlives event loops (each run has its own), and a connection that is kept for later doesn't. Only an
    asynchronous client keeps some, inside of `keeping_connections`.
    """
    library = next(sys.modules[root] for cls in client.__mro__ if (root := _root(cls)) in ("httpx", "httpx2"))
    transport = keeping_transport(library, _certificates(library)) if asynchronous else None
    return {
        **({} if transport is None else {"transport": transport}),
        "follow_redirects": False,
        "limits": library.Limits(max_connections=None, max_keepalive_connections=0),
        "event_hooks": _hooks(asynchronous=asynchronous),
        "verify": _certificates(library),
    }


@functools.cache
def _certificates(library: Any) -> Any:
    """What a client trusts by default; read once, since that takes longer than all else in making a client."""
    return library.create_ssl_context()


def _root(cls: type) -> str:
    """The name of the library that a class is from."""
    return cls.__module__.partition(".")[0]


def _hooks(*, asynchronous: bool) -> dict[str, list[Any]]:
    if not asynchronous:
        return {"request": [_prepare], "response": [_guard]}

    async def prepare(request: Any) -> None:
        _prepare(request)

    async def guard(response: Any) -> None:
        _guard(response)

    return {"request": [prepare], "response": [guard]}


def _prepare(request: Any) -> None:
    request.headers["accept-encoding"] = "gzip"


def _guard(response: Any) -> None:
    """Refuse an answer by its headers, or bound what is read of it."""
    headers = response.headers
    if 300 <= response.status_code < 400:
        raise UnusableAnswerError(
            "refused",
            f"the server answered {response.status_code} and points elsewhere; redirects are not followed, so that a "
            "prompt goes nowhere but to base_url: set that to the new address if it is right",
        )
    if response.status_code < 300 and "html" in headers.get("content-type", ""):
        raise UnusableAnswerError("server", "the server answered with a web page, not with JSON; is base_url right?")
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnusableAnswerError("server", "the server packed its answer in a way that it wasn't asked for")
    if re.fullmatch(rf"\d{{{len(str(MOST_BYTES)) + 1},}}", headers.get("content-length", "")):
        raise _too_large()
    for name in ("content-encoding", "content-length"):
        headers.pop(name, None)
    library = sys.modules[_root(type(response))]
    patience = (response.request.extensions.get("timeout") or {}).get("read")
    response.stream = _bounded_stream(library)(response.stream, encoding != "identity", patience, response.request)


def _too_large() -> UnusableAnswerError:
    return UnusableAnswerError("server", f"the answer is larger than {MOST_BYTES // 1_000_000} MB")


class _Reading:
    """One answer's bytes as they come: unpacked, counted and timed."""

    def __init__(self, packed: bool, patience: float | None, late: Any) -> None:
        self._unpacker = zlib.decompressobj(31) if packed else None
        self._left = MOST_BYTES
        self._end = None if patience is None else time.monotonic() + patience
        self._late = late

    def take(self, chunk: bytes) -> bytes:
        """The bytes in a chunk; raises when there are too many, or when they come too slowly."""
        if self._end is not None and time.monotonic() > self._end:
            raise self._late()
        if self._unpacker is not None:
            try:
                chunk = self._unpacker.decompress(chunk, self._left + 1)
            except zlib.error as error:
                raise UnusableAnswerError(
                    "server", "the answer is damaged: what is packed can't be unpacked"
                ) from error
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large()
        return chunk

    def finish(self) -> None:
        """Raises when what is packed has no end."""
        if self._unpacker is not None and not self._unpacker.eof:
            raise UnusableAnswerError("connection", "the answer breaks off")


@functools.cache
def _bounded_stream(library: Any) -> Any:
    """The class for a library's streams, sync and async in one."""

    class BoundedStream(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, inner: Any, packed: bool, patience: float | None, request: Any) -> None:
            self._inner = inner
            self._reading = _Reading(
                packed, patience, lambda: library.ReadTimeout("the answer took too long to come", request=request)
            )

        def __iter__(self) -> Iterator[bytes]:
            for chunk in self._inner:
                yield self._reading.take(chunk)
            self._reading.finish()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in self._inner:
                yield self._reading.take(chunk)
            self._reading.finish()

        def close(self) -> None:
            self._inner.close()

        async def aclose(self) -> None:
            await self._inner.aclose()

    return BoundedStream


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from, outermost first."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def http_cause(error: Exception) -> ProviderFailure | None:
    """The failure of the connection that an error came from: an answer refused, a time limit, a broken line."""
    for one in causes(error):
        if isinstance(one, UnusableAnswerError):
            return ProviderFailure(kind=one.kind, message=one.message)
    for one in causes(error):
        if _root(type(one)) not in ("httpx", "httpx2"):
            continue
        library: Any = sys.modules[_root(type(one))]
        if isinstance(one, library.TimeoutException):
            return ProviderFailure(kind="timeout", message="the server didn't answer in time")
        if isinstance(one, library.ConnectError):
            return ProviderFailure(kind="connection", message="the server can't be reached")
        if isinstance(one, library.TransportError):
            return ProviderFailure(kind="connection", message="the connection broke off")
        if isinstance(one, library.DecodingError):
            return ProviderFailure(kind="server", message="the answer is damaged")
    return None


#: What clients raise when an answer isn't of the form they read; the errors of json and pydantic are among them.
_MISREADINGS = (ValueError, TypeError, KeyError, AttributeError, IndexError)
#: No model's name is longer, in characters.
_LONGEST_NAME = 300
_READING = frozenset({"_generate", "_agenerate", "_stream", "_astream"})
_WRITING = frozenset({"_get_request_payload", "_chat_params"})


def misread(error: Exception, package: str) -> ProviderFailure | None:
    """The failure behind a plain error raised in LangChain's ``package`` while it read an answer, else None."""
    if not isinstance(error, _MISREADINGS):
        return None
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    names = {frame.f_code.co_name for frame in frames if frame.f_globals.get("__name__", "").startswith(package)}
    if not names & _READING or names & _WRITING:
        return None
    return ProviderFailure(
        kind="server", message=f"the answer isn't of the form the client reads ({type(error).__name__})"
    )


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Take a plain error that reading ``what`` raises for an answer of another form."""
    try:
        yield
    except (*_MISREADINGS, RecursionError) as error:
        told = f"{what} isn't of the form the client reads ({type(error).__name__})"
        raise UnusableAnswerError("server", told) from error


def model_names(found: Iterable[object]) -> list[str]:
    """The names in a list of models, each once; a plain error for a list that holds something else."""
    names: dict[str, None] = {}
    for name in found:
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ValueError("a model without a name that can be shown")
        names[name] = None
    return list(names)


def status_failure(status: int, headers: Mapping[str, str], text: str, *secrets: str) -> ProviderFailure:
    """The failure behind an answer with an error's status, in the server's own words without the secrets."""
    return http_failure(status, headers, hidden(_said(text), *secrets))


def hidden(text: str, *secrets: str) -> str:
    """The text without the secrets: some servers repeat the key that they refuse."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


def _said(text: str) -> str:
    """What an error's body says: its message with its code, a page's title, or the text."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        title = re.search(r"<title>(.{1,200}?)</title>", text, re.IGNORECASE | re.DOTALL)
        return title.group(1) if title else "" if text.lstrip().startswith("<") else text
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return str(error)
    words = next((str(error[key]) for key in ("message", "detail") if error.get(key)), "")
    codes = dict.fromkeys(error[key] for key in ("type", "code") if isinstance(error.get(key), str))
    return f"{words} ({', '.join(codes)})" if codes else words or text
