"""What every provider must do: keys are named, needed late, and never shown."""

from __future__ import annotations

import re
from typing import get_type_hints

import attrs
import pytest

from pipekit.config.keys import fold_key
from pipekit.errors import PipekitError
from pipekit.interfaces import LLMProvider, ModelOptions
from pipekit.testing.contracts.asking import ask_now, candidate_of
from pipekit.testing.contracts.isolation import loaded_by_importing, without_packages
from pipekit.testing.contracts.provider_tests import ProviderTests
from pipekit.testing.vendors import Trouble, VendorServer

__all__ = ["SecretTests"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: What is heavy, and of no use before a model is asked.
_LATE = ("langchain_core", "pydantic", "httpx", "httpx2", "requests", "aiohttp", "numpy", "torch")


class SecretTests(ProviderTests):
    """Secrets, and what loads when."""

    def test_secrets_are_names_of_variables(self, provider: LLMProvider) -> None:
        """The plan looks these up, and tells the user which one is missing: names, never values."""
        secrets = provider.secrets
        assert not isinstance(secrets, str), "secrets is a sequence of names, not one text"
        assert all(_VARIABLE.fullmatch(name) for name in secrets), (
            "secrets holds something else than names of environment variables"
        )
        assert sorted(secrets) == sorted(self.secrets), "secrets aren't those that the test class declares"

    def test_settings_that_lead_a_key_elsewhere_are_its_own(self, provider: LLMProvider) -> None:
        """A setting that ``redirects`` misspells is left unguarded, in silence."""
        more = getattr(provider, "more_secrets", ())
        assert not isinstance(more, str), "more_secrets is a sequence of names, not one text"
        assert all(_VARIABLE.fullmatch(name) for name in more), "more_secrets holds something else than names"
        redirects = getattr(provider, "redirects", ())
        assert not isinstance(redirects, str), "redirects is a sequence of names, not one text"
        known = _settings_of(type(provider))
        if known:
            assert {fold_key(name) for name in redirects} <= known, (
                "redirects names settings that the provider doesn't have"
            )

    def test_secrets_are_told_without_the_vendor(self, provider: LLMProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        """A plan is made where the vendor's package may be slow to load, or broken."""
        with monkeypatch.context() as patch:
            without_packages(patch, (*_LATE, *self.vendor))
            tuple(provider.secrets)

    def test_importing_the_provider_loads_no_vendor(self, provider: LLMProvider) -> None:
        """An installed plugin costs nothing until one of its models is asked."""
        loaded = loaded_by_importing(type(provider))
        assert not loaded & {*_LATE, *self.vendor}, "import these inside the methods that need them"

    def test_a_missing_key_is_told(self, provider: LLMProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        """Making a model without its key works, or fails in words: with a `PipekitError`, or one known to failure()."""
        self._needs("chat")
        for name in self.secrets:
            monkeypatch.delenv(name)
        try:
            provider.chat_model(self.model, ModelOptions())
        except PipekitError:
            return
        except Exception as error:  # noqa: BLE001 - which one, failure() tells
            self._is_known(provider, error, "auth")

    def test_no_representation_holds_a_key(self, provider: LLMProvider) -> None:
        """Whatever prints a provider or a model may end in a log."""
        shown = [repr(provider), str(provider), repr(provider.describe(self.model))]
        if "chat" in self.abilities:
            model = provider.chat_model(self.model, ModelOptions())
            shown += [repr(model), str(model)]
        assert not any(self._repeats_a_key(text) for text in shown), "a key stands in a repr() or str()"

    @pytest.mark.parametrize("status", [400, 401, 429, 500])
    def test_an_error_repeats_no_key(self, provider: LLMProvider, server: VendorServer | None, status: int) -> None:
        """Some servers repeat the key that they refuse; the message goes to a terminal and into records."""
        asked = self._asked(server)
        asked.will(Trouble(status=status, message=f"no: {' '.join(map(self._key, self.secrets))}"))
        outcome = ask_now(candidate_of(provider, self.model))
        assert not self._repeats_a_key(outcome.message), "the message of a failure holds a key"

    def test_no_address_holds_a_key(self, provider: LLMProvider, server: VendorServer | None) -> None:
        """Addresses are written down by servers and proxies."""
        asked = self._asked(server)
        ask_now(candidate_of(provider, self.model))
        assert not any(self._repeats_a_key(request.path) for request in asked.requests), "a key is part of an address"


def _settings_of(provider: type) -> set[str]:
    """The names of the settings that a provider is made with; none for one that a function makes of them."""
    hints = get_type_hints(vars(provider)["__init__"]) if "__init__" in vars(provider) else {}
    return {fold_key(field.name) for hint in hints.values() if attrs.has(hint) for field in attrs.fields(hint)}
