"""What the results of a step depend on, now: the parts of its fingerprint, and of each item's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipekit.engine.binding import is_per_item
from pipekit.engine.fanout import items_of
from pipekit.engine.table import ArtifactTable
from pipekit.planning.plan import PlannedStep
from pipekit.serde import JSON, encode
from pipekit.state.fingerprint import Dependence, digest, fingerprint, short_digest

__all__ = ["dependence_of"]


def dependence_of(planned: PlannedStep, table: ArtifactTable, extras: Mapping[str, str]) -> Dependence:
    """What the step would depend on if it ran now; ``extras`` are things outside of run and configuration."""
    whole: dict[str, str] = {}
    by_item: dict[str, Callable[[str], JSON]] = {}
    for need in planned.signature.needs:
        if need.name not in table:
            continue
        if is_per_item(planned, need, table):
            shown = table.shown_items(need.name, need.annotation)
            by_item[need.name] = shown.get
        else:
            whole[need.name] = short_digest(table.shown(need.name, need.annotation))
    if planned.signature.service("artifacts") is not None:
        gathered = [name for name in table.names if name not in planned.step.provides]
        whole.update({name: table.digest(name) for name in gathered})
    parts = fingerprint(
        version=f"{planned.package or 'own'} {planned.step.version}".strip(),
        settings=dict(planned.settings_json),
        model=planned.model,
        code=None if planned.package else _code_of(planned),
        inputs=whole,
        extras={**planned.depends_on, **extras},
    )
    if planned.step.each is None:
        return Dependence(parts=parts)
    each = planned.step.each
    items = {
        item.id: " ".join([short_digest(item.shown), *(short_digest(of_item(item.id)) for of_item in by_item.values())])
        for item in (items_of(planned, table) if each in table else ())
    }
    return Dependence(parts=parts, item_parts=(each, *by_item), items=items)


def _code_of(planned: PlannedStep) -> str | None:
    """The digest of the source of a step's functions, for steps that no package version speaks for."""
    sources = planned.step.sources if planned.uses_offline_rule else planned.step.sources[:1]
    digests = [source.digest for source in sources]
    return digest(encode(digests)) if any(digests) else None
