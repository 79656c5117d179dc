"""Lines with their own checksum: a cut write is recognised, a flipped bit never passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.serde import MisfitError, decode
from pipekit.stores.lines import BadLineError, line, whole_lines

BODIES: list[dict[str, Any]] = [
    {"kind": "header", "text": "größer\nthan a line"},
    {"kind": "entries", "value": "x" * 700},
    {"kind": "commit", "value": [1, {"checksum": "0" * 16}]},
]
DATA = b"".join(map(line, BODIES))
ENDS = [len(b"".join(map(line, BODIES[:count]))) for count in range(len(BODIES) + 1)]
SECTOR = 512


def read(data: bytes) -> list[dict[str, Any]]:
    return [{key: value for key, value in decode(text).items() if key != "checksum"} for text, _ in whole_lines(data)]


def test_lines_come_back_as_they_were_written_with_their_ends() -> None:
    assert read(DATA) == BODIES
    assert [end for _, end in whole_lines(DATA)] == ENDS[1:]


def test_cut_at_any_byte_the_whole_lines_before_remain_and_the_rest_is_torn() -> None:
    for cut in range(len(DATA)):
        whole = max(count for count, end in enumerate(ENDS) if end <= cut)
        assert read(DATA[:cut]) == BODIES[:whole], cut


def test_a_flipped_end_of_the_last_line_is_damage_and_no_cut() -> None:
    with pytest.raises(BadLineError):
        read(DATA[:-1] + b"\x0b")


def test_any_flipped_bit_before_the_last_line_is_damage() -> None:
    for place in range(ENDS[-2]):
        for bit in range(8):
            flipped = bytearray(DATA)
            flipped[place] ^= 1 << bit
            with pytest.raises(BadLineError):
                read(bytes(flipped))


def test_a_flipped_bit_in_the_last_line_never_gives_another_content() -> None:
    for place in range(ENDS[-2], ENDS[-1]):
        for bit in range(8):
            flipped = bytearray(DATA)
            flipped[place] ^= 1 << bit
            with pytest.raises(BadLineError):
                read(bytes(flipped))


def test_whole_sectors_lost_in_the_last_line_are_a_cut_write_and_lost_before_it_are_damage() -> None:
    last = line({"value": "y" * 2000})
    data = DATA + last
    begin = -(-len(DATA) // SECTOR) * SECTOR
    lost = data[:begin] + bytes(SECTOR) + data[begin + SECTOR :]
    assert read(lost) == BODIES
    assert read(DATA + bytes(len(last))) == BODIES
    odd = data[: begin + 3] + bytes(SECTOR) + data[begin + 3 + SECTOR :]
    with pytest.raises(BadLineError):
        read(odd)
    with pytest.raises(BadLineError):
        read(bytes(SECTOR) + data[SECTOR:])


def test_damage_names_both_checksums() -> None:
    with pytest.raises(BadLineError) as caught:
        read(DATA.replace(b"header", b"heater"))
    assert len(caught.value.expected) == len(caught.value.found) == 16
    assert caught.value.expected != caught.value.found


def test_what_is_no_json_makes_no_line() -> None:
    for value in (float("nan"), "\ud800", object()):
        with pytest.raises(MisfitError):
            line({"value": value})


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text() | st.integers(), min_size=1), max_size=5))
def test_any_lines_survive(bodies: list[dict[str, Any]]) -> None:
    bodies = [{key: value for key, value in body.items() if key != "checksum"} | {"k": 1} for body in bodies]
    assert read(b"".join(map(line, bodies))) == bodies
