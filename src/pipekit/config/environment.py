"""Settings from environment variables. Nothing else in pipekit reads the environment for settings.

``PIPEKIT_STEPS__STEP5__ENABLED=false`` is ``steps.step5.enabled``: two underscores go one level down. A value is
what it would be in the file (``false``, ``0.3``, ``[json, markdown]``), and a setting that wants text takes it as it
stands. An empty variable counts as not set. Keys of services (``ANTHROPIC_API_KEY`` and the like) are never read
here: secrets stay in the environment, and the provider that needs one asks for it by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import evolve, frozen

from pipekit.config.faults import closest, fault
from pipekit.config.keys import fold_key
from pipekit.config.layers import Assignment, assigned
from pipekit.config.origin import Origin
from pipekit.config.scalars import resolve_scalar
from pipekit.config.tree import Node
from pipekit.errors import ConfigError

__all__ = ["OTHER_TOOLS", "RESERVED", "FromEnvironment", "parse_text", "read_environment"]

PREFIX = "PIPEKIT_"

#: Variables of other tools and the settings they stand for; every PIPEKIT_… variable wins over them.
OTHER_TOOLS: Mapping[str, str] = {
    "LLM_PROVIDER": "llm.provider",
    "LLM_MODEL": "llm.model",
    "OLLAMA_BASE_URL": "llm.providers.ollama.baseUrl",
}

#: Variables with our prefix that choose what is read, or how pipekit itself behaves, and are no settings.
RESERVED = frozenset({"PIPEKIT_CONFIG", "PIPEKIT_PROFILE", "PIPEKIT_DEBUG"})

#: Spelled with one underscore for the sake of the hand that types it in an emergency.
_SHORT = {"PIPEKIT_PLUGINS_OFF": "plugins.off"}


@frozen
class FromEnvironment:
    """What the environment says: the other tools' layer, our own, the reserved variables, and what is wrong."""

    other_tools: Node
    own: Node
    config: str | None
    profile: str | None
    faults: tuple[ConfigError, ...]
    warnings: tuple[str, ...]


def read_environment(environ: Mapping[str, str], known: Collection[str]) -> FromEnvironment:
    """Read both layers; ``known`` are the names of the settings at the top level.

    A variable without ``__`` that is no setting and resembles none is passed over with a warning: container
    platforms make up names such as PIPEKIT_SERVICE_HOST for a service that happens to be called pipekit.
    """
    own: list[Assignment] = []
    faults: list[ConfigError] = []
    warnings: list[str] = []
    top = {fold_key(name) for name in known}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in RESERVED or not environ[name].strip():
            continue
        path = _SHORT.get(name) or ".".join(part.lower() for part in name.removeprefix(PREFIX).split("__"))
        if not all(fold_key(part) for part in path.split(".")):
            faults.append(
                fault(
                    f"{name} names no setting",
                    Origin("environment", name),
                    hint="write PIPEKIT_LLM__MODEL and the like",
                )
            )
            continue
        if "." not in path and fold_key(path) not in top and closest(path, known) is None:
            warnings.append(f"{name} is not a setting of pipekit and was passed over")
            continue
        origin = Origin("environment", name)
        try:
            own.append(Assignment(path, _value(name, environ[name], origin), origin))
        except ConfigError as error:
            faults.append(error)
    others = [
        Assignment(
            path, parse_text(environ[name], Origin("environment", name), plain=True), Origin("environment", name)
        )
        for name, path in OTHER_TOOLS.items()
        if environ.get(name, "").strip()
    ]
    tree, wrong = assigned(own, "environment")
    return FromEnvironment(
        other_tools=assigned(others, "environment")[0],
        own=tree,
        config=environ.get("PIPEKIT_CONFIG", "").strip() or None,
        profile=environ.get("PIPEKIT_PROFILE", "").strip() or None,
        faults=(*faults, *wrong),
        warnings=tuple(warnings),
    )


def _value(name: str, text: str, origin: Origin) -> Node:
    if name in _SHORT and text.strip() in ("0", "1"):
        return Node(text.strip() == "1", origin)
    return parse_text(text, origin)


def parse_text(text: str, origin: Origin, *, plain: bool = False) -> Node:
    """A value written outside of a file: a scalar as it stands, or a list, mapping or quoted text in YAML's brackets.

    ``plain`` keeps it a scalar whatever it begins with.
    """
    stripped = text.strip()
    if not plain and stripped[:1] in ("[", "{", '"', "'"):
        from pipekit.config.files import parse_yaml

        return parse_yaml(stripped, origin)
    return evolve(Node(resolve_scalar(stripped), origin), text=stripped)
