"""The blocks of ``steps:``, once the names of the steps are known.

A step has several names (``step3``, ``3``, ``score-confidence``), and config knows none of them. The plan hands them
over, and names are resolved layer by layer: two names of one step in one layer are a fault, while a file's ``step3``
and an environment variable's ``SCORE_CONFIDENCE`` are the same block in two layers and merge as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from pipekit.config.faults import fault, suggestion
from pipekit.config.keys import fold_key
from pipekit.config.layers import merge
from pipekit.config.model import StepBlock
from pipekit.config.origin import DEFAULT, Origin
from pipekit.config.references import ModelChoice, choose_model
from pipekit.config.structuring import field_names, fill
from pipekit.config.tree import EMPTY, Entry, Node
from pipekit.errors import ConfigError

if TYPE_CHECKING:
    from pipekit.config.configuration import Configuration

__all__ = ["STEP_KEYS", "ResolvedStep", "resolve_step_blocks"]

#: Keys of a step's block that are the core's; all others are the step's own settings.
STEP_KEYS = field_names(StepBlock)


@frozen
class ResolvedStep:
    """One step's block over all layers.

    ``node`` is the merged block, ``core`` what the core reads of it, ``model`` the step's own choice (None: the
    default of the configuration), ``path`` the block's address as the user spelled it.
    """

    name: str
    path: str
    node: Node
    core: StepBlock
    model: ModelChoice | None

    def origin(self, key: str) -> Origin:
        """Where a key of the block was set; the defaults where it was not."""
        node = self.node.get(key)
        return DEFAULT if node is None else node.origin


def resolve_step_blocks(
    configuration: Configuration, names: Mapping[str, str]
) -> tuple[dict[str, ResolvedStep], list[ConfigError]]:
    """One `ResolvedStep` for every step, by its own name, and the faults found in the blocks.

    ``names`` maps every name that a step may be called by, its own included, to its own name. A step that no layer
    mentions gets an empty block. The faults cover names and the core's keys; a step's own settings are filled later,
    with ``fill(cls, step.node, step.path, ignore=STEP_KEYS)``.
    """
    canonical = {fold_key(alias): name for alias, name in names.items()}
    per_step: dict[str, list[Entry]] = {name: [] for name in names.values()}
    faults: list[ConfigError] = []
    for layer in configuration.layers:
        seen: dict[str, Entry] = {}
        steps = layer.get("steps") or EMPTY
        for entry in steps.entries:
            name = canonical.get(fold_key(entry.name))
            if name is None:
                faults.append(_unknown(entry, names))
            elif name in seen:
                faults.append(_twice(name, seen[name], entry))
            else:
                seen[name] = entry
                per_step[name].append(entry)
    resolved = {}
    for name, entries in per_step.items():
        resolved[name], found = _resolve(name, entries, configuration)
        faults.extend(found)
    return resolved, faults


def _resolve(name: str, entries: list[Entry], configuration: Configuration) -> tuple[ResolvedStep, list[ConfigError]]:
    path = f"steps.{entries[0].name if entries else name}"
    node = merge(entry.value for entry in entries)
    core, faults = fill(StepBlock, node.only(*STEP_KEYS), path)
    model = None
    if configuration.model_for_all is None and not any(
        one.field in (f"{path}.model", f"{path}.provider") for one in faults
    ):
        model, _, wrong = choose_model(
            (entry.value for entry in entries), path, default_provider=configuration.default_provider
        )
        faults.extend(wrong)
    return ResolvedStep(name, path, node, core or StepBlock(), model), faults


def _unknown(entry: Entry, names: Mapping[str, str]) -> ConfigError:
    path = f"steps.{entry.name}"
    # The names of the steps themselves make the better list; the aliases only help to guess.
    hint = suggestion(entry.name, names, otherwise=suggestion("", dict.fromkeys(names.values())))
    return fault(f"there is no step {entry.name}", entry.origin, field=path, hint=hint, kind="unknown-step")


def _twice(name: str, first: Entry, second: Entry) -> ConfigError:
    return fault(
        f"{second.name} and {first.name} are the same step, {name}, set first at {first.origin}",
        second.origin,
        field=f"steps.{second.name}",
        hint="put both blocks under one of the names",
    )
