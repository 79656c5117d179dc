"""What every provider must do: say of every error what it means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from pipekit.interfaces import LLMProvider
from pipekit.interfaces.llm_providers import FailureKind
from pipekit.testing.contracts.asking import ask_now, candidate_of
from pipekit.testing.contracts.provider_tests import ProviderTests
from pipekit.testing.loopback import Exchange, serving
from pipekit.testing.vendors import Trouble, VendorServer

__all__ = ["FailureTests"]


class FailureTests(ProviderTests):
    """``failure``, and a client that does nothing behind the back of the model service."""

    @pytest.mark.parametrize(
        ("status", "kind"), [(400, "refused"), (401, "auth"), (404, "not-found"), (429, "rate"), (500, "server")]
    )
    def test_an_error_of_the_server_has_its_kind(
        self, provider: LLMProvider, server: VendorServer | None, status: int, kind: FailureKind
    ) -> None:
        """The kind decides whether it is tried again, and whether the next model is asked."""
        asked = self._asked(server)
        if kind == "not-found":
            self._needs("not-found")
        asked.will(Trouble(status=status, message="no such thing"))
        outcome = ask_now(candidate_of(provider, self.model))
        assert outcome.problem == kind
        assert outcome.message.strip(), "a failure says what is wrong"

    @pytest.mark.parametrize("status", [429, 500])
    def test_the_client_tries_nothing_again(
        self, provider: LLMProvider, server: VendorServer | None, status: int
    ) -> None:
        """The model service owns all retries; a client's own would multiply them, and wait in silence."""
        asked = self._asked(server)
        asked.will(Trouble(status=status, headers={"retry-after": "0"}))
        ask_now(candidate_of(provider, self.model))
        assert len(asked.questions) == 1, "the client's own retries are on"

    @pytest.mark.parametrize("method", ["first", "text"])
    def test_how_long_the_server_asks_to_wait(
        self, provider: LLMProvider, server: VendorServer | None, method: str
    ) -> None:
        """The seconds of Retry-After."""
        asked = self._asked(server)
        self._needs("retry-after")
        asked.will(Trouble(status=429, message="slow down", headers={"retry-after": "7"}))
        outcome = ask_now(candidate_of(provider, self.model, "text" if method == "text" else None))
        assert outcome.retry_after == pytest.approx(7.0)

    @pytest.mark.parametrize("words", ["soon", "-5", "inf", "1e400", ""])
    def test_a_wait_that_makes_no_sense_is_none(
        self, provider: LLMProvider, server: VendorServer | None, words: str
    ) -> None:
        """Whatever a server writes there, the failure is known and the wait a number."""
        asked = self._asked(server)
        asked.will(Trouble(status=429, message="slow down", headers={"retry-after": words}))
        outcome = ask_now(candidate_of(provider, self.model))
        assert outcome.problem == "rate"
        wait = outcome.retry_after
        assert wait is None or (math.isfinite(wait) and wait >= 0)

    def test_a_prompt_that_does_not_fit_is_told(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Another model may have room for it."""
        asked = self._asked(server)
        self._needs("too-long")
        asked.will(asked.too_long)
        assert ask_now(candidate_of(provider, self.model)).problem == "too-long"

    def test_a_line_that_breaks_is_a_failure(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Before an answer and in its middle: one that may be gone a moment later."""
        asked = self._asked(server)
        for behaviour in (_hang_up, _half):
            asked.will(behaviour)
            assert ask_now(candidate_of(provider, self.model)).problem in ("connection", "server", "timeout")

    @pytest.mark.parametrize("body", ["", "{}", "[1, 2]", '"hello"', '{"a": ', "<html>502</html>", "\ufffd"])
    def test_an_answer_that_nobody_can_read_is_no_success(
        self, provider: LLMProvider, server: VendorServer | None, body: str
    ) -> None:
        """Servers and what stands before them say 200 to anything; it is a failure of theirs, not of the provider."""
        asked = self._asked(server)
        asked.will(lambda exchange: exchange.send(body))
        outcome = ask_now(candidate_of(provider, self.model, "text"))
        assert outcome.problem in ("server", "connection", "empty"), f"taken for {outcome}"

    def test_no_prompt_follows_a_redirect(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """A prompt holds what people said in a meeting: it goes to the server that was configured, and to no other."""
        asked = self._asked(server)
        with serving(lambda exchange: exchange.send({})) as stranger:
            for status in (302, 307, 308):
                headers = {"location": stranger.url + "/elsewhere"}
                asked.will(_redirect(status, headers))
                outcome = ask_now(candidate_of(provider, self.model))
                assert outcome.problem is not None, f"{status} is taken for a success"
                assert not stranger.received, f"{status} took the request to another server"

    def test_an_error_of_somebody_else_is_nobodys(self, provider: LLMProvider) -> None:
        """None tells that the provider or pipekit has a bug, which no retry mends."""
        for error in (KeyError("choices"), RuntimeError("a bug"), ZeroDivisionError(), ValueError("no such schema")):
            assert provider.failure(error) is None, f"{error!r} is taken for the vendor's"

    def test_no_error_makes_failure_raise(self, provider: LLMProvider) -> None:
        """It is asked about any error there is."""
        odd: list[Exception] = [_OddError(), _OddError("ü" * 10_000), ExceptionGroup("several", [ValueError()])]
        circle = RuntimeError("a circle")
        circle.__cause__ = KeyError("x")
        circle.__cause__.__cause__ = circle
        for error in (*odd, circle, OSError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), StopIteration()):
            found = provider.failure(error)
            assert found is None or found.kind in get_args(FailureKind)


class _OddError(Exception):
    """Looks like an error of HTTP from afar."""

    response = None
    status_code = "none"
    code = None
    headers = None
    body = None

    def __str__(self) -> str:
        return ""


def _hang_up(exchange: Exchange) -> None:
    exchange.hang_up()


def _half(exchange: Exchange) -> None:
    exchange.begin(200, {"content-type": "application/json", "content-length": "1000"})
    exchange.wfile.write(b'{"id": "1", ')
    exchange.hang_up()


def _redirect(status: int, headers: Mapping[str, str]) -> Any:
    return lambda exchange: exchange.send({}, status, headers)
