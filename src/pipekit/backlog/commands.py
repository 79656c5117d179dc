"""``pipekit dor``: the workflow's own command, given by the hook that any plugin has."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from pipekit import Pipeline
from pipekit.backlog.dor import CHECKS, Criterion
from pipekit.backlog.dor import FILE_NAME as DOR_FILE
from pipekit.backlog.settings import ReadinessSettings, ScoreSettings
from pipekit.backlog.weighing import FILE_NAME as SCORING_FILE
from pipekit.backlog.weighing import Weighing
from pipekit.errors import StorageError, UsageError

__all__ = ["dor"]

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--config", metavar="FILE", help="Configuration file, in place of the project's."),
    click.option("--profile", metavar="NAME", help="Lay this profile of the configuration over it."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."),
    click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks."),
)


def _configured(function: Any) -> Any:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group(context_settings=_CONTEXT)
@click.option("--json", is_flag=True, expose_value=False, help="Print one JSON document and nothing else.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
def dor() -> None:
    """Write the team's Definition of Ready and scoring, or show what holds."""


@frozen(kw_only=True)
class _InForce:
    """The folder of the configuration, and the settings of the two steps that read the team's files."""

    folder: Path
    readiness: ReadinessSettings
    scores: ScoreSettings

    @property
    def dor_file(self) -> Path:
        """Where the Definition of Ready is looked for."""
        return self.folder / (self.readiness.dor or DOR_FILE)

    @property
    def scoring_file(self) -> Path:
        """Where the scoring is looked for."""
        return self.folder / (self.scores.scoring or SCORING_FILE)


@dor.command(context_settings=_CONTEXT)
@_configured
def init(config: str | None, profile: str | None, as_json: bool) -> None:
    """Write the Definition of Ready and the scoring that hold now as the team's own files.

    They go beside the configuration, as dor.yaml and scoring.yaml, or where the settings say. A file that is there
    already is left as it is.
    """
    from pipekit.backlog.team_templates import dor_template, weighing_template

    now = _settings(config, profile)
    texts = {
        now.dor_file: dor_template(),
        now.scoring_file: weighing_template(now.scores.over(Weighing())),
    }
    kept = [path for path in texts if os.path.lexists(path)]
    if len(kept) == len(texts):
        raise UsageError(
            f"{' and '.join(map(_shown, kept))} are there already, and are left as they are",
            kind="exists",
            hint="edit them, and see what holds: pipekit dor show",
        )
    written = [path for path in texts if path not in kept]
    for path in written:
        _write(path, texts[path])
    if as_json:
        click.echo(json.dumps({"written": list(map(str, written)), "kept": list(map(str, kept))}, ensure_ascii=False))
        return
    for path in written:
        click.echo(f"wrote {_shown(path)}")
    for path in kept:
        click.echo(f"{_shown(path)} is there already, and is left as it is")
    if now.scores.weights is not None or now.scores.threshold is not None:
        click.echo("the configuration sets weights or a threshold, which go before the file: take them out there")
    click.echo("change them, and see what holds: pipekit dor show")


@dor.command(context_settings=_CONTEXT)
@_configured
def show(config: str | None, profile: str | None, as_json: bool) -> None:
    """Show the criteria and the weights that hold, and which files they come from."""
    now = _settings(config, profile)
    definition, weighing = now.readiness.definition(now.folder), now.scores.weighing(now.folder)
    files = [str(path) if path.exists() else None for path in (now.dor_file, now.scoring_file)]
    lists = {"required": definition.required, "recommended": definition.recommended}
    weights = dict(weighing.weights.by_name())
    if as_json:
        criteria = {name: [_plain(one) for one in many] for name, many in lists.items()}
        scoring = {"file": files[1], "weights": weights, "threshold": weighing.threshold}
        click.echo(json.dumps({"dor": {"file": files[0], **criteria}, "scoring": scoring}, ensure_ascii=False))
        return
    click.echo(f"Definition of Ready: {files[0] or 'the one that comes with pipekit'}")
    for name, many in lists.items():
        click.echo(f"  {name}:" if many else f"  {name}: nothing")
        for one in many:
            click.echo(f"    {one.text} ({_check_shown(one)})")
    click.echo(f"scoring: {files[1] or 'what comes with pipekit'}")
    click.echo("  " + ", ".join(f"{name} {weight:g}" for name, weight in weights.items()))
    click.echo(f"  flagged below {weighing.threshold}")


def _plain(one: Criterion) -> dict[str, object]:
    return {"text": one.text, "check": one.check, **_numbers_of(one)}


def _check_shown(one: Criterion) -> str:
    numbers = "".join(f", {name} {number}" for name, number in _numbers_of(one).items())
    return f"{one.check}{numbers}" if one.check else "for a person to answer"


def _numbers_of(one: Criterion) -> dict[str, int]:
    """The numbers that hold for it, those of its check included."""
    known = {"atLeast": one.least(), "atMost": one.most()}
    return {name: known[name] for name in (CHECKS[one.check].numbers if one.check else ())}


def _settings(config: str | None, profile: str | None) -> _InForce:
    """What the configuration says of the two files. Its mistakes are raised; those in the files are not looked for."""
    from pipekit import Selection

    # With a step alone that reads neither of the files, so that a plan can be made before they are there.
    pipeline = Pipeline(config, workflow="backlog", profile=profile, model="offline")
    steps = {step.name: step.settings for step in pipeline.plan(select=Selection(only=("detect-event",))).steps}
    return _InForce(
        folder=pipeline.configuration.folder,
        readiness=steps["check-readiness"]["settings"],
        scores=steps["score-confidence"]["settings"],
    )


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a part of it would be read by the next command."""
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(
            f"can't be written: {error.strerror or error}",
            path=str(path),
            errno=error.errno,
            hint="make the folder, or make it writable, then try again",
        ) from error


def _shown(path: Path) -> str:
    """The path as people know it: from the working directory where it lies below."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
