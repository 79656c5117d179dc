"""The wording of configuration faults: what is wrong, where, and what to write instead."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping

from pipekit.config.keys import fold_key
from pipekit.config.origin import Origin
from pipekit.errors import ConfigError

__all__ = ["closest", "describe", "fault", "is_secret_key", "masked"]

_SHOWN = 60
_LONGEST = 400
_SECRET_KEY = re.compile(r"(key|token|secret|password|passwd|passphrase|credentials?|authorization)$")
#: In the plural a number is a count (``maxTokens``) and only text is a secret.
_SECRET_KEYS = re.compile(r"(keys|tokens|secrets|passwords|headers)$")
_USER_INFO = re.compile(r"(?<=://)[^/\s]+(?=@)")


def fault(
    message: str, origin: Origin, *, field: str | None = None, hint: str = "", kind: str = "config"
) -> ConfigError:
    """A configuration error at an origin."""
    return ConfigError(
        printable(message),
        where=str(origin),
        file=origin.file,
        line=origin.line,
        column=origin.column,
        field=None if field is None else printable(field),
        source=origin.layer,
        hint=printable(hint),
        kind=kind,
    )


def printable(text: str) -> str:
    """Text without characters that steer a terminal, cut where it is longer than anybody reads."""
    clean = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text[: _LONGEST + 1])
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}…"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, compared as keys are; None where none is near."""
    by_fold = {fold_key(name): name for name in known}
    near = difflib.get_close_matches(fold_key(word), by_fold, n=1, cutoff=0.6)
    return by_fold[near[0]] if near else None


def suggestion(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """``did you mean …?`` for a word that is unknown, else the whole list where it is short."""
    names = list(dict.fromkeys(known))
    near = closest(word, names)
    if near is not None:
        return f"did you mean {near}?"
    if otherwise or not names:
        return otherwise
    return f"known: {', '.join(names[:20])}{', …' if len(names) > 20 else ''}"


def is_secret_key(name: str) -> bool:
    """Whether a key looks as if its value were a secret: ``apiKey``, ``access_token``, ``password``."""
    return _SECRET_KEY.search(fold_key(name)) is not None


def masked(name: str, value: object) -> object:
    """A value fit to be shown: secrets become ``***``, and so does a user name and password inside an address."""
    if value is None or isinstance(value, bool):
        return value
    if is_secret_key(name) or (not isinstance(value, int | float) and _SECRET_KEYS.search(fold_key(name))):
        return "***"
    if isinstance(value, str):
        return _USER_INFO.sub("***", value)
    if isinstance(value, list | tuple):
        return [masked("", item) for item in value]
    if isinstance(value, Mapping):
        return {key: masked(str(key), item) for key, item in value.items()}
    return value


def describe(value: object, key: str = "") -> str:
    """A value of a tree for the end of a message: ``the text "5"``, ``a list``, ``nothing``; secrets masked."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        shown = json.dumps(masked(key, value[: 2 * _SHOWN]), ensure_ascii=False)
        return f"the text {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}"
    return f"{masked(key, value)}"
