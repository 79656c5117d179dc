"""The loaders of the workflow pass the contract that strangers' loaders pass."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest

from pipekit.backlog.loaders import (
    LOADERS,
    DocxLoader,
    FirefliesLoader,
    HtmlLoader,
    MailLoader,
    MarkdownLoader,
    SrtLoader,
    TranscriptLoader,
    VttLoader,
)
from pipekit.interfaces import Loader, Source
from pipekit.testing import LoaderContract


def source(name: str, text: str | bytes) -> Source:
    return Source(name=name, content=text if isinstance(text, bytes) else text.encode())


class TestTranscriptLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader[Any]:
        return TranscriptLoader()

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        chat = "[10:31] <ada> we need a search box\n[10:32] <ben> agreed, until Friday\n"
        return [source("talk.txt", "Ada: We need a search box.\nBen: Agreed.\n"), source("chat.log", chat)]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [source("a.txt", b""), source("b.txt", b"\x00\x01\x02" * 50), source("c.txt", b"%PDF-1.7\n")]


class TestMarkdownLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader[Any]:
        return MarkdownLoader()

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        return [source("notes.md", "# Notes\n\nThere: Ada, Ben\n\n- a search box\n  - sorted\n\n**Ada:** Agreed.\n")]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [source("a.md", b" \n\n"), source("b.md", b"\x89PNG\r\n\x1a\n")]


class TestVttLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader[Any]:
        return VttLoader()

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        cues = "WEBVTT\n\n1\n00:00:01.000 --> 00:00:04.000\n<v Ada>We need a search box.</v>\n"
        return [source("talk.vtt", cues + "\n00:00:05.000 --> 00:00:06.000\nBen: Agreed.\n")]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [source("a.vtt", "WEBVTT\n\n"), source("b.vtt", "WEBVTT\n\n00:00 -> 00:04\nhello\n")]


class TestSrtLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader[Any]:
        return SrtLoader()

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        return [source("talk.srt", "1\n00:00:01,000 --> 00:00:04,000\nAda: We need a search box.\n")]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [source("a.srt", "1\n00:00:01,000 -> \nhello\n"), source("b.srt", b"")]


class TestFirefliesLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader[Any]:
        return FirefliesLoader()

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        text = '{"title": "Talk", "sentences": [{"text": "A search box.", "speaker_name": "Ada", "start_time": 1.5}]}'
        return [source("talk.json", text), source("list.json", '["We need a search box.", "Agreed."]')]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [source("a.json", '{"sentences": ['), source("b.json", "{}"), source("c.json", '{"sentences": [{}]}')]


def a_word_document(*paragraphs: str) -> bytes:
    """The least that Word opens."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{types}"><Override PartName="/word/document.xml" ContentType="{main}"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


class TestDocxLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader[Any]:
        return DocxLoader()

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        return [source("talk.docx", a_word_document("Ada: We need a search box.", "Ben: Agreed."))]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [source("a.docx", b"PK\x03\x04 no archive"), source("b.docx", a_word_document())]


class TestHtmlLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader[Any]:
        return HtmlLoader()

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        return [source("talk.html", "<!doctype html><h1>Talk</h1><p>Ada: We need a search box.</p><ul><li>Agreed</ul>")]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [source("a.html", "<html><script>no words</script></html>"), source("b.html", b"")]


class TestMailLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader[Any]:
        return MailLoader()

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        head = (
            "From: Ada <ada@example.org>\nTo: Ben <ben@example.org>\nSubject: Talk\nDate: Tue, 24 Nov 2026 10:00 +0000"
        )
        return [source("talk.eml", f"{head}\nMessage-ID: <1@example.org>\n\nWe need a search box.\n\n> Do we?\n")]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [source("a.eml", "From: Ada <ada@example.org>\nTo: Ben\nSubject: x\n\n"), source("b.eml", b"")]


def test_each_loader_of_the_workflow_is_tested_here() -> None:
    tested = {name.removeprefix("Test") for name in globals() if name.startswith("Test")}
    assert tested == {one.__name__ for one in LOADERS.values() if isinstance(one, type)}
    assert len(tested) == len(LOADERS)
