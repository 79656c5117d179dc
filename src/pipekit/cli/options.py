"""Options that many commands share, and the pipeline they describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pipekit.options import Resume
    from pipekit.pipeline import Pipeline
    from pipekit.planning.select import Selection

__all__ = [
    "configured",
    "configured_for_models",
    "going_on",
    "known_runs",
    "make_pipeline",
    "open_pipeline",
    "resume_options",
    "run_argument",
    "selecting",
    "selection",
    "store_from_here",
]

F = TypeVar("F", bound=Callable[..., Any])

_MODEL = click.option("--model", metavar="REF", help="Model for all steps: provider/model, or offline.")
_MODELS = click.option(
    "--model", "models", metavar="REF", multiple=True, help="Model for all steps; give it again to compare models."
)

_BEFORE_MODEL = (
    click.option("--config", metavar="FILE", help="Configuration file, in place of the project's."),
    click.option("--profile", metavar="NAME", help="Lay this profile of the configuration over it."),
    click.option("--workflow", metavar="NAME", help="The workflow to run."),
    click.option("--store", metavar="URL", help="Where runs are kept: file:FOLDER, sqlite:FILE, or a plugin's."),
)

_BEHIND_MODEL = (
    click.option("--record", metavar="FILE", help="Add every question to a model and its reply to this file."),
    click.option("--replay", metavar="FILE", help="Take the replies of this recording in the place of a model."),
    click.option(
        "--set", "assignments", metavar="PATH=VALUE", multiple=True, help="Set one setting: steps.step4.ragTopK=3."
    ),
    click.option(
        "--budget",
        "budgets",
        metavar="KIND=MOST",
        multiple=True,
        help="The most that a run may spend on models in all: usd=2, tokens=50000 or calls=20.",
    ),
    click.option("--strict-plugins", is_flag=True, help="A plugin that can't be used is an error, needed or not."),
    click.option("--trust", is_flag=True, help="Trust the project's own steps, and where it sends keys, this time."),
)

_SELECTION = (
    click.option("--only", metavar="STEP", multiple=True, help="Run these steps and nothing else."),
    click.option("--skip", metavar="STEP", multiple=True, help="Leave these steps out."),
    click.option("--until", metavar="STEP", help="Stop after this step, with the run paused."),
)


def configured(function: F) -> F:
    """Add the options that say how a pipeline is configured; they arrive as ``**flags`` for `open_pipeline`."""
    return _with((*_BEFORE_MODEL, _MODEL, *_BEHIND_MODEL), function)


def configured_for_models(function: F) -> F:
    """The same for several pipelines: ``--model`` may be given again, and arrives as ``models``."""
    return _with((*_BEFORE_MODEL, _MODELS, *_BEHIND_MODEL), function)


def _with(options: Sequence[Callable[[F], F]], function: F) -> F:
    for option in reversed(options):
        function = option(function)
    return function


def selecting(function: F) -> F:
    """Add ``--only``, ``--skip`` and ``--until``."""
    return _with(_SELECTION, function)


_GOING_ON = (
    click.option("--from-step", metavar="STEP", help="Run again from this step on."),
    click.option(
        "--stale",
        type=click.Choice(("rerun", "keep")),
        help="Finished steps that no longer hold: make them again, or keep them.",
    ),
    click.option("--accept-edits", is_flag=True, help="Take step files that were corrected by hand."),
    click.option(
        "--answer", "answers", metavar="KEY=VALUE", multiple=True, help="Answer a question of the run; JSON, or text."
    ),
    click.option("--fork", is_flag=True, help="Go on in a new run, and leave this one as it is."),
)


def going_on(function: F) -> F:
    """Add the options that say how to go on with a run; `resume_options` makes the value of them."""
    return _with(_GOING_ON, function)


def resume_options(flags: dict[str, Any], select: Selection) -> tuple[Resume, bool]:
    """How to go on, taken out of the flags, and whether in a new run."""
    from pipekit.options import Resume

    options = Resume(
        from_step=flags.pop("from_step"),
        stale=flags.pop("stale") or "stop",
        accept_edits=flags.pop("accept_edits"),
        select=select,
    )
    return options, flags.pop("fork")


def run_argument(name: str, *, required: bool = True, default: str | None = None) -> Callable[[F], F]:
    """Add an argument that names a run; the shell completes it from the newest runs."""
    # A default, also one of None, would make the argument optional.
    more: dict[str, Any] = {} if default is None else {"default": default}
    metavar = "RUN" if required else "[RUN]"
    return click.argument(name, metavar=metavar, required=required, shell_complete=known_runs, **more)


def known_runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The runs that a shell completes: the newest whose ids begin so."""
    try:
        from pipekit.interfaces.state_stores import RunQuery

        pipeline = open_pipeline({name: ctx.params.get(name) for name in ("config", "profile", "store")})
        found = pipeline.runs.find(RunQuery(prefix=incomplete, limit=20))
        return ["last"] * "last".startswith(incomplete) + [run.run_id for run in found]
    except Exception:  # noqa: BLE001 - a completion that can't be made is no completion, and never a message
        return []


