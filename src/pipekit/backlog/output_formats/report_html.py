"""``report.html``: the whole run as one page that needs nothing else, for people who weren't in the meeting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipekit.backlog.output_formats.page_rules import broken_rule, policy
from pipekit.errors import PluginError
from pipekit.interfaces import OutputFile, RunView
from pipekit.markdown import visible

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["ReportHtml"]

_SHIPPED = Path(__file__).parent / "templates"


class ReportHtml:
    """Board, questions, graph, candidates, transcript and timeline, without a script and without the network.

    A project's own ``templates/report.html`` or ``templates/report.css``, beside the configuration, stands in the place
    of the shipped file; ``{% extends "shipped/report.html" %}`` changes single blocks of it.
    """

    needs: Sequence[str] = (
        "candidates",
        "meeting",
        "event?",
        "rejected?",
        "extraction_notes?",
        "dependencies?",
        "confidence?",
        "context?",
        "risks?",
        "questions?",
        "readiness?",
        "batch_readiness?",
        "review?",
    )

    def __init__(self, folder: Path) -> None:
        self._own = folder / "templates"

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """One file."""
        # Only here: every run loads this module, and few make a report.
        from jinja2 import TemplateError, TemplateSyntaxError

        from pipekit.backlog.output_formats.report_view import report_view

        try:
            page = self._page(report_view(run))
        except TemplateSyntaxError as error:
            raise self._broken(f"{error.name}, line {error.lineno}: {error.message}") from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, OSError) as error:
            if not self._own.is_dir():
                raise
            raise self._broken(str(error)) from error
        return [OutputFile(path="report.html", content=page.encode())]

    def _page(self, names: dict[str, object]) -> str:
        from markupsafe import Markup

        environment = _environment(self._own)
        assert environment.loader is not None
        style, _, _ = environment.loader.get_source(environment, "report.css")
        if "<" in style.replace("< ", "").replace("<=", ""):
            raise self._broken("report.css: a style can't hold '<' without a space after it")
        page = environment.get_template("report.html").render(
            names,
            # The browser takes exactly these bytes, and no other style.
            style=Markup(style),  # noqa: S704
            policy=Markup(policy(style)),  # noqa: S704
        )
        problem = broken_rule(page, policy(style))
        if problem:
            raise self._broken(problem)
        return page

    def _broken(self, problem: str) -> PluginError:
        return PluginError(
            f"the report can't be made: {problem}",
            kind="template",
            where=str(self._own),
            hint="mend the template, or move it away: pipekit has its own",
        )


def _environment(own: Path) -> Environment:
    """Templates of the project before those that come along. They reach what they are given and nothing else."""
    from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    shipped = FileSystemLoader(_SHIPPED)
    return ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(own), shipped, PrefixLoader({"shipped": shipped})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
