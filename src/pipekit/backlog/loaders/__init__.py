"""Readers of meetings, by the name that ``--input-format`` takes."""

from __future__ import annotations

from collections.abc import Mapping

from pipekit.backlog.loaders.fireflies import FirefliesLoader
from pipekit.backlog.loaders.mail import MailLoader
from pipekit.backlog.loaders.markdown import MarkdownLoader
from pipekit.backlog.loaders.subtitles import SrtLoader, VttLoader
from pipekit.backlog.loaders.transcript import TranscriptLoader
from pipekit.backlog.loaders.web_pages import HtmlLoader
from pipekit.backlog.loaders.word import DocxLoader
from pipekit.hookspecs import Factory

__all__ = [
    "LOADERS",
    "DocxLoader",
    "FirefliesLoader",
    "HtmlLoader",
    "MailLoader",
    "MarkdownLoader",
    "SrtLoader",
    "TranscriptLoader",
    "VttLoader",
]

LOADERS: Mapping[str, Factory] = {
    "text": TranscriptLoader,
    "markdown": MarkdownLoader,
    "vtt": VttLoader,
    "srt": SrtLoader,
    "fireflies": FirefliesLoader,
    "docx": DocxLoader,
    "html": HtmlLoader,
    "mail": MailLoader,
}