def selection(only: tuple[str, ...], skip: tuple[str, ...], until: str | None) -> Selection:
    """The narrowed plan; several steps may also stand in one option, parted by commas."""
    from pipekit.planning.select import Selection

    return Selection(only=_parted(only), skip=_parted(skip), until=until)


def _parted(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def make_pipeline(**arguments: Any) -> Pipeline:
    """A pipeline; the one place where the command line makes them."""
    from pipekit.pipeline import Pipeline

    return Pipeline(**arguments)


def open_pipeline(flags: Mapping[str, Any]) -> Pipeline:
    """The pipeline that the options of `configured` describe; missing ones count as not given."""
    settings: dict[str, str] = {}
    if flags.get("assignments"):
        from pipekit.config.layers import Override
        from pipekit.config.secret_settings import refuse_secret

        for assignment in flags["assignments"]:
            override = Override.parse(assignment)
            refuse_secret(override.path, override.text)
            settings[override.path] = override.text
    settings.update(_budgets(flags.get("budgets") or ()))
    if flags.get("strict_plugins"):
        settings["plugins.strict"] = "true"
    if flags.get("store"):
        settings["store"] = store_from_here(flags["store"])
    # Paths of the command line count from where one is, those of settings from the configuration's folder.
    if flags.get("record"):
        settings["llm.record"] = str(Path(flags["record"]).absolute())
    if flags.get("replay"):
        settings["llm.providers.replay.file"] = str(Path(flags["replay"]).absolute())
    return make_pipeline(
        config=flags.get("config"),
        profile=flags.get("profile"),
        workflow=flags.get("workflow"),
        model="replay" if flags.get("replay") else flags.get("model"),
        settings=settings,
        trust=bool(flags.get("trust")),
    )


def _budgets(texts: Sequence[str]) -> dict[str, str]:
    """The settings that ``--budget usd=2,calls=20`` means."""
    found: dict[str, str] = {}
    for text in texts:
        for one in text.split(","):
            kind, equals, most = (part.strip() for part in one.partition("="))
            if not kind.isalpha() or not equals or not most:
                from pipekit.errors import UsageError

                raise UsageError(
                    f"--budget needs a kind and an amount, not {one.strip()[:40]!r}",
                    hint="write --budget usd=2, tokens=50000 or calls=20; several are parted by commas",
                )
            found[f"llm.budget.{kind}"] = most
    return found


def store_from_here(url: str, flag: str = "--store") -> str:
    """A store's address; the path in one of ours counts from where one is."""
    from pipekit.config.secret_settings import refuse_secret

    refuse_secret("store", url, flag)
    scheme, colon, location = url.partition(":")
    return f"{scheme}:{Path(location).absolute()}" if colon and location and scheme in ("file", "sqlite") else url
