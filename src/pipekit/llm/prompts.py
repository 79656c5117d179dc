"""Prompts: Markdown files beside a step's module, overridden by the project's, rendered with values as data."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipekit.errors import PluginError
from pipekit.serde import unstructure

__all__ = ["find_prompt", "prompt_digest", "render_prompt"]


def find_prompt(task: str, folders: Sequence[Path]) -> Path:
    """The first ``<task>.md`` in the folders; `PluginError` that names the places when there is none."""
    if not task.replace("-", "").replace("_", "").isalnum():
        raise PluginError(f"a task is named like a step, not {task!r}", kind="prompt")
    for folder in folders:
        path = folder / f"{task}.md"
        if path.is_file():
            return path
    places = " or ".join(str(folder / f"{task}.md") for folder in folders)
    raise PluginError(
        f"there is no prompt for the task {task!r}",
        kind="prompt",
        where=places,
        hint="ship prompts/<task>.md beside the step's module as package data",
    )


def prompt_digest(task: str, folders: Sequence[Path]) -> str | None:
    """A short digest of a task's prompt, None when there is none."""
    try:
        return hashlib.sha256(find_prompt(task, folders).read_bytes()).hexdigest()[:12]
    except (PluginError, OSError):
        return None


def render_prompt(path: Path, inputs: Mapping[str, object]) -> str:
    """The prompt with its inputs: each a JSON text between delimiters with random content, never a template itself."""
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    mark = secrets.token_hex(8)
    values = {name: _delimited(name, value, mark) for name, value in inputs.items()}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    try:
        return environment.from_string(path.read_text(encoding="utf-8")).render(values)
    except (TemplateError, OSError, UnicodeDecodeError) as error:
        raise PluginError(
            f"the prompt can't be rendered: {error}", kind="prompt", where=str(path), hint="mend the template"
        ) from error


def _delimited(name: str, value: object, mark: str) -> str:
    text = json.dumps(unstructure(value), ensure_ascii=False, indent=1)
    return f"<{name} {mark}>\n{text}\n</{name} {mark}>"
