"""Names inside a run's folder: none leads elsewhere, and layouts of other versions are read or refused."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.errors import StateError
from pipekit.state.record import SCHEMA
from pipekit.stores.layout import check_path, check_schema, is_forged, migrate


@pytest.mark.parametrize(
    "path",
    ["steps/step-1.json", "input/original.txt", "output/candidates/candidate-1.md", "history/3/steps/step-2.json"],
)
def test_the_files_of_a_run_have_their_places(path: str) -> None:
    assert check_path(path) == tuple(path.split("/"))


@pytest.mark.parametrize(
    "path",
    ["", "state.json", "steps", "../x/y", "steps/../x", "/steps/x", "steps//x", "steps/./x", "C:/x", "steps\\x/y",
     "steps/.hidden", ".new/x", "journal.jsonl/x", "STATE.JSON/x", "steps/con.json", "steps/x.", "steps/x ",
     "steps/a\0b", "steps/\ud800", "steps/" + "x" * 256],
)  # fmt: skip
def test_what_could_lead_elsewhere_is_no_path_inside_a_run(path: str) -> None:
    with pytest.raises(StateError, match="not a path inside a run"):
        check_path(path)


@given(st.text(alphabet=st.sampled_from("ab./\\:~ \0C"), max_size=12))
def test_a_path_that_is_taken_stays_below_its_folder_on_every_system(path: str) -> None:
    try:
        parts = check_path(path)
    except StateError:
        return
    assert ".." not in parts
    assert not PurePosixPath(path).is_absolute()
    assert not PureWindowsPath(path).is_absolute()
    assert not PureWindowsPath(path).drive


def test_a_slot_is_a_hidden_name_and_only_in_the_last_place() -> None:
    assert check_path("steps/.slot-0001", slot=True) == ("steps", ".slot-0001")
    for path in ("steps/.slot-0001", "steps/.other", ".slot-1/x"):
        with pytest.raises(StateError):
            check_path(path, slot=path == "steps/.other")


def test_names_that_were_made_with_the_run_are_told_from_later_ones() -> None:
    assert is_forged(".slot-0007")
    assert is_forged(".items-0000")
    assert not is_forged(".slot-21f103a8ec45eb0e")
    assert not is_forged("step-1.json")


@pytest.mark.parametrize("schema", [None, "1", True, -1, 1.0, []])
def test_what_is_no_version_of_the_layout_is_damage(schema: object) -> None:
    with pytest.raises(StateError, match="no version of the layout"):
        check_schema(schema, file="state.json")


def test_a_newer_layout_names_the_pipekit_that_wrote_it_and_changes_nothing() -> None:
    with pytest.raises(StateError, match=r"written by pipekit ≥ 7\.0") as caught:
        check_schema(SCHEMA + 1, file="state.json", version="7.0")
    assert caught.value.kind == "newer"
    assert "nothing was changed" in caught.value.hint


def test_an_older_layout_is_read_as_todays() -> None:
    assert migrate({"state": "failed", "runId": "run-1"}, 0) == {"status": "failed", "runId": "run-1", "schema": SCHEMA}
    assert migrate({"status": "failed"}, SCHEMA) == {"status": "failed"}
