from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from pipekit.config.configuration import Configuration
from pipekit.config.keys import fold_key
from pipekit.config.model import Settings
from pipekit.config.starter import template
from pipekit.config.steps import resolve_step_blocks
from pipekit.config.structuring import field_names

Load = Callable[..., Configuration]
NAMES = {f"step{number}": f"step{number}" for number in range(1, 9)} | {"score-confidence": "score-confidence"}


def test_the_template_loads_without_a_fault_and_changes_no_default(load: Load) -> None:
    configuration = load(template())
    _, faults = resolve_step_blocks(configuration, NAMES)

    assert configuration.faults == ()
    assert faults == []
    assert str(configuration.model and configuration.model.reference) == "offline"
    raw = {"llm", "steps", "profiles"}
    for attribute in attrs.fields(Settings):
        if attribute.name not in raw:
            assert getattr(configuration.settings, attribute.name) == getattr(Settings(), attribute.name)


def test_what_the_template_shows_as_a_comment_would_load_as_well(load: Load) -> None:
    shown = re.sub(r"(?m)^( *)# ( *(?:- |[\w-]+:( |$)))", r"\1\2", template())
    shown = shown.replace("  provider: offline\n", "")

    configuration = load(shown)
    _, faults = resolve_step_blocks(configuration, NAMES)

    assert [str(one) for one in configuration.faults] == []
    assert faults == []
    assert str(configuration.model and configuration.model.reference) == "ollama/llama3.2"
    assert [str(one.reference) for one in configuration.fallback] == ["ollama/mistral"]


def test_the_template_mentions_every_setting_of_the_core() -> None:
    words = {fold_key(word) for word in re.findall(r"[A-Za-z]+(?=:)", template())}
    left_to_the_reference = {"retrievers", "loaders"}

    assert {name for name in field_names(Settings) if fold_key(name) not in words} == left_to_the_reference
