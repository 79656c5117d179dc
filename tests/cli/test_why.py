"""``pipekit show --why``: the reasons that a run keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

MEETING = Path(__file__).parents[1] / "data" / "meetings" / "museum-refinement.txt"


@pytest.fixture
def shown(pipekit: Any) -> Any:
    """``shown(…)`` is what ``pipekit show last …`` prints of a run."""
    assert pipekit("run", str(MEETING), "--until", "3").returncode == 0
    return lambda *arguments: pipekit("show", "last", *arguments)


def test_a_step_an_item_and_a_run_show_their_reasons(shown: Any) -> None:
    story = "Maud, 4, at 0:31 → candidate-1: it asks for work (story “As a visitor I want”, 3)"
    turned_down = "→ dropped: rejected by “we're not doing that” (Constance)"
    for part in ("2", "extract-candidates"):
        text = shown(part, "--why").stdout
        assert story in text
        assert turned_down in text
    assert story in shown("--why").stdout
    of_item = shown("candidate-1", "--why").stdout
    assert story in of_item
    assert "→ dropped" not in of_item
    assert "candidate-2" not in of_item


def test_the_step_itself_names_the_way_to_its_reasons_and_leaves_them_out(shown: Any) -> None:
    text = shown("2").stdout
    assert "it asks for work" not in text
    assert "extract-candidates --why\n" in text


def test_json_has_them_whole(shown: Any) -> None:
    document = json.loads(shown("2", "--why", "--json").stdout)
    first = document["why"]["extract-candidates"][0]
    assert {"said", "outcome", "because", "candidate", "signs"} == set(first)
    assert first["said"]["fromChar"] >= 0


def test_a_step_without_reasons_and_an_unknown_item_are_told_as_such(shown: Any) -> None:
    none = shown("3", "--why")
    assert (none.returncode, "keeps no reasons" in none.stderr, "extract-candidates" in none.stderr) == (2, True, True)
    assert shown("candidate-77", "--why").returncode == 2
