"""Nothing secret leaves the process: what is written down or shown is masked first.

Three things count as secret: the values of environment variables whose names say so, passwords inside addresses that
stand in any variable, and what the configuration holds under such names (`remember`). What merely has a secret's shape
is masked, too. This module is a leaf: it imports only the standard library.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

__all__ = [
    "MASK",
    "is_secret_variable",
    "mask",
    "mask_values",
    "password_in",
    "remember",
    "secrets_in",
    "without_secrets",
]

MASK = "***"

#: Shorter values are more likely to be ordinary words than secrets, and masking those would garble the message.
_SHORTEST = 8
#: Names whose values are secrets. A part of a word isn't enough: GIT_AUTHOR_NAME holds no authorization.
_VARIABLE = re.compile(
    r"(?:^|_)(?:API|ACCESS|PRIVATE|SECRET|AUTH|SIGNING)?KEYS?(?:_?\d+)?$"
    r"|TOKENS?(?:_?\d+)?$"
    r"|SECRETS?(?:_?\d+|_KEY_BASE)?$"
    r"|(?:PASSWORD|PASSWD|PASSPHRASE|_PWD)(?:_?\d+)?$"
    r"|AUTHORIZATION|_AUTH$|(?:^|_)(?:COOKIE|DSN)$"
)
_PASSWORD = re.compile(r"://[^/\s:@\"'<>]*:([^/\s\"'<>]+)@")

_KEYS = (
    r"(?:api[_-]?key|access[_-]?key|(?:access|auth)[_-]?token|(?:client[_-]?)?secret(?:[_-]?key)?"
    r"|password|passwd|passphrase|authorization)[\"']?\s*"
)
_VALUE = r"[^\s\"',;&}]"
#: A value that stands in JSON doesn't take the backslash of the quote after it along.
_END = r"(?<!\\)"
#: How far a digit is looked for: without an end, a text of nothing but beginnings would be read once for each of them.
_NEAR = "{0,200}"
_SHAPES = (
    re.compile(r"(://)[^/\s:@\"'<>]*:[^/\s\"'<>]+(?=@)"),  # user:password in an address
    re.compile(rf"({_KEYS}=\s*[\"']?)(?:(?:bearer|basic|token) +)?{_VALUE}{{4,}}{_END}", re.IGNORECASE),
    # After a colon there is prose, too ("the password: at least so long"); a secret has a digit.
    re.compile(
        rf"({_KEYS}:\s*[\"']?)(?:(?:bearer|basic|token) +)?(?={_VALUE}{_NEAR}\d){_VALUE}{{4,}}{_END}", re.IGNORECASE
    ),
    re.compile(rf"(\b(?:bearer|basic) +)(?=[\w.~+/=-]{_NEAR}\d)[\w.~+/=-]{{8,}}", re.IGNORECASE),
    re.compile(rf"()\b(?:sk|pk|rk|ghp|gho|xox[abp])[-_](?=[\w-]{_NEAR}\d)[\w-]{{12,}}"),
)

#: A letter of ASCII written as JSON may write it and needn't; a quote and a backslash have to be written so.
_NEEDLESS = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u00([2-7][0-9a-f])|/)", re.IGNORECASE)

#: What the configurations of this process hold. One set for all of them: a value that is secret for one pipeline isn't
#: fit to be shown by another one, and a message doesn't say where it comes from.
_remembered: set[str] = set()


def is_secret_variable(name: str) -> bool:
    """Whether an environment variable of this name holds a secret: ``ACME_API_KEY``, ``GITHUB_TOKEN``."""
    return _is_secret(name)


@functools.lru_cache(maxsize=2048)
def _is_secret(name: str) -> bool:
    return _VARIABLE.search(name.upper()) is not None


def password_in(text: str) -> str | None:
    """The password inside an address (``https://user:password@host``), None when there is none."""
    found = _PASSWORD.search(text)
    return found.group(1) if found else None


def secrets_in(environ: Mapping[str, str]) -> Iterator[str]:
    """The secrets that an environment holds."""
    for name, value in environ.items():
        if len(value) >= _SHORTEST:
            yield from _secrets_of(name, value)


@functools.lru_cache(maxsize=2048)
def _secrets_of(name: str, value: str) -> Sequence[str]:
    """Those in one variable; every text that is written looks at all variables."""
    password = password_in(value) if "://" in value else None
    found = (value if _is_secret(name) else None, password)
    return tuple(one for one in found if one is not None)


def remember(secrets: Iterable[str]) -> None:
    """Mask these values, too, from now on: what a configuration or an environment given by a program holds."""
    _remembered.update(secrets)


def mask(text: str, environ: Mapping[str, str] | None = None) -> str:
    """The text without any secret that is known, and without what has a secret's shape.

    ``environ`` is this process's environment where none is given. Mask a text before it is cut into lines: a secret
    may have several.
    """
    known = _known(environ)
    if known is not None:
        text = known.sub(MASK, text)
    for shape in _SHAPES:
        text = shape.sub(rf"\g<1>{MASK}", text)
    return text


def without_secrets(text: str, *, told: Iterable[str], environ: Mapping[str, str] | None = None) -> str:
    """An answer without the secrets that are known, also where it writes them with the escapes of JSON.

    What has a secret's shape stays, and so does what stands in ``told``, the question: an answer quotes it word for
    word, and a password may be a word of everyday ("postgres"). JSON stays JSON of the same form.
    """
    known = _known(environ)
    if known is None:
        return text
    if "\\" in text and known.search(plain := _NEEDLESS.sub(_unescaped, text)):
        text = plain
    asked: list[str] = []

    def hide(found: re.Match[str]) -> str:
        asked.extend(told if not asked else ())
        return found.group() if any(found.group() in part for part in asked) else MASK

    return known.sub(hide, text)


def _unescaped(found: re.Match[str]) -> str:
    before, code = found.groups()
    letter = chr(int(code, 16)) if code else "/"
    return found.group() if letter in '"\\\x7f' else f"{before}{letter}"


def mask_values(value: object, environ: Mapping[str, str] | None = None) -> object:
    """The same for every text inside a JSON value."""
    if isinstance(value, str):
        return mask(value, environ)
    if isinstance(value, Mapping):
        return {key: mask_values(item, environ) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask_values(item, environ) for item in value]
    return value


def _known(environ: Mapping[str, str] | None) -> re.Pattern[str] | None:
    return _pattern((_of_this_process() if environ is None else frozenset(secrets_in(environ))) | _remembered)


#: This process's variables as they were looked at last, and their secrets.
_looked_at: tuple[Mapping[object, object], frozenset[str]] | None = None


def _of_this_process() -> frozenset[str]:
    """Those of this process's variables, which may change at any time and hardly ever do.

    `os.environ` decodes each variable each time that it is asked, which took a tenth of all that is done for a
    question; the dict behind it is compared at once. Where Python keeps none, all variables are looked at.
    """
    global _looked_at
    raw = getattr(os.environ, "_data", None)
    if not isinstance(raw, dict):
        return frozenset(secrets_in(os.environ))
    looked_at = _looked_at
    if looked_at is None or looked_at[0] != raw:
        looked_at = _looked_at = (raw.copy(), frozenset(secrets_in(os.environ)))
    return looked_at[1]


@functools.lru_cache(maxsize=8)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str] | None:
    """What finds all of these secrets, the longest first: one may begin as another does."""
    forms = {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST}
    if not forms:
        return None
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))


def _forms(secret: str) -> Iterator[str]:
    """The secret as messages hold it: as it is, quoted in Python, JSON or an address, and line by line."""
    secret = secret.strip()
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    yield unquote(secret)
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines)
