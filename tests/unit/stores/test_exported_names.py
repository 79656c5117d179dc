"""What authors of stores import from `pipekit.stores`."""

from __future__ import annotations

import pkgutil

from pipekit import stores


def test_every_name_is_there_and_none_is_a_module_of_the_package() -> None:
    modules = {module.name for module in pkgutil.iter_modules(stores.__path__)}
    assert modules & set(stores.__all__) == set()  # importing the module would put it in the place of the name
    assert [name for name in stores.__all__ if getattr(stores, name, None) is None] == []
    assert stores.__all__ == sorted(stores.__all__, key=lambda name: (not name.isupper(), name.islower(), name))
