"""``pipekit repair``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.terminal import print_json, print_table, say, talk

if TYPE_CHECKING:
    from pipekit.interfaces.state_stores import Damage

__all__ = ["repair"]


@click.command(cls=SingleCommand)
@run_argument("name")
@click.option("--yes", is_flag=True, help="Do it: move what is damaged aside, and go on with the run.")
@click.option("--no-resume", is_flag=True, help="With --yes: repair and leave it at that.")
@configured
def repair(name: str, yes: bool, no_resume: bool, **flags: Any) -> None:
    """Look for damage in RUN, say what can be done about it, and with --yes do it.

    Nothing is deleted: damaged files move to the folder damaged/ of the run. Then the run goes on from its last good
    step.
    """
    from pipekit.cli.exits import AnsweredError
    from pipekit.cli.run import go_on
    from pipekit.errors import StateError
    from pipekit.options import Resume

    pipeline = open_pipeline(flags)
    run_id = pipeline.runs.resolve(name)
    found = pipeline.runs.repair(run_id) if yes else pipeline.runs.examine(run_id)
    document = _document(run_id, found, done=yes)
    if not talk().json:
        _tell(run_id, found, done=yes)
    if found and not yes:
        error = StateError(
            f"{run_id} is damaged: {found[0].file}: {found[0].problem}",
            run_id=run_id,
            hint=f"nothing was changed; do what is proposed: pipekit repair {run_id} --yes",
        )
        raise AnsweredError(error, document)
    if found and not no_resume:
        go_on(pipeline, run_id, Resume(), document)
    elif talk().json:
        print_json(document)


def _document(run_id: str, found: Sequence[Damage], *, done: bool) -> dict[str, object]:
    from pipekit.serde import unstructure

    return {"runId": run_id, "repaired": done, "damages": [unstructure(one) for one in found]}


def _tell(run_id: str, found: Sequence[Damage], *, done: bool) -> None:
    if not found:
        say(f"{run_id} is not damaged")
        return
    print_table(
        ("file", "what is wrong", "done" if done else "proposed"), [(d.file, d.problem, d.remedy) for d in found]
    )
