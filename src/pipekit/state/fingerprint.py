"""When finished work still holds: what an output depended on, and what of it has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from pipekit.serde import JSON, encode

__all__ = ["changes", "digest", "fingerprint"]


def digest(data: bytes) -> str:
    """sha256 of the bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


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
    parts = {"version": version, "settings": digest(encode(settings))[:16]}
    if model:
        parts["model"] = model
    if code:
        parts["code"] = code[:16]
    parts.update({f"input {name}": value[:16] for name, value in sorted(inputs.items())})
    parts.update(sorted((extras or {}).items()))
    return parts


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """What differs between two fingerprints, in words: ``settings changed``; empty when the work still holds."""
    names = sorted({*before, *now})
    return [f"{name} changed" for name in names if before.get(name) != now.get(name)]
