"""What every store must do, wherever it keeps runs."""

from __future__ import annotations

from typing import ClassVar, get_args

from pipekit.interfaces import StateStore
from pipekit.interfaces.state_stores import Ability
from pipekit.testing.contracts.store_keeping import KeepingTests
from pipekit.testing.contracts.store_listings import ListingTests
from pipekit.testing.contracts.store_owners import OwnerTests
from pipekit.testing.contracts.store_tests import OpenStore

__all__ = ["OpenStore", "StateStoreContract"]


class StateStoreContract(KeepingTests, OwnerTests, ListingTests):
    """Subclass it as ``TestAcmeStore`` and write the fixture ``open_store``.

    It returns a function that opens the same store each time, as another process would, and a new one for each test.
    ``abilities`` are those that the store must declare: what it promises is tested, and what it doesn't isn't.
    """

    abilities: ClassVar[frozenset[Ability]]

    def test_it_declares_the_abilities_that_it_is_known_for(self, store: StateStore) -> None:
        """An ability that is dropped by mistake would take its tests along."""
        declared = getattr(type(self), "abilities", None)
        assert declared, f"{type(self).__name__} needs abilities = frozenset({{...}}): what the store promises"
        unknown = set(declared) - set(get_args(Ability))
        assert not unknown, f"there are no such abilities: {sorted(unknown)}"
        assert store.abilities == declared
