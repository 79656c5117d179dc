"""``pipekit edit``: an item of a run in the person's own editor."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.terminal import clean, say, talk

if TYPE_CHECKING:
    from pipekit.errors import PipekitError

__all__ = ["edit"]


@click.command(cls=SingleCommand)
@run_argument("name")
@click.argument("item", metavar="ITEM")
@configured
def edit(name: str, item: str, **flags: Any) -> None:
    """Open ITEM of RUN (candidate-2) in $VISUAL or $EDITOR, and make again what depends on it.

    What is saved is checked, and the run's record says that a person changed the item. Nothing that the change doesn't
    touch is made again. An editor that is left without a change changes nothing.
    """
    from pipekit.cli.run import go_on
    from pipekit.errors import PipekitError
    from pipekit.options import Resume

    pipeline = open_pipeline(flags)
    run_id = pipeline.runs.resolve(name)
    collection, entry = pipeline.item(run_id, item)
    wanted = pipeline.workflow.editable.get(collection) or [field for field in entry if field != "id"]
    shown = {field: entry[field] for field in wanted if field in entry}
    with tempfile.TemporaryDirectory(prefix="pipekit-") as folder:
        path = Path(folder) / f"{_file_name(item)}.yaml"
        path.write_text(_template(run_id, item, shown), encoding="utf-8")
        while True:
            _open(path)
            try:
                changed = _changed(path, shown)
                if not changed:
                    say("nothing was changed", err=talk().json)
                    return
                go_on(pipeline, run_id, Resume(edits={item: changed}), {"edited": item, "fields": list(changed)})
            except PipekitError as error:
                if not _is_a_mistake(error) or not _wants_to_correct(error):
                    raise
            else:
                return


def _file_name(item: str) -> str:
    """A name for the file that is the item's id, but for what a file can't be called; ids are any text."""
    return re.sub(r"[^\w.-]+", "_", item)[:80]


def _is_a_mistake(error: PipekitError) -> bool:
    return error.kind in ("edit", "input")


def _wants_to_correct(error: PipekitError) -> bool:
    """Ask whether to open the editor again, where somebody is there to be asked."""
    if talk().json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    say(str(error), err=True)
    return click.confirm("Open it again?", default=True)


def _template(run_id: str, item: str, fields: Mapping[str, Any]) -> str:
    lines = [f"# {item} of {run_id}. Save and leave the editor to go on; leave it unchanged to change nothing.", ""]
    for name, value in fields.items():
        if isinstance(value, list) and value:
            lines += [f"{name}:", *(f"  - {_scalar(one)}" for one in value)]
        else:
            lines.append(f"{name}: {_scalar(value)}")
    return "\n".join(lines) + "\n"


def _scalar(value: object) -> str:
    # JSON is YAML; what steers terminals is escaped in it.
    text = json.dumps(value, ensure_ascii=False)
    return text if clean(text) == text else json.dumps(value)


def _changed(path: Path, before: Mapping[str, Any]) -> dict[str, object]:
    from pipekit.cli.answer_files import parse_fields

    after = parse_fields(path.read_bytes(), path.name)
    return {name: value for name, value in after.items() if name not in before or before[name] != value}


def _open(path: Path) -> None:
    from pipekit.errors import UsageError

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError(
            "no editor is named", kind="no-editor", hint="name one: EDITOR=nano pipekit edit …, or export EDITOR"
        )
    try:
        click.edit(filename=str(path), editor=editor)
    except click.ClickException as error:
        raise UsageError(
            f"the editor can't be used: {error.format_message()}", kind="no-editor", hint="name another one in EDITOR"
        ) from error
