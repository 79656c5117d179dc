"""Prompts: Markdown files beside a step's module, overridden by the project's, rendered with values as data.

A file has front matter (``task``, ``version``) and two parts, ``# System`` and ``# User``, both Jinja templates;
without these headings all of it is the user's part. Only that one sees the inputs, each as text or JSON between
delimiters with random content. The system's part sees nothing but settings, so that no word of a transcript gets there.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from pipekit.errors import PluginError
from pipekit.interfaces.steps import is_settings
from pipekit.serde import unstructure

__all__ = [
    "Prompt",
    "Rendered",
    "find_prompt",
    "normalised",
    "prompt_digest",
    "read_prompt",
    "render_prompt",
    "tasks_in",
]

#: Longer than any prompt that a model should get as instructions.
_MOST_BYTES = 200_000
_FRONT = re.compile(r"---[ \t]*\r?\n(.*?\n)---[ \t]*\r?\n", re.DOTALL)
_PART = re.compile(r"^# (System|User)[ \t]*$", re.MULTILINE)
_FRONT_LINE = re.compile(r"^(\w+)[ \t]*:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_MARK = re.compile(r"(</?[A-Za-z_][\w-]* )[0-9a-f]{16}>")


@frozen(kw_only=True)
class Prompt:
    """A prompt as its author wrote it: two templates, the ``version`` of its front matter, where it lies.

    ``digest`` is that of its bytes, as `prompt_digest` gives it.
    """

    task: str
    version: str
    system: str
    user: str
    path: Path
    digest: str


@frozen(kw_only=True)
class Rendered:
    """What a model is told: instructions, and the question with its data."""

    system: str
    user: str


def find_prompt(task: str, folders: Sequence[Path]) -> Path:
    """The first ``<task>.md`` in the folders; `PluginError` that names the places when there is none."""
    if not task.replace("-", "").replace("_", "").isalnum():
        raise PluginError(f"a task is named like a step, not {task!r}", kind="prompt")
    places = _places(task, tuple(folders))
    for path in places:
        if os.path.isfile(path):  # noqa: PTH113 - every item asks, and pathlib takes as long as the disk
            return path
    raise PluginError(
        f"there is no prompt for the task {task!r}",
        kind="prompt",
        where=" or ".join(map(str, places)),
        hint="ship prompts/<task>.md beside the step's module as package data",
    )


@functools.lru_cache(maxsize=128)
def _places(task: str, folders: tuple[Path, ...]) -> Sequence[Path]:
    """Where the prompt of a task may be, the first one first."""
    return [folder / f"{task}.md" for folder in folders]


def tasks_in(folder: Path) -> Iterable[str]:
    """The tasks that a folder holds prompts for, sorted."""
    return sorted(path.stem for path in folder.glob("*.md")) if folder.is_dir() else []


def prompt_digest(task: str, folders: Sequence[Path]) -> str | None:
    """A short digest of a task's prompt, None when there is none."""
    try:
        return _digest(find_prompt(task, folders).read_bytes())
    except (PluginError, OSError):
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def read_prompt(path: Path) -> Prompt:
    """A prompt from its file; `PluginError` with the line where it isn't one."""
    try:
        now = os.stat(path)  # noqa: PTH116 - see above
    except OSError as error:
        raise _broken(path, f"it can't be read: {error.strerror or error}", "make it readable") from error
    return _read(path, (now.st_ino, now.st_mtime_ns, now.st_size))


@functools.lru_cache(maxsize=128)
def _read(path: Path, stamp: tuple[int, int, int]) -> Prompt:  # noqa: ARG001 - another file, another prompt
    """The prompt as it is at this moment; every item of a step asks with the same one."""
    try:
        data = path.read_bytes()
        if len(data) > _MOST_BYTES:
            raise _broken(path, f"it is longer than {_MOST_BYTES:,} bytes", "say less")
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise _broken(path, f"it can't be read: {error.strerror or error}", "make it readable") from error
    except UnicodeDecodeError as error:
        raise _broken(path, f"it is not UTF-8 (byte {error.start})", "save it as UTF-8") from error
    front = _FRONT.match(text)
    about = dict(_FRONT_LINE.findall(front.group(1))) if front else {}
    body = text[front.end() :] if front else text
    for key in sorted(set(about) - {"task", "version"}):
        raise _broken(path, f"its front matter has an unknown key: {key}", "it takes task and version", text, key)
    if about.get("task", path.stem) != path.stem:
        raise _broken(path, f"it says that it is for {about['task']!r}", f"call it {about['task']}.md", text, "task")
    parts = {match.group(1): match for match in _PART.finditer(body)}
    if parts and "User" not in parts:
        raise _broken(path, "it has no part '# User'", "give it the parts '# System' and '# User'")
    ends = sorted(match.start() for match in _PART.finditer(body))

    def part(name: str) -> str:
        if name not in parts:
            return ""
        start = parts[name].end()
        return body[start : next((end for end in ends if end > start), len(body))].strip()

    return Prompt(
        task=path.stem,
        version=about.get("version", "1"),
        system=part("System"),
        user=part("User") if parts else body.strip(),
        path=path,
        digest=_digest(data),
    )


def _broken(path: Path, problem: str, hint: str, text: str = "", near: str = "") -> PluginError:
    line = text[: text.find(near)].count("\n") + 1 if near and near in text else None
    where = f"{path}:{line}" if line else str(path)
    return PluginError(f"the prompt can't be used: {problem}", kind="prompt", where=where, hint=hint)


def render_prompt(prompt: Prompt, inputs: Mapping[str, object]) -> Rendered:
    """The prompt with its inputs: settings as they are, all else as delimited data, never as a template."""
    from jinja2 import TemplateError, TemplateSyntaxError

    mark = secrets.token_hex(8)
    settings = {name: _plain(value) for name, value in inputs.items() if is_settings(type(value))}
    data = {name: _delimited(name, value, mark) for name, value in inputs.items() if name not in settings}

    def rendered(part: str, template: str, values: Mapping[str, Any]) -> str:
        if "{" not in template:
            return template
        try:
            return str(_template(template).render(values))
        except TemplateSyntaxError as error:
            raise _broken(prompt.path, f"{part}, line {error.lineno}: {error.message}", "mend the template") from error
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            hint = "mend the template; its system part sees settings only" if part == "System" else "mend the template"
            raise _broken(prompt.path, f"{part}: {error}", hint) from error

    return Rendered(
        system=rendered("System", prompt.system, settings), user=rendered("User", prompt.user, {**settings, **data})
    )


@functools.lru_cache(maxsize=128)
def _template(text: str) -> Any:
    """A compiled template; every item of a step asks with the same one."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)


def normalised(text: str) -> str:
    """A rendered text with its delimiters made the same for every call, so that equal questions are equal."""
    return _MARK.sub(r"\1…>", text)


def _plain(settings: Any) -> Any:
    """Settings as a template sees them: their fields by their Python names."""
    import attrs

    return attrs.asdict(settings)


def _delimited(name: str, value: object, mark: str) -> str:
    text = value if isinstance(value, str) else json.dumps(unstructure(value), ensure_ascii=False, indent=1)
    return f"<{name} {mark}>\n{text}\n</{name} {mark}>"
