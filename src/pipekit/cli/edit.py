"""``pipekit edit``: an item of a run in the person's own editor."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipekit.cli.group import SingleCommand
from pipekit.cli.offers import looking_here
from pipekit.cli.options import configured, open_pipeline, run_argument
from pipekit.cli.terminal import clean, say, talk

if TYPE_CHECKING:
    from pipekit.cli.drafts import Draft
    from pipekit.errors import PipekitError
    from pipekit.pipeline import Pipeline

__all__ = ["edit"]


@click.command(cls=SingleCommand)
@run_argument("name")
@click.argument("item", metavar="ITEM")
@configured
def edit(name: str, item: str, **flags: Any) -> None:
    """Open ITEM of RUN (candidate-2) in $VISUAL or $EDITOR, and make again what depends on it.

    What is saved is checked, and the run's record says that a person changed the item. Nothing that the change doesn't
    touch is made again. An editor that is left without a change changes nothing. What can't be taken is kept, and the
    next edit of the item opens it again.
    """
    from pipekit.errors import PipekitError

    pipeline = open_pipeline(flags)
    run_id = pipeline.runs.resolve(name)
    collection, entry = pipeline.item(run_id, item)
    wanted = pipeline.workflow.editable.get(collection) or [field for field in entry if field != "id"]
    shown = {field: entry[field] for field in wanted if field in entry}
    text = _template(run_id, item, shown)
    draft = _draft(run_id, item, text)
    if draft.reopened and _was_taken(pipeline, run_id, item, draft):
        draft.remove()
        draft = _draft(run_id, item, text)
    if draft.reopened:
        say(f"what you wrote about {item} before wasn't taken, and is opened again", err=True)
        say("to forget it, empty the file", err=True)
    try:
        _edited(pipeline, run_id, item, draft)
    except BaseException as error:
        if _was_taken(pipeline, run_id, item, draft):
            draft.remove()
        elif isinstance(error, PipekitError):
            error.hint = f"{error.hint}\n{_kept(run_id, item, draft)}"
        else:
            say(_kept(run_id, item, draft), err=True)
        raise
    draft.remove()


def _edited(pipeline: Pipeline, run_id: str, item: str, draft: Draft) -> None:
    """Open the draft until what it says is taken, or nothing."""
    from pipekit.cli.run import go_on
    from pipekit.errors import PipekitError
    from pipekit.options import Resume

    while True:
        _open(draft.path)
        try:
            changed = _changed(draft)
            if not changed:
                say("nothing was changed", err=talk().json)
                return
            go_on(pipeline, run_id, Resume(edits={item: changed}), {"edited": item, "fields": list(changed)})
        except PipekitError as error:
            if not _is_a_mistake(error) or not _wants_to_correct(error):
                raise
        else:
            return


def _draft(run_id: str, item: str, text: str) -> Draft:
    from pipekit.cli.drafts import open_draft
    from pipekit.config.user_folders import user_folder
    from pipekit.errors import StorageError

    folder = user_folder("state", os.environ) / "edits"
    try:
        return open_draft(folder, run_id, item, text)
    except OSError as error:
        raise StorageError(
            f"there is no place for what you write: {error.strerror}",
            where=str(error.filename or folder),
            hint="make the folder writable, or name another one in XDG_STATE_HOME",
        ) from error


def _changed(draft: Draft) -> dict[str, object]:
    from pipekit.errors import InputError

    try:
        return draft.changed()
    except OSError as error:
        raise InputError(
            f"can't be read any more: {error.strerror}", file=str(draft.path), hint="save it under the same name"
        ) from error


def _kept(run_id: str, item: str, draft: Draft) -> str:
    return looking_here(f"what you wrote is kept in {draft.path}: pipekit edit {run_id} {shlex.quote(item)} opens it")


def _was_taken(pipeline: Pipeline, run_id: str, item: str, draft: Draft) -> bool:
    """Whether the run holds what the draft says, or the draft nothing that could be lost."""
    from pipekit.errors import PipekitError

    try:
        _, entry = pipeline.item(run_id, item)
        return all(name in entry and entry[name] == value for name, value in draft.changed().items())
    except (PipekitError, OSError):
        return False


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
