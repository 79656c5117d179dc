"""Text of others in Markdown and YAML: it stays text, wherever it lands."""

from __future__ import annotations

import pytest

from pipekit.markdown import code, inline, table_cell, visible, yaml_text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "# x",
            "- x",
            "1. x",
            "a | b",
            "<b>",
            "*a*",
            "_a_",
            "[a](b)",
            "`a`",
            "http://a.b",
            "> x",
            "www.a.b",
            "WWW.a.b",
        ),
        *("@everyone", "ask @ada/team & @ben", "ada@example.org", "xmpp:a@b.c", "see #12", "shop#12", "GH-12"),
    ],
)
def test_nothing_in_a_line_is_markup(text: str) -> None:
    shown = inline(text)
    assert shown != text
    assert shown.replace("\\", "").replace("&#8203;", "").replace("&amp;", "&") == text


@pytest.mark.parametrize(
    ("text", "live"),
    [
        ("@everyone", "@everyone"),
        ("a@b.c", "@b"),
        ("www.a.b", "www.a"),
        ("#12", "#12"),
        ("gh-12", "gh-12"),
        ("&#64;all", "&#64;"),
    ],
)
def test_nobody_is_mentioned_and_nothing_linked_where_the_text_is_shown(text: str, live: str) -> None:
    # Mentions, references and e-mail addresses are looked for after the backslashes have gone.
    gone = inline(text) if live.startswith("www") else inline(text).replace("\\", "")
    assert live not in gone


def test_what_hides_or_turns_the_writing_is_left_out() -> None:
    hidden = "a\u202eb\u200bc\x1b[1md\ufeff"
    assert visible(hidden) == "abc[1md"
    assert yaml_text(hidden) == '"abc[1md"'
    assert "\u202e" not in inline(hidden)


@pytest.mark.parametrize("text", ["می\u200cخواهم", "\U0001f469\u200d\U0001f4bb", "क्\u200dष"])
def test_joiners_that_a_script_or_a_picture_needs_stay(text: str) -> None:
    assert visible(text) == text
    assert text in inline(text)


def test_a_letter_keeps_as_many_marks_as_a_language_may_need_and_no_pile_of_them() -> None:
    tibetan = "\u0f40\u0fb5\u0f71\u0f72\u0f7e\u0f39"
    assert visible(tibetan * 3) == tibetan * 3
    assert visible("Z" + "\u0301\u0316" * 5000 + "!") == "Z" + "\u0301\u0316" * 4 + "!"
    assert visible("\u2014" * 30) == "\u2014" * 30


def test_a_cell_is_one_line_that_is_cut_where_it_is_long() -> None:
    assert table_cell("a |\n b") == "a \\| b"
    assert table_cell("word " * 50, width=12) == "word word w…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada@example.org", "`ada@example.org`"),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        ("two\nlines\u202e", "`two lines`"),
    ],
)
def test_code_is_shown_to_the_letter_and_ends_where_it_should(text: str, shown: str) -> None:
    assert code(text) == shown
