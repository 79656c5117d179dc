"""What all contracts have in common: the one way around a test, and the guard against any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

__all__ = ["Contract"]

_KIT = "pipekit.testing."
_GUARD = "test_no_test_of_the_contract_is_overridden_in_silence"


class Contract:
    """Tests that an implementation must pass. ``skip`` says which of them it doesn't, each with the reason why.

    Nothing else leads around a test: one that a subclass overrides makes the guard fail.
    """

    skip: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _skipped_for_a_reason(self, request: pytest.FixtureRequest) -> None:
        name = request.function.__name__
        if name in self.skip and name != _GUARD:
            pytest.skip(self.skip[name])

    def test_no_test_of_the_contract_is_overridden_in_silence(self) -> None:
        """Each test is the contract's own, and each reason in ``skip`` is about one that there is."""
        own = dict(_tests_of(type(self)))
        overridden = sorted(name for name, test in own.items() if getattr(type(self), name, None) is not test)
        assert not overridden, f"overridden without a word: {overridden}; say why in skip = {{name: reason}} instead"
        unknown = sorted(set(self.skip) - set(own))
        assert not unknown, f"skip names tests that the contract doesn't have: {unknown}"
        assert _GUARD not in self.skip, "the guard itself can't be skipped"
        silent = sorted(name for name, reason in self.skip.items() if not str(reason).strip())
        assert not silent, f"skip gives no reason for: {silent}"


def _tests_of(cls: type) -> Iterator[tuple[str, Any]]:
    """The tests that the kit's own classes have, whatever a subclass made of them."""
    for one in reversed(cls.__mro__):
        if one.__module__.startswith(_KIT):
            yield from ((name, value) for name, value in vars(one).items() if name.startswith("test_"))
