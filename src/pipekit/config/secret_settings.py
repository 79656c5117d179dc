"""Settings that hold a secret though they should name one: what may not be kept in a run's record, nor be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipekit.config.environment import PREFIX, parse_text
from pipekit.config.faults import masked
from pipekit.config.keys import fold_key, split_path
from pipekit.config.origin import Origin
from pipekit.config.tree import MAX_DEPTH
from pipekit.errors import ConfigError
from pipekit.secrecy import MASK, password_in

__all__ = ["holds_secret", "is_store", "kept_settings", "refuse_secret", "secret_values"]

#: The name of a variable (ACME_API_KEY) is what a configuration ought to hold in the place of a secret.
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z")
_SCHEME = re.compile(r"(?:bearer|basic|token) +", re.IGNORECASE)
#: Headers stand under a name that counts as secret, and these say nothing about who asks.
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection", "content-type"}
    | {"user-agent"}
)


def secret_values(value: object, *, is_secret: bool = False) -> Iterator[str]:
    """The secrets inside plain settings: what stands under a secret's name, and passwords inside addresses."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            if is_secret and str(name).lower() in _PLAIN_HEADERS:
                continue
            # What has a secret's name says the same of all that is below it; of a number only a name in the singular.
            yield from secret_values(below, is_secret=is_secret or masked(str(name), below) == MASK)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from secret_values(item, is_secret=is_secret)
    elif value is None or isinstance(value, bool):
        return
    elif is_secret:
        text = str(value)
        if text and not _VARIABLE.match(text):
            yield text
            yield from (text[found.end() :] for found in [_SCHEME.match(text)] if found)
    elif isinstance(value, str) and (password := password_in(value)) is not None:
        yield password


def holds_secret(path: str, text: str) -> bool:
    """Whether the setting ``path=text`` of a flag is a secret: ``llm.providers.acme.apiKey=sk-…``."""
    try:
        value = parse_text(text, Origin("flag")).plain()
    except ConfigError:  # broken brackets: it is told elsewhere, and may be kept from nobody until then
        value = text
    parts = split_path(path)
    if len(parts) > MAX_DEPTH:
        return False  # no setting lies that deep; the configuration refuses it
    for part in reversed(parts):
        value = {part: value}
    return next(secret_values(value), None) is not None


def kept_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of flags as a run's record keeps them: without secrets, which a resume has to be given again.

    Where the run lies is none of them: whoever goes on with it has found it, there or in the store it was copied to.
    """
    return {path: text for path, text in settings.items() if not (is_store(path) or holds_secret(path, text))}


def is_store(path: str) -> bool:
    """Whether a setting says where runs are kept."""
    return [fold_key(part) for part in split_path(path)[:1]] == ["store"]


def refuse_secret(path: str, text: str, flag: str = "--set") -> None:
    """`ConfigError` for a flag that gives a secret: it would stand in the record, and in the shell's history."""
    if not holds_secret(path, text):
        return
    variable = PREFIX + "__".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", part).upper() for part in split_path(path))
    raise ConfigError(
        f"{flag} takes no secrets, which would be kept with the run: {path}",
        kind="secret",
        field=path,
        source="flag",
        where=flag if flag == f"--{path}" else f"{flag} {path}",
        hint=f"give it by an environment variable, which is never written down: {variable}=…",
    )
