"""What the rules find is the same in every process: the order of a set, which differs between them, decides nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

#: Ten words are said twice each, and either of two wishes could give the title.
TALK = """\
Bob: Harbour map, depths, buoys and tablet, tide table, winds, currents and office, lighthouse and ferry.
Ann: We need to show the harbour map with depths and buoys on the tablet.
Ann: We need to hang the tide table with winds and currents in the office.
"""

READ = """
import sys
from pipekit.backlog.loaders import TranscriptLoader
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.drafts import Draft
from pipekit.backlog.offline.talk import read_talk
from pipekit.backlog.offline.telling import titled
from pipekit.interfaces import Source

talk = read_talk(TranscriptLoader().load(Source(name="talk.txt", content=sys.stdin.read().encode())))
print(titled(Draft(seeds=talk[1:], sentences=talk), "feature", frozenset(), cues())[1])
"""


@pytest.fixture(scope="module")
def first() -> str:
    return read_with("0")


def read_with(seed: str) -> str:
    """What is found in a process whose sets are ordered by this seed."""
    environ = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", READ], env=environ, input=TALK, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", ["6", "7"])
def test_another_process_finds_the_same(first: str, seed: str) -> None:
    assert read_with(seed) == first
