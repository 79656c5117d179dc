"""Nothing secret leaves the process: values of variables that look like keys are masked in all that is printed."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["mask", "mask_values"]

_NAMES = re.compile(r"key|token|secret|passw|credential|auth|cookie|private|dsn", re.IGNORECASE)
#: Shorter values are more likely to be ordinary words than secrets, and masking those would garble the message.
_SHORTEST = 8
_SHAPES = (
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),  # user:password in an address
    re.compile(r"(?<=\bBearer )[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"\b(?:sk|pk|rk|ghp|gho|xox[abp])[-_][A-Za-z0-9_-]{12,}"),
    re.compile(r"((?:api[_-]?key|access[_-]?token|secret|password)\"?\s*[=:]\s*\"?)[^\s\"',;&}]{4,}", re.IGNORECASE),
)
_MASK = "***"


def mask(text: str, environ: Mapping[str, str]) -> str:
    """The text without the values of secret-looking environment variables and without what has a secret's shape."""
    values = {value for name, value in environ.items() if len(value) >= _SHORTEST and _NAMES.search(name)}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, _MASK)
    for shape in _SHAPES:
        text = shape.sub(lambda found: (found.group(1) if found.re.groups else "") + _MASK, text)
    return text


def mask_values(value: object, environ: Mapping[str, str]) -> object:
    """The same for every text inside a JSON value."""
    if isinstance(value, str):
        return mask(value, environ)
    if isinstance(value, Mapping):
        return {key: mask_values(item, environ) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask_values(item, environ) for item in value]
    return value
