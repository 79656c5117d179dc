"""What every provider must do: tell what is known of models, and which there are."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import get_args

import pytest

from pipekit.errors import PipekitError
from pipekit.interfaces import LLMProvider, ModelInfo
from pipekit.interfaces.llm_providers import Method
from pipekit.testing.contracts.isolation import watch_network
from pipekit.testing.contracts.provider_tests import ProviderTests
from pipekit.testing.vendors import Trouble, VendorServer

__all__ = ["ModelTests"]


class ModelTests(ProviderTests):
    """``describe`` and ``models``."""

    def test_describe_asks_no_network(
        self, provider: LLMProvider, server: VendorServer | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is called before anybody decided to ask that vendor."""
        with monkeypatch.context() as patch:
            tried = watch_network(patch)
            provider.describe(self.model)
            with suppress(Exception):
                provider.describe("a-model-that-nobody-knows")
        assert not tried, "describe() reached for the network"
        assert server is None or not server.requests

    def test_what_is_known_of_a_model_makes_sense(self, provider: LLMProvider) -> None:
        """The window bounds prompts, prices sort models, and the first method is the one that is used."""
        info = provider.describe(self.model)
        self._check(info)
        assert info.name == self.model or not self.model, "the name is the one that was asked for"
        assert provider.describe(self.model) == info, "it says the same each time"

    def test_an_unknown_model_is_described_too(self, provider: LLMProvider) -> None:
        """Whether there is such a model only the vendor knows; new ones come every month."""
        self._check(provider.describe("a-model-that-nobody-knows"))

    def test_what_the_server_says_of_one_model_makes_sense(
        self, provider: LLMProvider, server: VendorServer | None
    ) -> None:
        """``look_up`` is optional: for windows that only the server knows."""
        look_up = getattr(provider, "look_up", None)
        if look_up is None:
            return
        self._asked(server)
        info = look_up(self.model)
        self._check(info)
        assert info.name == self.model, "the name is the one that was asked for"

    def test_models_that_can_be_had(self, provider: LLMProvider) -> None:
        """``pipekit models`` shows each once."""
        self._needs("models")
        found = provider.models()
        assert found, "there are none"
        for info in found:
            self._check(info)
        names = [info.name for info in found]
        assert len(set(names)) == len(names), "a model is listed twice"

    def test_a_list_that_is_refused_is_a_failure(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """``pipekit models`` says why in one line."""
        asked = self._asked(server)
        self._needs("models")
        asked.will(Trouble(status=401, message="who are you?"))
        try:
            provider.models()
        except PipekitError:
            return
        except Exception as error:  # noqa: BLE001 - which one, failure() tells
            self._is_known(provider, error, "auth")
        else:
            assert not asked.requests, "models() takes a refusal for a list"

    def _check(self, info: ModelInfo) -> None:
        assert isinstance(info, ModelInfo)
        assert isinstance(info.name, str)
        assert info.name, "a model has a name"
        assert info.window is None or (type(info.window) is int and info.window > 0), "a window is a number above zero"
        assert isinstance(info.methods, tuple)
        assert set(info.methods) <= set(get_args(Method)), "there is no such method"
        assert len(set(info.methods)) == len(info.methods), "a method is there twice"
        assert info.methods or "chat" not in self.abilities, 'a model that can be asked has a method, at least "text"'
        bound = info.priced_up_to
        assert bound is None or (type(bound) is int and bound > 0), "prices hold up to a number of tokens above zero"
        for price in (info.input_price, info.output_price, info.cached_price):
            assert price is None or (math.isfinite(price) and price >= 0), (
                "a price is not below zero, or unknown (None)"
            )
