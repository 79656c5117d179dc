"""The readable view: a cut one is made again, a changed one is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipekit.errors import StateError
from pipekit.state.record import SCHEMA
from pipekit.stores.view import parse_view, render_view

RECORD: dict[str, Any] = {
    "runId": "run-1",
    "status": "failed",
    "error": "größer than \u2028 a line",
    "stepOutputs": {"1": {"key": 1, "name": "split"}, "2": {"key": 2, "name": "weigh"}},
    "schema": SCHEMA,
}
DATA = render_view(RECORD, journal_size=77)


def parse(data: bytes) -> object:
    return parse_view(data, file="state.json", run_id="run-1")


def test_a_view_is_json_with_a_line_for_each_step() -> None:
    assert json.loads(DATA)["stepOutputs"]["2"]["name"] == "weigh"
    assert sum(b'"key"' in line for line in DATA.splitlines()) == 2


def test_what_was_rendered_is_read_with_its_place_in_the_journal() -> None:
    view = parse_view(DATA, file="state.json", run_id="run-1")
    assert view is not None
    assert (view.record, view.schema, view.journal_size) == (RECORD, SCHEMA, 77)


def test_cut_at_any_byte_it_is_none_to_be_made_again() -> None:
    # Without its last line break it is whole, as editors that drop it leave it.
    assert [cut for cut in range(len(DATA) - 1) if parse(DATA[:cut]) is not None] == []
    assert parse(DATA[:100] + bytes(len(DATA) - 100)) is None


def test_any_flipped_bit_is_told_or_taken_for_a_cut_and_never_read() -> None:
    for place in range(len(DATA) - 1):
        flipped = bytearray(DATA)
        flipped[place] ^= 1
        try:
            assert parse(bytes(flipped)) is None, place
        except StateError as error:
            assert error.code == 7


def test_an_edited_record_is_told_with_the_way_out() -> None:
    with pytest.raises(StateError, match="changed since it was written") as caught:
        parse(DATA.replace(b"failed", b"paused"))
    assert caught.value.hint.endswith("from the journal: pipekit repair run-1")


def test_the_record_of_another_run_is_told() -> None:
    with pytest.raises(StateError) as caught:
        parse_view(DATA, file="state.json", run_id="run-2")
    assert caught.value.expected == "run-2"


def test_a_newer_layout_is_told_before_anything_else_is_looked_at() -> None:
    newer = {"schema": SCHEMA + 1, "pipekitVersion": "9.9", "somethingElse": []}
    with pytest.raises(StateError, match=r"9\.9"):
        parse(json.dumps(newer).encode())
