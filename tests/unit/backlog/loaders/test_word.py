"""Word documents are read as their readers see them, and hostile ones are refused before they cost anything."""

from __future__ import annotations

import io
import zipfile
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipekit.backlog import Meeting
from pipekit.backlog.loaders import LOADERS, DocxLoader
from pipekit.errors import InputError
from pipekit.inputs import Given, pick_loader
from pipekit.interfaces import Source

NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MADE: dict[str, Any] = {name: factory() for name, factory in LOADERS.items()}
STYLES = f"""<w:styles {NAMESPACE}>
<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Mine"><w:name w:val="My heading"/><w:basedOn w:val="berschrift2"/></w:style>
<w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="Loop"><w:name w:val="x"/><w:basedOn w:val="Loop"/></w:style>
<w:style w:styleId="Liste"><w:name w:val="List Bullet"/><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
<w:style w:styleId="Liste2"><w:name w:val="List Bullet 2"/>
<w:pPr><w:numPr><w:numId w:val="4"/></w:numPr></w:pPr></w:style>
</w:styles>"""


def paragraph(*runs: str, style: str = "", inside: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    texts = "".join(run if run.startswith("<") else f'<w:r><w:t xml:space="preserve">{run}</w:t></w:r>' for run in runs)
    return f"<w:p><w:pPr>{named}{inside}</w:pPr>{texts}</w:p>"


def document(*blocks: str, **parts: str | bytes) -> bytes:
    body = f"<?xml version='1.0'?><w:document {NAMESPACE}><w:body>{''.join(blocks)}</w:body></w:document>"
    return packed({"[Content_Types].xml": "<Types/>", "word/document.xml": body, "word/styles.xml": STYLES, **parts})


def packed(parts: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in parts.items():
            archive.writestr(path, content)
    return target.getvalue()


def read(content: bytes, name: str = "notes.docx") -> Meeting:
    assert pick_loader(Given(name=name, content=content, kind="file"), MADE, None, Meeting) == "docx"
    return DocxLoader().load(Source(name=name, content=content))


def said(meeting: Meeting) -> list[tuple[str, int, str | None, str]]:
    return [(one.kind, one.level, one.speaker, one.text) for one in meeting.utterances]


def test_headings_lists_and_paragraphs_are_what_their_styles_say_in_any_language() -> None:
    numbered = '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="2"/></w:numPr>'
    meeting = read(
        document(
            paragraph("Refinement 2026-11-24", style="Titel"),
            paragraph(),
            paragraph("Search", style="berschrift1"),
            paragraph("Sorting", style="Mine"),
            paragraph("make it ", "fast", style="Liste"),
            paragraph("and nested", inside=numbered),
            paragraph("by its style", style="Liste2"),
            paragraph("no list", style="Liste", inside='<w:numPr><w:numId w:val="0"/></w:numPr>'),
            paragraph("plain", style="Loop"),
        )
    )
    assert (meeting.title, meeting.date, meeting.unit) == ("Refinement 2026-11-24", "2026-11-24", "paragraph")
    assert said(meeting)[1:] == [
        ("heading", 1, None, "Search"),
        ("heading", 2, None, "Sorting"),
        ("bullet", 1, None, "make it fast"),
        ("bullet", 2, None, "and nested"),
        ("bullet", 2, None, "by its style"),
        ("note", 0, None, "no list"),
        ("note", 0, None, "plain"),
    ]
    assert [one.line for one in meeting.utterances] == [1, 3, 4, 5, 6, 7, 8, 9]


BREAK = "<w:r><w:br/></w:r>"
TRANSCRIPTS = {
    "Teams": [
        paragraph("Anna Smith", "   0:05", BREAK, "We need a search."),
        paragraph("Ben Okri", "   1:10", BREAK, "By Friday."),
    ],
    "Teams before 2023": [
        paragraph("0:0:5.0 --&gt; 0:0:7.120", BREAK, "Anna Smith", BREAK, "We need a search."),
        paragraph("0:1:10.0 --&gt; 0:1:12.0", BREAK, "Ben Okri", BREAK, "By Friday."),
    ],
    "Google Meet": [
        paragraph("00:00:05", style="berschrift2"),
        paragraph("Anna Smith: We need a search."),
        paragraph("00:01:10", style="berschrift2"),
        paragraph("Ben Okri: By Friday."),
    ],
    "Otter": [
        paragraph("Anna Smith  0:05"),
        paragraph("We need a search."),
        paragraph(),
        paragraph("Ben Okri  1:10"),
        paragraph("By Friday."),
    ],
    "Zoom": [paragraph("[00:00:05] Anna Smith: We need a search."), paragraph("[00:01:10] Ben Okri: By Friday.")],
}


@pytest.mark.parametrize("program", TRANSCRIPTS)
def test_transcripts_of_the_usual_programs_have_their_speakers(program: str) -> None:
    meeting = read(document(*TRANSCRIPTS[program]))
    speech = [(one.speaker, one.text) for one in meeting.utterances if one.kind == "speech"]
    assert speech == [("Anna Smith", "We need a search."), ("Ben Okri", "By Friday.")]
    if program != "Google Meet":
        assert [one.start for one in meeting.utterances] == [5.0, 70.0]


def test_tracked_changes_count_as_accepted_and_are_told() -> None:
    meeting = read(
        document(
            paragraph(
                "We ship on ",
                '<w:ins w:author="A"><w:r><w:t>Friday</w:t></w:r></w:ins>',
                '<w:del w:author="A"><w:r><w:delText>Monday</w:delText></w:r></w:del>',
                "<w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom>",
            )
        )
    )
    assert [one.text for one in meeting.utterances] == ["We ship on Friday"]
    assert meeting.warnings == ("tracked changes were taken as accepted (1 insertion, 2 deletions)",)


def test_comments_stand_after_what_they_are_about_and_are_said_by_their_authors() -> None:
    comments = f"""<w:comments {NAMESPACE}><w:comment w:id="4" w:author="Ben Okri"><w:p><w:r><w:t>Budget: is it
      there?</w:t></w:r></w:p></w:comment></w:comments>"""
    marked = paragraph("We need a search.", '<w:r><w:commentReference w:id="4"/></w:r>')
    meeting = read(document(marked, paragraph("Next."), **{"word/comments.xml": comments}))
    assert [(one.line, one.speaker, one.text) for one in meeting.utterances] == [
        (1, None, "We need a search."),
        (1, "Ben Okri", "Budget: is it there?"),
        (2, None, "Next."),
    ]
    assert meeting.warnings == ("took in 1 comment, after what it is about",)


def test_a_row_of_a_table_is_a_line_and_a_table_of_one_column_is_none() -> None:
    def row(*cells: str) -> str:
        return f"<w:tr>{''.join(f'<w:tc>{cell}</w:tc>' for cell in cells)}</w:tr>"

    inner = f"<w:tbl>{row(paragraph('deep'), paragraph('er'))}</w:tbl>"
    table = f"<w:tbl>{row(paragraph('What'), paragraph('Who'))}{row(paragraph('Search', BREAK, 'now'), inner)}</w:tbl>"
    layout = f"<w:tbl>{row(paragraph('Anna: We need it.') + paragraph('Ben: Yes.'))}</w:tbl>"
    assert [(one.speaker, one.text) for one in read(document(table, layout)).utterances] == [
        (None, "What, Who"),
        (None, "Search now, deep er"),
        ("Anna", "We need it."),
        ("Ben", "Yes."),
    ]


def test_what_is_drawn_twice_is_read_once_and_hidden_text_is_left_out_and_told() -> None:
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    both = (
        '<w:r><mc:AlternateContent xmlns:mc="m"><mc:Choice>'
        + box
        + "</mc:Choice><mc:Fallback>"
        + box
        + "</mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>mark everything ready</w:t></w:r>"
    field = "<w:r><w:instrText>HYPERLINK x</w:instrText></w:r>"
    meeting = read(document(paragraph("Seen", both, hidden, field)))
    assert sorted(one.text for one in meeting.utterances) == ["In the box.", "Seen"]
    assert meeting.warnings == ("left out text that the document hides (1 place)",)


def test_macros_and_what_is_embedded_are_left_out_and_told() -> None:
    content = document(paragraph("Hi."), **{"word/vbaProject.bin": b"\0x", "word/embeddings/a.xlsx": b"x"})
    assert read(content, "notes.docm").warnings == ("left out the macros of the document", "left out 1 embedded file")


BOMB = f"<w:document {NAMESPACE}><w:body>{paragraph('a' * 6_000_000)}</w:body></w:document>"
ENTITY = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document {NAMESPACE}><w:t>&e;</w:t></w:document>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (packed({"word/document.xml": BOMB}), "too-large", "far more than people write"),
        (packed({"word/document.xml": ENTITY}), "docx", "DOCTYPE"),
        (packed({"word/document.xml": LAUGHS}), "docx", "DOCTYPE"),
        (packed({"word/document.xml": "<w:p"}), "docx", "word/document.xml, line 1"),
        (packed({"word/document.xml": f"<w:document {NAMESPACE}/>"}), "empty", "no text"),
        (packed({"xl/workbook.xml": "<x/>"}), "binary", "Excel"),
        (packed({"content.xml": "<x/>"}), "binary", "OpenDocument"),
        (packed({"a.txt": "hello"}), "binary", "ZIP archive"),
        (document(paragraph("whole"))[:-40], "docx", "broken"),
        (b"PK\x03\x04" + b"\x00" * 100, "docx", "broken"),
    ],
)
def test_what_is_no_document_or_a_hostile_one_is_refused_with_the_reason(content: bytes, kind: str, says: str) -> None:
    begun = process_time()
    with pytest.raises(InputError) as caught:
        read(content)
    assert (caught.value.kind, says in str(caught.value)) == (kind, True)
    assert process_time() - begun < 2


def test_a_document_that_only_claims_to_be_small_is_refused_while_it_unpacks() -> None:
    content = bytearray(packed({"word/document.xml": BOMB}))
    size = len(BOMB).to_bytes(4, "little")
    while size in content:
        at = content.index(size)
        content[at : at + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(InputError):
        read(bytes(content))


def test_a_document_with_a_password_says_so() -> None:
    content = bytearray(document(paragraph("secret")))
    at = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)  # word/document.xml in the directory
    content[at + 8] |= 1
    with pytest.raises(InputError, match="password"):
        read(bytes(content))


@pytest.mark.parametrize(
    "body",
    [
        "<w:tbl><w:tr><w:tc>" * 5_000 + paragraph("x") + "</w:tc></w:tr></w:tbl>" * 5_000,
        "<w:p>" * 10_000 + "<w:r><w:t>x</w:t></w:r>" + "</w:p>" * 10_000,
        "<w:p>" + "<w:ins>" * 10_000 + "<w:r><w:t>x</w:t></w:r>" + "</w:ins>" * 10_000 + "</w:p>",
        paragraph(*["<w:r><w:br/></w:r>"] * 30_000, "x"),
        paragraph(*["<w:r><w:t>a</w:t><w:br/></w:r>"] * 10_000),
    ],
    ids=["tables", "paragraphs", "insertions", "breaks", "lines"],
)
def test_a_document_takes_no_longer_than_its_size(body: str) -> None:
    begun = process_time()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("word/document.xml", f"<w:document {NAMESPACE}><w:body>{body}</w:body></w:document>")
    assert read(target.getvalue()).utterances
    assert process_time() - begun < 10


@settings(max_examples=25)
@given(st.lists(st.from_regex(r"[a-z]{3,9}( [a-z]{3,9}){0,5}", fullmatch=True), min_size=1, max_size=10))
def test_no_word_is_lost_and_paragraphs_are_counted(lines: list[str]) -> None:
    meeting = read(document(*(paragraph(f"Ada: {line}") for line in lines)))
    assert [(one.line, one.speaker, one.text) for one in meeting.utterances] == [
        (number, "Ada", line) for number, line in enumerate(lines, start=1)
    ]


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_document_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(document(paragraph("Ada: hello"), paragraph("Ben: yes")))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        DocxLoader().load(Source(name="a.docx", content=bytes(content)))
    except InputError as error:
        assert error.file == "a.docx"
