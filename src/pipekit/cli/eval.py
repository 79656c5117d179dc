"""``pipekit eval``: run the workflow over inputs with known answers, and say how it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.offers import given_options, look_in
from pipekit.cli.options import configured_for_models, open_pipeline
from pipekit.cli.terminal import print_json, print_table, say, talk

if TYPE_CHECKING:
    from pipekit.evaluation.bounds import Broken
    from pipekit.evaluation.results import Evaluation, Variant
    from pipekit.pipeline import Pipeline

__all__ = ["evaluate"]

#: What an evaluation writes lies here, beside the configuration: the runs, and the reports.
HOME = ".pipekit-eval"
#: Settings of the runs of an evaluation, unless they are set by a flag: a store of their own, nothing outside of it.
_SETTINGS = {"store": f"file:{HOME}/runs", "output.dir": "null"}


@click.command(cls=SingleCommand)
@click.argument("folder", metavar="FOLDER")
@configured_for_models
@click.option(
    "--prompts", metavar="DIR", multiple=True, help="Folder of prompts in the place of prompts/; again to compare them."
)
@click.option("--min", "least", metavar="METRIC=NUMBER", multiple=True, help="End with 11 where a metric is below.")
@click.option("--max", "most", metavar="METRIC=NUMBER", multiple=True, help="End with 11 where a metric is above.")
@click.option("--output", metavar="DIR", help=f"Where the reports go, in the place of {HOME}.")
def evaluate(
    folder: str,
    models: tuple[str, ...],
    prompts: tuple[str, ...],
    least: tuple[str, ...],
    most: tuple[str, ...],
    output: str | None,
    **flags: Any,
) -> None:
    """Run the workflow over the inputs in FOLDER that have a gold file, NAME.gold.yaml, and measure the results.

    The runs are kept in a store of their own: what is finished there and still holds isn't run again. The tables are
    printed, and written as Markdown, JSON and a page.
    """
    from pipekit.cli.evaluating import run_all
    from pipekit.evaluation.bounds import broken_bounds, read_bounds
    from pipekit.evaluation.gold import read_gold
    from pipekit.evaluation.results import EXPENSES, Evaluation
    from pipekit.evaluation.scoring import GuardedScorer

    variants = _variants(flags, models, prompts)
    pipeline = variants[0][1]
    workflow = pipeline.workflow
    scorer = GuardedScorer(workflow, pipeline.registry.plugin_of("pipekit_workflows", workflow.name))
    metrics = (*scorer.metrics, *EXPENSES)
    bounds = [*read_bounds("min", least, metrics), *read_bounds("max", most, metrics)]
    gold = read_gold(Path(folder), scorer)
    evaluation = Evaluation(
        folder=folder,
        workflow=workflow.name,
        metrics=metrics,
        passed_over=[path.name for path in gold.passed_over],
    )
    reports = _report_folder(Path(output) if output else pipeline.configuration.path(HOME))
    evaluation = run_all(evaluation, gold.cases, variants, scorer, again=["pipekit", "eval", *given_options(), folder])
    broken = broken_bounds(evaluation, bounds)
    name = Path(folder).resolve().name or "evaluation"
    files = _write(reports, name, evaluation, broken)
    _answer(evaluation, broken, files)


def _variants(
    flags: Mapping[str, Any], models: Sequence[str], prompts: Sequence[str]
) -> list[tuple[Variant, Pipeline]]:
    """Every model with every folder of prompts, each checked as far as that can be done without an input."""
    from pipekit.errors import UsageError
    from pipekit.evaluation.results import Variant

    found: dict[str, tuple[Variant, Pipeline]] = {}
    given = {assignment.partition("=")[0].strip().lower() for assignment in flags["assignments"]}
    given |= {"store"} if flags.get("store") else set()
    own = [f"{path}={text}" for path, text in _SETTINGS.items() if not given & {path, f"{path}.url"}]
    if not given & {"store", "store.url"}:
        look_in(_SETTINGS["store"])
    for folder in prompts or (None,):
        if folder is not None and not Path(folder).is_dir():
            raise UsageError(
                f"--prompts names no folder: {folder}", hint="copy one to start from: pipekit prompts copy"
            )
        asked = [] if folder is None else [f"llm.prompts={Path(folder).absolute()}"]
        for model in models or (None,):
            settings = (*flags["assignments"], *own, *asked)
            pipeline = open_pipeline({**flags, "model": model, "assignments": settings})
            variant = Variant(model=pipeline.plan().model, prompts=folder)
            found.setdefault(variant.name, (variant, pipeline))
    return list(found.values())


def _report_folder(folder: Path) -> Path:
    """The folder, made before anything is paid for that couldn't be reported then."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        from pipekit.errors import StorageError

        raise StorageError(
            f"no reports can be written to {folder}: {error.strerror or error}",
            path=str(folder),
            errno=error.errno,
            hint="name another folder with --output",
        ) from error
    return folder


