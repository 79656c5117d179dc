"""The workflow's hooks: it enters pipekit like anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipekit.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

    from pipekit.hookspecs import Factory
    from pipekit.interfaces import Step, Workflow

pipekit_api = 1


@hookimpl
def pipekit_steps() -> Iterable[Step[..., Any, Any]]:
    """The eight numbered steps, map-dependencies and batch-readiness; review-candidates for those who enable it."""
    from pipekit.backlog.steps.review_candidates import review_candidates
    from pipekit.backlog.workflow import STEPS

    return [*STEPS, review_candidates]


@hookimpl
def pipekit_workflows() -> Iterable[Workflow]:
    """``backlog``."""
    from pipekit.backlog.workflow import BACKLOG

    return [BACKLOG]


@hookimpl
def pipekit_loaders() -> Mapping[str, Factory]:
    """Readers of meetings."""
    from pipekit.backlog.loaders import LOADERS

    return LOADERS


@hookimpl
def pipekit_output_formats() -> Mapping[str, Factory]:
    """``json``, ``markdown``, ``summary``, ``html``, ``csv`` and ``github``."""
    from pipekit.backlog.output_formats import OUTPUT_FORMATS

    return OUTPUT_FORMATS


@hookimpl
def pipekit_commands() -> Iterable[click.Command]:
    """``pipekit dor``."""
    from pipekit.backlog.commands import dor

    return [dor]
