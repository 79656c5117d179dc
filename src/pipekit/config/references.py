"""Which model is meant: ``provider/model`` references out of ``provider:`` and ``model:`` in several layers.

- A ``model`` given in the same place as a ``provider`` is taken whole: ``provider: openrouter`` with
  ``model: meta/llama`` is ``openrouter/meta/llama``. The same place is one block of one layer.
- Otherwise a ``model`` is split at its first slash, and a bare name means the default provider.
- A provider from a higher layer never takes over a model that was chosen for another one: that is a fault which says
  so, and no guess.
- ``offline`` and ``replay`` stand alone. With nothing configured the model is ``offline``.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from pipekit.config.faults import describe, fault
from pipekit.config.origin import DEFAULT, Origin
from pipekit.config.tree import Node
from pipekit.errors import ConfigError

__all__ = ["OFFLINE", "RESERVED_PROVIDERS", "ModelChoice", "ModelReference", "choose_model", "parse_reference"]

#: Names that are both provider and model, and stand alone.
RESERVED_PROVIDERS = frozenset({"offline", "replay"})


@frozen
class ModelReference:
    """A provider and its model; ``model`` is empty for ``offline`` and ``replay``."""

    provider: str
    model: str = ""

    def __str__(self) -> str:
        """``ollama/llama3.2``, or ``offline``."""
        return f"{self.provider}/{self.model}" if self.model else self.provider

    @property
    def stands_alone(self) -> bool:
        """Whether this is one of the reserved names, which never take part in a fallback list."""
        return self.provider in RESERVED_PROVIDERS


@frozen
class ModelChoice:
    """A model reference and where it was chosen; ``origin`` is the model's own place where it has one."""

    reference: ModelReference
    origin: Origin


OFFLINE = ModelChoice(ModelReference("offline"), DEFAULT)


def parse_reference(text: str, default_provider: str | None, origin: Origin, path: str) -> ModelReference:
    """The reference that a text means; ConfigError where it means none."""
    text = text.strip()
    if text in RESERVED_PROVIDERS:
        return ModelReference(text)
    provider, slash, model = text.partition("/")
    provider, model = provider.strip(), model.strip()
    if slash and provider in RESERVED_PROVIDERS:
        raise fault(f"{path} is {text!r}, but {provider} stands alone", origin, field=path, hint=f"write {provider}")
    if slash and provider and model:
        return ModelReference(provider, model)
    if slash or not text:
        raise fault(f"{path} must be provider/model, not {text!r}", origin, field=path, hint="write ollama/llama3.2")
    if default_provider is None or default_provider in RESERVED_PROVIDERS:
        raise fault(
            f"{path} names a model and no provider, {text!r}",
            origin,
            field=path,
            hint=f"write provider/{text}, such as ollama/{text}, or set llm.provider",
        )
    return ModelReference(default_provider, text)


def choose_model(
    blocks: Iterable[Node], path: str, *, default_provider: str | None = None
) -> tuple[ModelChoice | None, str | None, list[ConfigError]]:
    """The model that these blocks choose (``llm``, or one step's, of each layer, lowest first).

    Returns the choice (None where nothing is chosen, or where it is faulty), the provider that bare names mean from
    here on, and the faults.
    """
    provider: tuple[str, Origin] | None = None
    fixed: ModelChoice | None = None
    bare: tuple[str, Origin] | None = None  # a model whose provider is still to come
    clash = False  # a higher layer changed the provider and not the model
    faults: list[ConfigError] = []
    for block in blocks:
        given = _text(block, "provider", path, faults)
        model = _text(block, "model", path, faults)
        provider = given or provider
        if given and given[0] in RESERVED_PROVIDERS:
            fixed, bare, clash = ModelChoice(ModelReference(given[0]), given[1]), None, False
        elif model:
            fixed, bare, clash = None, None, False
            text, origin = model
            if given and text not in RESERVED_PROVIDERS:
                fixed = ModelChoice(ModelReference(given[0], text), origin)
            elif "/" in text or text in RESERVED_PROVIDERS or (provider and provider[0] not in RESERVED_PROVIDERS):
                try:
                    fixed = ModelChoice(
                        parse_reference(text, provider and provider[0], origin, f"{path}.model"), origin
                    )
                except ConfigError as error:
                    faults.append(error)
            else:
                bare = model
        elif given and bare:
            fixed, bare = ModelChoice(ModelReference(given[0], bare[0]), bare[1]), None
        elif given and fixed:
            clash = fixed.reference.provider != given[0]
    if bare and not faults:
        try:
            fixed = ModelChoice(parse_reference(bare[0], default_provider, bare[1], f"{path}.model"), bare[1])
        except ConfigError as error:
            faults.append(error)
    if provider and not faults and (clash or fixed is None):
        faults.append(_no_model(provider, fixed, path))
    for name in (provider and provider[0], fixed and fixed.reference.provider):
        if name and name not in RESERVED_PROVIDERS:
            default_provider = name
            break
    return (None if faults else fixed), default_provider, faults


def _no_model(provider: tuple[str, Origin], below: ModelChoice | None, path: str) -> ConfigError:
    name, origin = provider
    message = f"no model goes with {path}.provider, {name}"
    if below is not None:
        message = f"{path}.provider is {name}, but the model set at {below.origin} belongs elsewhere, {below.reference}"
    return fault(message, origin, field=f"{path}.provider", hint=f"set {path}.model in the same place as the provider")


def _text(block: Node, key: str, path: str, faults: list[ConfigError]) -> tuple[str, Origin] | None:
    """The text of a key of a block; what is no text is a fault, and nothing counts as not set."""
    node = block.get(key)
    if node is None or node.value is None:
        return None
    text = node.text if node.text is not None else node.value
    if isinstance(text, str) and text.strip():
        return text.strip(), node.origin
    field = f"{path}.{key}"
    faults.append(
        fault(f"{field} must be text, not {describe(node.value, key)}", node.origin, field=field, hint="name it")
    )
    return None
