"""What the user wants: settings merged from defaults, files, environment and flags, each value with its origin.

    configuration = load_configuration(None, folder=Path.cwd(), environ=os.environ, profile="fast",
                                       overrides=[Override.parse("steps.step4.ragTopK=3"), Override.model("offline")])
    Override("workflow", name, "--workflow")   any other flag that stands for a setting
    configuration.faults                   everything that is wrong, each with file, line and column
    configuration.settings                 the core's settings, typed: settings.run.max_input_bytes
    configuration.model                    the default model: reference "ollama/llama3.2" and its origin
    configuration.model_for_all            the reference of --model, which holds for every step
    configuration.explain()                every effective value, masked, with its origin
    configuration.over(workflow.defaults, "workflow backlog")      laid over a workflow's defaults

    steps, faults = resolve_step_blocks(configuration, {"step3": "score-confidence", "score-confidence": …})
    steps["score-confidence"].core.enabled                         the core's keys of the block
    fill(EstimateSettings, steps["…"].node, steps["…"].path, ignore=STEP_KEYS)   a step's own, once its class is known

Config knows no plugin: the blocks of steps, providers, formats, retrievers, loaders and the store stay raw (`Node`)
until the plan knows which class each of them wants, and `fill` checks them then as strictly as the core's own.
Names are resolved on first use, so that importing this package loads no YAML parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipekit.lazy import on_first_use

if TYPE_CHECKING:
    from pipekit.config.configuration import Configuration, load_configuration
    from pipekit.config.explaining import Explained, explain
    from pipekit.config.keys import fold_key
    from pipekit.config.layers import Override
    from pipekit.config.model import (
        LLMSettings,
        OutputSettings,
        PluginSettings,
        RetrySettings,
        RunSettings,
        Settings,
        StepBlock,
    )
    from pipekit.config.origin import Layer, Origin
    from pipekit.config.references import ModelChoice, ModelReference, parse_reference
    from pipekit.config.starter import template
    from pipekit.config.steps import STEP_KEYS, ResolvedStep, resolve_step_blocks
    from pipekit.config.structuring import NoSettings, field_names, fill
    from pipekit.config.tree import Block, Entry, Node

_HOMES = {
    "Configuration": "configuration",
    "load_configuration": "configuration",
    "Explained": "explaining",
    "explain": "explaining",
    "Override": "layers",
    "LLMSettings": "model",
    "OutputSettings": "model",
    "PluginSettings": "model",
    "RetrySettings": "model",
    "RunSettings": "model",
    "Settings": "model",
    "StepBlock": "model",
    "Layer": "origin",
    "Origin": "origin",
    "ModelChoice": "references",
    "ModelReference": "references",
    "parse_reference": "references",
    "STEP_KEYS": "steps",
    "ResolvedStep": "steps",
    "resolve_step_blocks": "steps",
    "NoSettings": "structuring",
    "field_names": "structuring",
    "fill": "structuring",
    "template": "starter",
    "Entry": "tree",
    "Block": "tree",
    "Node": "tree",
    "fold_key": "keys",
}

__all__ = [
    "STEP_KEYS",
    "Block",
    "Configuration",
    "Entry",
    "Explained",
    "LLMSettings",
    "Layer",
    "ModelChoice",
    "ModelReference",
    "NoSettings",
    "Node",
    "Origin",
    "OutputSettings",
    "Override",
    "PluginSettings",
    "ResolvedStep",
    "RetrySettings",
    "RunSettings",
    "Settings",
    "StepBlock",
    "explain",
    "field_names",
    "fill",
    "fold_key",
    "load_configuration",
    "parse_reference",
    "resolve_step_blocks",
    "template",
]


__getattr__, __dir__ = on_first_use(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})
