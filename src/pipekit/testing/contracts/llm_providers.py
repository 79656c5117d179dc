"""What every provider of models must do, however its vendor's client behaves."""

from __future__ import annotations

from pipekit.testing.contracts.provider_answers import AnswerTests
from pipekit.testing.contracts.provider_failures import FailureTests
from pipekit.testing.contracts.provider_models import ModelTests
from pipekit.testing.contracts.provider_secrets import SecretTests
from pipekit.testing.contracts.provider_tests import ABILITIES, Ability

__all__ = ["ABILITIES", "Ability", "LLMProviderContract"]


class LLMProviderContract(SecretTests, ModelTests, AnswerTests, FailureTests):
    """Subclass it as ``TestAcmeProvider`` and write the fixture ``provider``; with ``server`` far more is tested.

    ``model`` is a name that the provider knows. ``secrets`` are the environment variables that it needs; they hold an
    invented key in each test. ``vendor`` are the packages that it wraps. ``abilities`` are all, but for those that are
    taken away: ``abilities = ABILITIES - {"filtered"}``.
    """
