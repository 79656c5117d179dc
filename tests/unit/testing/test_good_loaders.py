"""The loaders of the workflow pass the contract that strangers' loaders pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipekit.backlog.loaders import FirefliesLoader, MarkdownLoader, SrtLoader, TranscriptLoader, VttLoader
from pipekit.interfaces import Loader, Source
from pipekit.testing import LoaderContract

MEETINGS = Path(__file__).parents[2] / "data" / "meetings"


def meeting(name: str) -> Source:
    """One of the meetings, no more of it than tells."""
    return Source(name=name, content=(MEETINGS / name).read_bytes())


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
