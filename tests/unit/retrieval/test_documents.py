from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.retrieval import documents
from pipekit.retrieval.documents import CHUNK_SIZE, Document, chunks_of, kind_of, parse_document, plain

PAGE = """---
id: PK-7
title: "Job scheduler handbook"
type: doc
status: current
tags: [operations, jobs]
---

# Job scheduler handbook

How to define a *recurring* job.

## Retries

Three times, see [the alerts](alerts.md).
"""


def test_front_matter_gives_id_title_kind_status_and_tags() -> None:
    document, warnings = parse_document(PAGE, "docs/jobs.md")
    assert warnings == ()
    assert (document.id, document.title, document.kind) == ("PK-7", "Job scheduler handbook", "doc")
    assert document.tags == ("operations", "jobs")
    assert document.attributes == {"type": "doc", "status": "current"}
    assert document.source == "docs/jobs.md"


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("adr", "adr"),
        ("ADR", "adr"),
        ("incident", "lesson"),
        ("Lesson Learned", "lesson"),
        ("handbook", "doc"),
        ("", "doc"),
        ("bug", "work-item"),
        ("pbi", "work-item"),
        ("something of ours", "work-item"),
    ],
)
def test_the_type_of_the_front_matter_decides_the_kind(type_: str, kind: str) -> None:
    assert kind_of(type_) == kind


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Printing *labels* \n\ntext", "Printing labels"),
        ("no heading at all", "label printers"),
        ("---\n---\n## Second level", "Second level"),
        ("", "label printers"),
    ],
)
def test_without_a_title_the_first_heading_or_the_file_name_is_taken(text: str, title: str) -> None:
    assert parse_document(text, "warehouse/label-printers.md")[0].title == title


def test_broken_front_matter_is_a_warning_with_its_line_and_its_plain_lines_still_count() -> None:
    document, warnings = parse_document(
        "---\nid: A-1\ntitle: Labels: how to print\ntype: adr\n---\nThe text.", "labels.md"
    )
    assert len(warnings) == 1
    assert warnings[0].startswith("labels.md:3: the front matter is no valid YAML")
    assert (document.id, document.title, document.kind) == ("A-1", "Labels: how to print", "adr")
    assert document.text == "The text."


@pytest.mark.parametrize(
    "block",
    [
        "!!python/object/apply:os.system ['true']",
        "a: &a [x]\nb: [*nothing]",
        "- a list",
        "just words",
        "x" * 40_000,
    ],
)
def test_front_matter_that_is_none_loses_no_text(block: str) -> None:
    document, warnings = parse_document(f"---\n{block}\n---\nThe text.", "odd.md")
    assert len(warnings) == 1
    assert "The text." in document.text
    assert document.kind == "doc"


def test_aliases_that_multiply_cost_nothing() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    document, _ = parse_document("---\n" + "\n".join([*lines, "title: Bomb", "tags: *a59"]) + "\n---\n", "bomb.md")
    assert document.title == "Bomb"
    assert document.tags == ()


def test_values_that_are_not_text_become_text() -> None:
    document, warnings = parse_document("---\nid: 12\ntitle: 2024-05-01\ntags: 7\n---\nx", "a.md")
    assert (document.id, document.title, document.tags, warnings) == ("12", "2024-05-01", ("7",), ())


@pytest.mark.parametrize("value", ["!!bool maybe", "!!int none", "!!timestamp never", "!mine x", "1e999999"])
def test_values_are_taken_as_they_are_written_whatever_they_call_themselves(value: str) -> None:
    document, warnings = parse_document(f"---\nid: 007\nstatus: true\nx: {value}\n---\nThe text.", "a.md")
    assert (document.id, document.attributes, document.text, warnings) == ("007", {"status": "true"}, "The text.", ())


@pytest.mark.parametrize("escape", ["UFFFFFFFF", "U00110000", "ud800"])
def test_an_escape_that_names_no_character_is_a_warning_and_the_rest_still_counts(escape: str) -> None:
    document, warnings = parse_document(f'---\nid: A-1\nx: "\\{escape}"\n---\nThe text.', "a.md")
    assert (document.id, document.text, len(warnings)) == ("A-1", "The text.", 1)
    assert "no valid YAML: an escape" in warnings[0]


def test_of_a_name_that_stands_twice_the_first_counts_and_a_warning_says_so() -> None:
    document, warnings = parse_document("---\nid: A-1\nID: A-2\n---\nx", "a.md")
    assert document.id == "A-1"
    assert warnings == ("a.md:3: the front matter says 'id' twice; the first one counts",)


def test_a_document_is_cut_at_its_headings_without_its_marks() -> None:
    document, _ = parse_document(PAGE, "docs/jobs.md")
    assert [(chunk.heading, chunk.text) for chunk in chunks_of(document)] == [
        ("Job scheduler handbook", "How to define a recurring job."),
        ("Retries", "Three times, see the alerts."),
    ]


