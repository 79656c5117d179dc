"""What a request asks, whichever vendor's form it has; and whether it is as a request should be."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from wirekit.server import Received

__all__ = ["Question", "faults_of"]

_MARKED = re.compile(r"<([\w-]+) ([0-9a-f]{16})>\n(.*?)\n</\1 \2>", re.DOTALL)
_PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "ollama": "/api/chat"}


@frozen(kw_only=True)
class Question:
    """The instructions, the user's part, and the schema that the answer is held to, from one request.

    ``data`` holds what stands between marks in the user's part, by name.
    """

    system: str
    user: str
    schema: Mapping[str, Any]
    model: str

    @classmethod
    def of(cls, vendor: str, request: Received) -> Question:
        """Read a request; fails where a part is missing."""
        body = request.json
        if vendor == "anthropic":
            system, messages = body.get("system"), body["messages"]
        else:
            system = next((one["content"] for one in body["messages"] if one["role"] == "system"), "")
            messages = [one for one in body["messages"] if one["role"] != "system"]
        return cls(
            system=_text(system), user=_text(messages[0]["content"]), schema=_schemas(body)[0], model=body["model"]
        )

    @property
    def data(self) -> Mapping[str, str]:
        return {name: text for name, _, text in _MARKED.findall(self.user)}

    @property
    def outside(self) -> str:
        """The user's part without what stands between marks."""
        return _MARKED.sub("", self.user)

    @property
    def task(self) -> str:
        """The step that asks, told from the schema it sends and not from its prompt."""
        fields = frozenset(self.schema["properties"])
        return next(task for task, told in _TOLD_BY.items() if told in fields)

    @property
    def digest(self) -> str:
        """The same for every request that asks the same: marks are drawn anew for each."""
        plain = re.sub(r"(</?[\w-]+ )[0-9a-f]{16}>", r"\1>", self.user)
        asked = [self.system, plain, self.model, json.dumps(self.schema, sort_keys=True)]
        return hashlib.sha256("\n".join(asked).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        item = self.data.get("candidate", "").partition(":")[0]
        return f"{self.task} {item}".strip()


#: A field that only the answer to this task has.
_TOLD_BY = {
    "detect-event": "indicators",
    "extract-candidates": "rejected",
    "score-confidence": "testability",
    "assess-risks": "scopeCreep",
    "generate-questions": "questions",
    "map-dependencies": "dependencies",
    "doctor": "isReady",
}


def _text(content: Any) -> str:
    """A text, or the texts of a list of parts."""
    return content if isinstance(content, str) else "".join(part["text"] for part in content or ())


def _schemas(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every schema that a request carries, in whatever way."""
    given = [tool.get("function", tool) for tool in body.get("tools") or ()]
    found = [tool.get("parameters") or tool.get("input_schema") for tool in given]
    native = (body.get("response_format") or {}).get("json_schema") or {}
    found += [native.get("schema"), ((body.get("output_config") or {}).get("format") or {}).get("schema")]
    found += [body.get("format") if isinstance(body.get("format"), dict) else None]
    return [schema for schema in found if schema]


def faults_of(vendor: str, request: Received, *, secrets: tuple[str, ...], spoken: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with a request; ``spoken`` are words of the transcript, to be found between marks or nowhere."""
    if request.path != _PATHS[vendor]:
        yield f"it goes to {request.path}"
    if not request.headers.get("content-type", "").startswith("application/json"):
        yield f"it is sent as {request.headers.get('content-type')}"
    text = request.body.decode()
    yield from (f"its body holds {secret}" for secret in secrets if secret in text)
    body = request.json
    roles = [message["role"] for message in body["messages"]]
    first = ["user"] if vendor == "anthropic" else ["system", "user"]
    if roles not in (first, [*first, "assistant", "user"]):  # asked, or told what was wrong with the answer
        yield f"its parts are {roles}"
    if len(_schemas(body)) != 1:
        yield f"it carries {len(_schemas(body))} schemas"
        return
    if body.get("tools") and not body.get("tool_choice") and vendor != "ollama":
        yield "it offers a tool, and lets the model choose whether to use it"
    question = Question.of(vendor, request)
    if not question.system.strip():
        yield "it has no instructions"
    if "meeting" not in question.data:
        yield "there is no transcript between marks"
    marks = {mark for _, mark, _ in _MARKED.findall(question.user)}
    if len(marks) != 1 or any(mark in question.system for mark in marks):
        yield f"its marks are {sorted(marks)}"
    for words in spoken:
        if words in question.system or words in question.outside:
            yield f"words of the transcript stand outside the marks: {words}"
