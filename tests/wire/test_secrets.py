"""A server gets keys with every request, and may repeat them in an answer that is good otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from wirekit.cases import Case
from wirekit.desk import open_desk
from wirekit.failing_runs import CANARIES, leaks, project_with_secrets
from wirekit.question import Question
from wirekit.reader import answer_to
from wirekit.vendors import VENDORS, Said, Vendor

pytestmark = pytest.mark.timeout(300)  # several processes each, which all load a vendor's packages
#: Words of a model that no rule compares with the transcript.
_FREE = ("description", "recommendations", "assessment", "context")
_REPEATED = f"as I was told by {', '.join(CANARIES)}."


def _repeating(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_repeating(one) for one in answer]
    if not isinstance(answer, Mapping):
        return answer
    found = {name: _repeating(value) for name, value in answer.items()}
    for name in set(_FREE) & set(found):
        found[name] = [*found[name], _REPEATED] if isinstance(found[name], list) else f"{found[name]} {_REPEATED}"
    return found


def _plain(text: str) -> str:
    return text


def _escaped(text: str) -> str:
    """The same JSON with the secrets written as no search for them would find them."""
    for canary in CANARIES:
        text = text.replace(canary, canary.replace("-", r"\u002D").replace("c", r"\u0063"))
    return text


@pytest.mark.parametrize(
    ("vendor", "written"),
    [(VENDORS["openai"], _plain), (VENDORS["openai"], _escaped), (VENDORS["anthropic"], _plain)],
    ids=["openai", "openai, escaped", "anthropic"],
)
def test_a_model_that_repeats_secrets_puts_them_into_no_file(vendor: Vendor, written: Any, tmp_path: Path) -> None:
    def repeat(question: Question) -> Case:
        said = Said(text=written(json.dumps(_repeating(answer_to(question)))))
        return lambda vendor, exchange: vendor.answer(exchange, said)

    with (
        open_desk(vendor, trouble=repeat) as desk,
        open_desk(VENDORS["anthropic" if vendor.name == "openai" else "openai"]) as other,
    ):
        project = project_with_secrets(tmp_path, *sorted((desk, other), key=lambda one: one.vendor.name, reverse=True))
        flags = ("--set", "output.includeRaw=true", "--set", "output.dir=made")
        done = project.call("run", "meeting.txt", "--model", f"{vendor.name}/{vendor.model}", "--record", "r", *flags)
    assert done.returncode == 0, done.stderr
    again = project.call("run", "meeting.txt", "--replay", "r", "--json", *flags)
    assert again.returncode == 0, again.stdout + again.stderr

    shown = "".join(path.read_text() for path in (tmp_path / "made").rglob("*") if path.is_file())
    assert "as I was told by ***" in shown, "the words of the model are there, without the secrets"
    assert list(leaks(tmp_path, done.stdout + done.stderr + again.stdout + again.stderr)) == []