def test_a_document_without_text_still_has_a_chunk() -> None:
    assert len(chunks_of(Document(source="a", title="Only a title", text=""))) == 1


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=4000))
def test_chunks_keep_every_word_and_their_size(text: str) -> None:
    words = " ".join(part for part in text.split() if part.isalnum())
    chunks = chunks_of(Document(source="a", title="t", text=words))
    assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(words.split())
    assert all(len(chunk.text) <= CHUNK_SIZE for chunk in chunks)


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("see [the alerts](alerts.md) and ![a picture](x.png)", "see the alerts and a picture"),
        ("[in brackets](a_(b).md) [stay] here", "in brackets [stay] here"),
        ("[![a badge](b.svg)](c)", "[a badge](c)"),
        ("[open](and never closed", "[open](and never closed"),
    ],
)
def test_of_a_link_its_text_stays(markdown: str, words: str) -> None:
    assert plain(markdown) == words


def test_a_heading_keeps_marks_that_belong_to_its_words() -> None:
    document, _ = parse_document("# Moving to C#\n\ntext\n\n## Closed ##\n\nmore", "a.md")
    assert [chunk.heading for chunk in chunks_of(document)] == ["Moving to C#", "Closed"]


@pytest.mark.parametrize(
    "text",
    [
        "# a" + " " * 200_000 + "b",
        "#" * 200_000 + " a",
        "[" * 200_000,
        "![a" * 60_000,
        "[a](" * 50_000,
        "[a](b" * 40_000,
    ],
    ids=lambda text: f"{text[:4]}…{text[-1]}",
)
def test_no_line_takes_longer_than_its_length(text: str) -> None:
    """A second at most; where an expression is quadratic, 200,000 characters take minutes."""
    begun = process_time()
    document, _ = parse_document(text, "a.md")
    chunks_of(document)
    assert process_time() - begun < 10


@given(st.text(max_size=300))
def test_no_text_makes_parsing_fail(text: str) -> None:
    document, _ = parse_document(f"---\n{text}\n---\n{text}", "any.md")
    assert document.title


@pytest.mark.parametrize(
    "line",
    [
        "title: Plain words, with: a colon",
        "title: 'It''s quoted'",
        'title: "a \\u0041"',
        "title: a # comment",
        "title: a#b",
        "title: null",
        "title: ~",
        "title: [a, null]",
        "title: {a: b}",
        "title: ends:",
        "title: a:b",
        "title:  padded   out  ",
        "title: [one, two words, Three-3]",
        "title: []",
        "title: 2024-01-05",
        "title: 'single'",
        "title: yes",
        "title: a\n  goes on",
        "title: a\nTitle: b",
        "title: |\n  block",
        "title:none",
        "title: é, ü & ß",
        "- title",
    ],
)
def test_a_simple_front_matter_says_the_same_with_and_without_the_parser(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = parse_document(f"---\n{line}\n---\ntext", "a.md")
    monkeypatch.setattr(documents, "_simple", lambda block: None)
    assert quick == parse_document(f"---\n{line}\n---\ntext", "a.md")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["id", "title", "type", "tags", "x"]), st.text("ab:# ,[]'\"-~n{}&*!|>%@`\\\té", max_size=12)
        ),
        max_size=3,
    )
)
def test_any_front_matter_says_the_same_with_and_without_the_parser(lines: list[tuple[str, str]]) -> None:
    block = "".join(f"{name}: {value}\n" for name, value in lines)
    simple = documents._simple(block)
    if simple is not None and lines:
        assert simple == documents._by_parser(block, "a.md")[0]


DECIDED = "We store weeks."


@pytest.mark.parametrize(
    "body",
    [
        f"# ADR 7\n\n## Context\n\nMuch.\n\n## Decision\n\n{DECIDED}\n\n## Consequences\n\nMore.",
        f"## Context\nMuch.\n## Decision Outcome\n### Chosen\n{DECIDED}\n## Status\nx",
        f"## 2. Besluit\n\n{DECIDED}",
        f"# Entscheidung:\n{DECIDED}",
        f"## Decision\n## Decision\n{DECIDED}",
    ],
)
def test_an_adr_says_what_it_decided_by_its_section(body: str) -> None:
    document, _ = parse_document(f"---\ntype: adr\n---\n{body}", "a.md")
    assert document.attributes["decision"].endswith(DECIDED.replace("*", ""))


def test_a_decision_of_the_front_matter_comes_first_and_other_documents_have_none() -> None:
    section = "\n## Decision\nby section"
    document, _ = parse_document(f"---\ntype: adr\ndecision: by front matter\n---{section}", "a.md")
    assert document.attributes["decision"] == "by front matter"
    assert "decision" not in parse_document(f"---\ntype: doc\n---{section}", "a.md")[0].attributes
    assert "decision" not in parse_document("---\ntype: adr\n---\n## Context\nno more", "a.md")[0].attributes


def test_a_long_decision_is_cut_between_words() -> None:
    document, _ = parse_document(f"---\ntype: adr\n---\n## Decision\n{'word ' * 500}", "a.md")
    assert document.attributes["decision"].endswith("word …")
    assert len(document.attributes["decision"]) <= documents.MAX_DECISION + 2
