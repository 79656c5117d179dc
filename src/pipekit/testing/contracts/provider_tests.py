"""What the tests of a provider of models have in common: declarations, fixtures, and the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, get_args

import pytest

from pipekit.interfaces import LLMProvider
from pipekit.interfaces.llm_providers import FailureKind
from pipekit.testing.contracts.contract import Contract
from pipekit.testing.vendors import Answer, VendorServer

__all__ = ["ABILITIES", "ANSWER", "Ability", "ProviderTests"]

#: What a provider may lack. ``chat``: it hands over models at all; ``temperature``, ``max_tokens``, ``timeout``: the
#: model honours that option; ``usage``: it tells the tokens; ``truncated``, ``declined``, ``filtered``: the vendor has
#: a word for such an answer; ``retry-after``: it says how long to wait; ``too-long``: it says that a prompt doesn't
#: fit; ``not-found``: it says that there is no such model; ``models``: it lists what can be had.
Ability = Literal[
    "chat",
    "temperature",
    "max_tokens",
    "timeout",
    "usage",
    "truncated",
    "declined",
    "filtered",
    "retry-after",
    "too-long",
    "not-found",
    "models",
]
ABILITIES: frozenset[Ability] = frozenset(get_args(Ability))

ANSWER = Answer()
_PROXIES = [form for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for form in (name, name.lower())]


class ProviderTests(Contract):
    """What a subclass declares, the fixtures it writes, and what the tests of providers have in common."""

    model: ClassVar[str] = ""
    secrets: ClassVar[Sequence[str]] = ()
    vendor: ClassVar[Sequence[str]] = ()
    abilities: ClassVar[frozenset[Ability]] = ABILITIES

    # --- what an author writes ---------------------------------------------------------------------------------------

    @pytest.fixture
    def provider(self) -> LLMProvider:
        """The provider; made anew for each test, and of the address of ``server`` where there is one."""
        pytest.fail(f"{type(self).__name__} needs a fixture `provider` that returns the provider to test")

    @pytest.fixture
    def server(self) -> VendorServer | None:
        """A running `VendorServer` that ``provider`` asks; None leaves out the tests that need one."""
        return None

    # --- what the tests use ------------------------------------------------------------------------------------------

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in _PROXIES:
            monkeypatch.delenv(name, raising=False)
        for name in self.secrets:
            monkeypatch.setenv(name, self._key(name))

    def _asked(self, server: VendorServer | None) -> VendorServer:
        """The server, for a test that needs one; the report tells in one line of all that are left out."""
        self._needs("chat")
        if server is None:
            pytest.skip("needs the fixture `server`, which isn't written")
        return server

    def _needs(self, ability: Ability) -> None:
        if ability not in self.abilities:
            pytest.skip(f"the ability {ability} isn't declared")

    def _key(self, name: str) -> str:
        return f"canary-0123456789-{name.lower()}"

    def _repeats_a_key(self, text: str) -> bool:
        return any(self._key(name) in text for name in self.secrets)

    def _is_known(self, provider: LLMProvider, error: Exception, kind: FailureKind) -> None:
        failure = provider.failure(error)
        assert failure is not None, f"failure() gives None for {error!r}"
        assert failure.kind == kind

    # --- what is declared --------------------------------------------------------------------------------------------

    def test_what_the_class_declares_makes_sense(self) -> None:
        """Abilities are ones that there are, and a provider of models names one of them."""
        assert self.abilities <= ABILITIES, f"there is no ability {sorted(self.abilities - ABILITIES)}"
        assert self.model or "chat" not in self.abilities, 'name a model to ask: model = "…"'
        assert not isinstance(self.vendor, str), "vendor is a sequence of packages, not one text"

    def test_it_is_a_provider(self, provider: LLMProvider) -> None:
        """It has what the protocol asks for."""
        assert isinstance(provider, LLMProvider)
