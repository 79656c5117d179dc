"""How keys are compared, and how pipekit itself spells them."""

from __future__ import annotations

__all__ = ["camel_case", "fold_key"]


def fold_key(key: str) -> str:
    """The form in which keys are compared: ``ragTopK``, ``rag_top_k`` and ``RAG-TOP-K`` are one key."""
    return key.replace("_", "").replace("-", "").lower()


def camel_case(name: str) -> str:
    """A field's name as pipekit writes it in files: ``rag_top_k`` becomes ``ragTopK``."""
    first, *others = name.strip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)
