"""attrs values ↔ JSON, one way everywhere: camelCase names, ISO 8601 UTC times, strict on the way in.

``unstructure`` gives plain JSON values, ``structure`` checks them against a type and says where they don't fit,
``encode`` and ``decode`` are the bytes. ``cattrs`` is used here and nowhere else, and is loaded on first use.
"""

from __future__ import annotations

from pipekit.serde.annotations import typed_fields
from pipekit.serde.encoding import JSON, MAX_DEPTH, MisfitError, decode, encode
from pipekit.serde.sharing import is_immutable
from pipekit.serde.structuring import camel_case, structure, unstructure

__all__ = [
    "JSON",
    "MAX_DEPTH",
    "MisfitError",
    "camel_case",
    "decode",
    "encode",
    "is_immutable",
    "structure",
    "typed_fields",
    "unstructure",
]
