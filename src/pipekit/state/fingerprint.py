"""When finished work still holds: what an output depended on, and what of it has changed."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from pipekit.serde import JSON, encode
from pipekit.state.record import StepRecord

__all__ = [
    "Dependence",
    "Drift",
    "changed_parts",
    "changes",
    "digest",
    "drift",
    "fingerprint",
    "item_changes",
    "short_digest",
]

#: Parts that are words and no digests.
_READABLE = frozenset({"version", "model", "temperature", "maxTokens"})
_ITEMS_SHOWN = 3


def digest(data: bytes) -> str:
    """sha256 of the bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def short_digest(value: JSON) -> str:
    """Enough of the digest of a JSON value to tell two of them apart: 12 hex digits."""
    return digest(encode(value))[:12]


@frozen(kw_only=True)
class Dependence:
    """What the results of a step depend on: ``parts`` by name (a word or a short digest).

    Of a fanned-out step ``items`` has the digests of what each item depends on beyond that, by item id, parted by
    spaces in the order of ``item_parts``.
    """

    parts: Mapping[str, str]
    item_parts: tuple[str, ...] = ()
    items: Mapping[str, str] = field(factory=dict)

    @functools.cached_property
    def basis(self) -> str:
        """A short digest of the step's parts."""
        return short_digest(dict(self.parts))

    def basis_of(self, item: str | None) -> str:
        """A short text for everything that one call of the step depends on."""
        return self.basis if item is None else f"{self.basis} {self.items[item]}"


@frozen
class Drift:
    """What changed since a step finished, in words: for all of it, and for single items by id. Empty: it holds."""

    step: tuple[str, ...] = ()
    items: Mapping[str, str] = field(factory=dict)

    def __bool__(self) -> bool:
        return bool(self.step or self.items)

    def __str__(self) -> str:
        shown = [f"{item}: {why}" for item, why in list(self.items.items())[:_ITEMS_SHOWN]]
        more = len(self.items) - len(shown)
        return "; ".join([*self.step, *shown, *([f"{more} more items"] if more else [])])


def changed_parts(step: StepRecord, now: Dependence) -> frozenset[str]:
    """The names of the parts that differ: of the whole step (``settings``, ``input meeting``), and of its items."""
    names = {*step.fingerprint, *now.parts}
    found = {name for name in names if step.fingerprint.get(name) != now.parts.get(name)}
    if step.each is not None and list(step.items.items()) != list(now.items.items()):
        if list(step.items) != list(now.items) or step.item_parts != now.item_parts:
            found.add(step.each)
        for item in step.items.keys() & now.items.keys():
            pairs = zip(step.items[item].split(" "), now.items[item].split(" "), strict=False)
            found.update(part for part, (old, new) in zip(now.item_parts, pairs, strict=False) if old != new)
    return frozenset(found)


def drift(step: StepRecord, now: Dependence) -> Drift:
    """Whether a finished step still holds, and what changed where it doesn't."""
    items = item_changes(step.items, now.items, now.item_parts, step.item_parts) if step.each is not None else {}
    found = list(changes(step.fingerprint, now.parts))
    if not found and not items and list(step.items) != list(now.items):
        found.append("the order of the items changed")
    return Drift(tuple(found), items)


def fingerprint(
    *,
    version: str,
    settings: JSON,
    model: str | None,
    code: str | None,
    inputs: Mapping[str, str],
    extras: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What an output depends on, by name, each as a short text or digest.

    ``version`` is the step's package and version, ``code`` the digest of its source where it isn't from an installed
    package, ``inputs`` the digests of the artifacts it read, ``extras`` anything else (prompt, retrievers, files).
    """
    parts = {"version": version, "settings": short_digest(_sorted(settings))}
    if model:
        parts["model"] = model
    if code:
        parts["code"] = code[:12]
    parts.update({f"input {name}": value[:12] for name, value in sorted(inputs.items())})
    parts.update(sorted((extras or {}).items()))
    return parts


def _sorted(settings: JSON) -> JSON:
    """Settings with the keys of every mapping in order: written in another order they mean the same."""
    if isinstance(settings, Mapping):
        return {key: _sorted(settings[key]) for key in sorted(settings)}
    return [_sorted(one) for one in settings] if isinstance(settings, list) else settings


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """What differs between two fingerprints, in words: ``settings changed``; empty when the work still holds."""
    names = sorted({*before, *now})
    return [_in_words(name, before.get(name), now.get(name)) for name in names if before.get(name) != now.get(name)]


def _in_words(name: str, before: str | None, now: str | None) -> str:
    if name in _READABLE:
        return f"{name} changed: {before or 'none'} → {now or 'none'}"
    if now is None or before is None:
        return f"{name} is {'new' if before is None else 'gone'}"
    return f"{name} changed"


def item_changes(
    before: Mapping[str, str], now: Mapping[str, str], parts: Sequence[str], parts_before: Sequence[str]
) -> Mapping[str, str]:
    """What differs for each item of a fanned-out step, by item id: ``candidates changed``, ``is new``, ``is gone``.

    Both have the digests of an item's parts, parted by spaces, in the order of ``parts`` and ``parts_before``.
    """
    found: dict[str, str] = {}
    for item, digests in now.items():
        if item not in before:
            found[item] = "is new"
        elif before[item] != digests:
            old = dict(zip(parts_before, before[item].split(" "), strict=False))
            new = dict(zip(parts, digests.split(" "), strict=False))
            found[item] = ", ".join(f"{name} changed" for name in parts if old.get(name) != new[name]) or "changed"
    found.update({item: "is gone" for item in before if item not in now})
    return found
