"""Readers of meetings, by the name that ``--input-format`` takes."""

from __future__ import annotations

from collections.abc import Mapping

from pipekit.backlog.loaders.fireflies import FirefliesLoader
from pipekit.backlog.loaders.markdown import MarkdownLoader
from pipekit.backlog.loaders.subtitles import SrtLoader, VttLoader
from pipekit.backlog.loaders.transcript import TranscriptLoader
from pipekit.hookspecs import Factory

__all__ = ["LOADERS", "FirefliesLoader", "MarkdownLoader", "SrtLoader", "TranscriptLoader", "VttLoader"]

LOADERS: Mapping[str, Factory] = {
    "text": TranscriptLoader,
    "markdown": MarkdownLoader,
    "vtt": VttLoader,
    "srt": SrtLoader,
    "fireflies": FirefliesLoader,
}
