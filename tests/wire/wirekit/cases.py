"""The ways in which a server goes wrong, each as what it does with one request."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from wirekit.server import Exchange
from wirekit.vendors import KEY, Vendor

__all__ = ["CASES", "FIFTY_MEGABYTES", "Case"]

FIFTY_MEGABYTES = 50_000_000
_PAGE = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
Case = Callable[[Vendor, Exchange], None]


def _status(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> Case:
    return lambda vendor, exchange: exchange.send(vendor.error(message, code), status, headers)


def _too_long(vendor: Vendor, exchange: Exchange) -> None:
    status, message, code = vendor.too_long
    exchange.send(vendor.error(message, code), status)


def _rate_until(vendor: Vendor, exchange: Exchange) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    exchange.send(vendor.error("slow down", "rate_limit_error"), 429, {"retry-after": later})


def _silence(vendor: Vendor, exchange: Exchange) -> None:
    exchange.server.wire.ending.wait(20)
    exchange.hang_up()


def _drip(vendor: Vendor, exchange: Exchange) -> None:
    exchange.begin(200, {"content-type": "application/json", "content-length": "100000"})
    while not exchange.server.wire.ending.wait(0.05):
        exchange.wfile.write(b" ")
        exchange.wfile.flush()


def _hang_up(vendor: Vendor, exchange: Exchange) -> None:
    exchange.hang_up()


def _half(vendor: Vendor, exchange: Exchange) -> None:
    exchange.begin(200, {"content-type": "application/json", "content-length": "1000"})
    exchange.wfile.write(b'{"id": "1", "model": "m", ')
    exchange.hang_up()


def _page(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send(_PAGE, content_type="text/html; charset=utf-8")


def _page_as_json(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send(_PAGE)


def _page_as_error(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send(_PAGE, 502, content_type="text/html")


def _broken_json(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send('{"id": "1", "choices": [}')


def _empty_body(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send("")


def _not_utf8(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send(b'{"id": "\xff\xfe"}')


def _large(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send(json.dumps({"id": "x" * FIFTY_MEGABYTES}))


def _large_in_chunks(vendor: Vendor, exchange: Exchange) -> None:
    exchange.begin(200, {"content-type": "application/json", "transfer-encoding": "chunked"})
    for _ in range(50):
        exchange.wfile.write(b"f4240\r\n" + b" " * 1_000_000 + b"\r\n")
    exchange.wfile.write(b"0\r\n\r\n")


def _bomb(vendor: Vendor, exchange: Exchange) -> None:
    packed = gzip.compress(b'{"id": "' + b"x" * FIFTY_MEGABYTES + b'"}', 6)
    exchange.send(packed, headers={"content-encoding": "gzip"})


def _other_packing(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send(zlib.compress(b"{}"), headers={"content-encoding": "deflate"})


def _damaged_packing(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send(b"no gzip at all", headers={"content-encoding": "gzip"})


def _half_packed(vendor: Vendor, exchange: Exchange) -> None:
    exchange.send(gzip.compress(b'{"id": "' + bytes(range(32, 90)) * 20)[:-30], headers={"content-encoding": "gzip"})


CASES: Mapping[str, Case] = {
    "wrong key": _status(401, f"Incorrect API key provided: {KEY}", "authentication_error"),
    "forbidden": _status(403, "your key may not use this model", "permission_error"),
    "no credit (402)": _status(402, "pay first", "billing_error"),
    "no credit (429)": _status(429, "You exceeded your current quota", "insufficient_quota"),
    "unknown model": _status(404, "model 'llama3.2' not found", "not_found_error"),
    "bad request": _status(400, "messages: at least one is needed", "invalid_request_error"),
    "unprocessable": _status(422, "no such field", "invalid_request_error"),
    "too long": _too_long,
    "too large (413)": _status(413, "request exceeds the maximum size", "request_too_large"),
    "429, seconds": _status(429, "slow down", "rate_limit_error", {"retry-after": "7"}),
    "429, milliseconds": _status(429, "slow down", "rate_limit_error", {"retry-after-ms": "1500"}),
    "429, date": _rate_until,
    "429, nothing": _status(429, "slow down", "rate_limit_error"),
    "500": _status(500, "oops", "api_error"),
    "503, seconds": _status(503, "in a minute", "api_error", {"retry-after": "60"}),
    "529 overloaded": _status(529, "Overloaded", "overloaded_error"),
    "502, a page": _page_as_error,
    "silence": _silence,
    "slow drip": _drip,
    "hangs up at once": _hang_up,
    "hangs up in the middle": _half,
    "200, a page": _page,
    "200, a page as JSON": _page_as_json,
    "200, broken JSON": _broken_json,
    "200, nothing": _empty_body,
    "200, not UTF-8": _not_utf8,
    "50 MB": _large,
    "50 MB in chunks": _large_in_chunks,
    "gzip bomb": _bomb,
    "deflate, unasked": _other_packing,
    "gzip that is none": _damaged_packing,
    "half a gzip": _half_packed,
}
