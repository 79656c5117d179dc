"""The real command, interrupted at sampled points: nothing finished is lost, and nothing finished is done again.

The whole matrix, every point of every command, runs with ``nox -s crash``.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from crashkit.stories import STORIES

#: How many points of each way a test tries; they are spread evenly over the command's calls.
SAMPLE = {"kill": 5, "short": 2, "power": 7, "again": 2, "cut": 3, "once": 4, "for-good": 3}


#: The commands on a SQLite file that are tried each time; the others differ in what the engine asks of any store.
IN_SQLITE = ("sqlite-run", "sqlite-from-step")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "story",
    [
        pytest.param(name, marks=[] if story.kind == "file" or name in IN_SQLITE else [pytest.mark.thorough])
        for name, story in STORIES.items()
    ],
)
def test_an_interrupted_command_loses_nothing_and_repeats_nothing(crashkit: Callable[..., str], story: str) -> None:
    *outcomes, last = map(json.loads, crashkit("crashkit", json.dumps({"story": story, "ways": SAMPLE})).splitlines())
    assert last["calls"] > 30
    assert len(outcomes) > 20
    assert [one for one in outcomes if one["lost"] or one["repeated"] or one["problem"]] == []


def test_locks_and_digests_keep_out_whoever_must_not_write(crashkit: Callable[..., str]) -> None:
    assert json.loads(crashkit("crashkit.checks")) == []