def _write(folder: Path, name: str, evaluation: Evaluation, broken: Sequence[Broken]) -> list[Path]:
    """The reports, named after the folder that was evaluated."""
    import json

    from pipekit.evaluation.documents import to_json, to_markdown
    from pipekit.evaluation.page import to_page
    from pipekit.secrecy import mask

    texts = {
        "md": to_markdown(evaluation, broken),
        "json": json.dumps(to_json(evaluation, broken), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "html": to_page(evaluation, broken),
    }
    files = [folder / f"{name}.{suffix}" for suffix in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(mask(text), encoding="utf-8", newline="\n", errors="replace")
    return files


def _answer(evaluation: Evaluation, broken: Sequence[Broken], files: Sequence[Path]) -> None:
    from pipekit.cli.exits import AnsweredError
    from pipekit.cli.outcome import shown_path
    from pipekit.evaluation.documents import to_json

    document = {**to_json(evaluation, broken), "files": [shown_path(file) for file in files]}
    if not talk().json:
        _print(evaluation, files)
    error = _verdict(evaluation, broken)
    if error is not None:
        raise AnsweredError(error, document)
    if talk().json:
        print_json(document)


def _print(evaluation: Evaluation, files: Sequence[Path]) -> None:
    from pipekit.cli.outcome import shown_path
    from pipekit.evaluation.tables import comparison, inputs_of

    say()
    for result in evaluation.variants:
        if len(evaluation.variants) > 1:
            say(result.variant.name)
        table = inputs_of(evaluation, result)
        print_table(table.columns, table.rows)
        say()
    both = comparison(evaluation)
    print_table(both.columns, both.rows)
    say()
    if evaluation.passed_over:
        say(f"gold for something else, passed over: {', '.join(evaluation.passed_over)}")
    say(f"reports: {', '.join(shown_path(file) for file in files)}")


def _verdict(evaluation: Evaluation, broken: Sequence[Broken]) -> Any:
    """The error that the command ends with: inputs without a score, or bounds that aren't kept."""
    from pipekit.cli.telling import next_lines
    from pipekit.errors import BatchError

    failed = [(variant, one) for variant, one in evaluation.failed]
    if failed:
        ways = [line for _, one in failed if one.error for line in next_lines(one.error)]
        again = "then the same command again; what is finished isn't run again"
        return BatchError(
            f"{len(failed)} of {sum(len(one.outcomes) for one in evaluation.variants)} runs have no score",
            failed=[(f"{variant.name}, {one.name}", one.error) for variant, one in failed if one.error],
            hint="\n".join([*dict.fromkeys(ways), again]),
        )
    if broken:
        return BatchError(
            "; ".join(str(one) for one in broken),
            kind="below-minimum" if broken[0].bound.side == "min" else "above-maximum",
            hint="the reports say what was missed in each input",
        )
    return None
