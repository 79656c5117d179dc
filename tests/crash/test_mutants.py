"""The crash tests can fail: a store without one forced write, one rename or one check doesn't pass them.

A few mutants are tried here, all of them with ``nox -s crash``.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

#: The beginnings of the names of mutants that stand for one promise each.
SAMPLE = (
    "forging.forge: without folder.force()",
    "json_file.create: without root.force()",
    "json_lease._write: without atomic.system.sync_data(self._fd)",
    "open_items.append: without atomic.system.sync_data(fd)",
    "repairing._renew_journal: without folder.force()",
    "sqlite_database: without connection.execute(",
    "stores.locks: fcntl.flock",
    "verifying: if found == sha256",
)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("beginning", SAMPLE)
def test_a_store_without_it_is_caught(crashkit: Callable[..., str], beginning: str) -> None:
    names = json.loads(crashkit("crashkit.mutants"))
    number = next(place for place, name in enumerate(names) if name.startswith(beginning))
    assert json.loads(crashkit("crashkit.mutants", str(number)))["caught"]
