"""Composed letters are those of Unicode, and a letter with many marks keeps nobody waiting."""

from __future__ import annotations

import time
import unicodedata
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipekit import Pipeline, Text
from pipekit.backlog.composing import composed

#: Above and below a letter, on it, through it, in Hebrew and in Tibetan: marks of many kinds, and one that falls apart.
MARKS = "\u0301\u0316\u0338\u05b0\u05bc\u0f71\u0f72\u0345\u0344\u093c\u3099\u20d2"
PILES = st.lists(st.one_of(st.text(alphabet=MARKS, min_size=20, max_size=90), st.text(max_size=5)), max_size=6)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@settings(max_examples=40)
@given(parts=PILES)
def test_a_composed_text_is_in_unicode_s_normal_form(form: Literal["NFC", "NFKC"], parts: list[str]) -> None:
    text = "".join(parts)
    assert composed(text, form) == unicodedata.normalize(form, text)


def test_a_meeting_with_a_forty_thousand_marks_on_a_letter_is_read_in_seconds() -> None:
    marks = "\u0301\u0316" * 20_000  # half a minute, while the normal form was left to move them
    began = time.perf_counter()
    run = Pipeline({}, plugins=[], store="memory:").run(
        Text(f"Ann: As a user I want to read Z{marks} online so that it works.\nBob: Three points.\n")
    )
    assert time.perf_counter() - began < 12
    assert [one["id"] for one in run.view.value("candidates")] == ["candidate-1"]
