"""How keys are compared, and how pipekit itself spells them."""

from __future__ import annotations

__all__ = ["camel_case", "fold_key", "split_path"]


def fold_key(key: str) -> str:
    """The form in which keys are compared: ``ragTopK``, ``rag_top_k`` and ``RAG-TOP-K`` are one key."""
    return key.replace("_", "").replace("-", "").lower()


def camel_case(name: str) -> str:
    """A field's name as pipekit writes it in files: ``rag_top_k`` becomes ``ragTopK``."""
    first, *others = name.strip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def split_path(path: str) -> list[str]:
    """The names in a dotted path; one that holds a dot is quoted: ``llm.models."openai/gpt-4.1-mini".window``.

    Empty where a quote isn't closed, or something follows it.
    """
    import csv

    try:
        rows = list(csv.reader([path], delimiter=".", strict=True))
    except csv.Error:
        return []
    return [part.strip() for part in rows[0]] if len(rows) == 1 else []
