"""Plugins as listings show them: what they give, how they are, and why one was set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

__all__ = ["Health", "PluginInfo"]

Health = Literal["ok", "partly", "set aside", "blocked"]


@frozen(kw_only=True)
class PluginInfo:
    """One plugin. ``names`` lists what it gives by kind (steps, workflows, …), ``load_ms`` is what loading it took.

    ``health`` is ``ok``, ``set aside`` (with the ``reason``), ``partly`` when only some of what it gives was refused,
    or ``blocked`` by the configuration.
    """

    name: str
    package: str = ""
    version: str = ""
    builtin: bool = False
    local: bool = False
    names: Mapping[str, tuple[str, ...]] = field(factory=dict)
    load_ms: float = 0.0
    health: Health = "ok"
    reason: str = ""
    hint: str = ""

    @property
    def label(self) -> str:
        """Package and version, as plans and records name them."""
        return f"{self.package} {self.version}".strip()
