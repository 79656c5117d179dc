"""What a text holds that nobody sees: what steers the reading goes, what a script needs stays."""

from __future__ import annotations

import json

import pytest

from pipekit.backlog.loaders.decoding import decode, decoded_head, without_controls

UNSEEN = [
    *(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)),
    *(chr(code) for code in (0x00AD, 0x180E, 0x200B, 0x2060, 0x2061, 0x2064, 0x206A, 0xFEFF, 0xFFF9, 0xFFFB)),
    "\U000e0041",
]


@pytest.mark.parametrize("sign", UNSEEN, ids=lambda sign: f"U+{ord(sign):04X}")
def test_what_turns_the_direction_or_hides_is_dropped_from_files_and_from_json(sign: str) -> None:
    assert decode(f"Ada: pay {sign}100{sign} now\n".encode(), "a.txt").text == "Ada: pay 100 now\n"
    assert without_controls(json.loads(json.dumps(f"pay {sign}100"))) == "pay 100"


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "\U0001f469\u200d\U0001f4bb and \u2764\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "क्\u200dष",
    ],
    ids=["persian", "emoji", "flag", "hindi"],
)
def test_joiners_that_a_script_or_an_emoji_needs_are_kept(text: str) -> None:
    assert decode(text.encode(), "a.txt").text == text
    assert without_controls(text) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_head_of_a_file_is_read_in_its_own_encoding_though_it_ends_within_a_character(encoding: str) -> None:
    head = ("WEBVTT\n\n" + "é" * 20).encode(encoding)[:-1]
    assert decoded_head(head).startswith("WEBVTT\n\n" + "é" * 18)
