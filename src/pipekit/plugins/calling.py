"""One guard around every call of a plugin: what the plugin raises is told as its own, with name, version and hook."""

from __future__ import annotations

import contextlib
import opcode
import signal
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

from pipekit.errors import PipekitError, PluginError
from pipekit.plugins.quarantine import PluginInfo

__all__ = ["PluginOf", "blamed", "calling_plugin", "is_stop", "nobody", "said_by"]

#: Hook and name → the plugin that gave it, None where that is not known.
PluginOf: TypeAlias = Callable[[str, str], PluginInfo | None]


def nobody(hook: str, name: str) -> PluginInfo | None:  # noqa: ARG001
    """The `PluginOf` of a caller that knows no plugins."""
    return None


@contextlib.contextmanager
def calling_plugin(
    what: str,
    plugin: PluginInfo | None = None,
    *,
    hook: str,
    kind: str,
    hint: str,
    did: str = "raised",
    where: str = "",
) -> Iterator[None]:
    """Whatever the plugin raises in here, its ``sys.exit()`` too, becomes a `PluginError` about ``what``.

    An error of our own family passes as it is: a plugin raises one to be understood. So does a stop that the user
    asked for while the plugin was at work.
    """
    try:
        yield
    except PipekitError:
        raise
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        if is_stop(error):
            raise
        raise blamed(error, what, plugin, hook=hook, kind=kind, hint=hint, did=did, where=where) from error


def blamed(
    error: BaseException,
    what: str,
    plugin: PluginInfo | None = None,
    *,
    hook: str,
    kind: str,
    hint: str,
    did: str = "raised",
    where: str = "",
) -> PluginError:
    """An error of a plugin's code, attributed to it."""
    by = f" of {plugin.label or plugin.name}" if plugin else ""
    return PluginError(
        f"{what}{by} {did} {type(error).__name__}: {said_by(error)}",
        kind=kind,
        plugin=plugin.name if plugin else None,
        dist=(plugin.package or None) if plugin else None,
        version=(plugin.version or None) if plugin else None,
        hook=hook,
        hint=hint,
        where=where,
    )


def said_by(error: BaseException) -> str:
    """What a plugin's exception says."""
    try:
        return str(error) or "no message"
    except Exception:  # noqa: BLE001 - an exception that can't even be shown is still the plugin's
        return "no message"


def is_stop(error: BaseException) -> bool:
    """Whether this is the user's own Ctrl-C, which came while a plugin was at work, and not the plugin's doing.

    Only the main thread is ever interrupted, and between two instructions: a ``raise`` in the plugin tells itself apart
    by the instruction that it stopped at. What is derived from `KeyboardInterrupt` is a program's own way to stop.
    """
    if not isinstance(error, KeyboardInterrupt):
        return False
    if type(error) is not KeyboardInterrupt:
        return True
    if threading.current_thread() is not threading.main_thread():
        return False
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return True
    code = place.tb_frame.f_code
    handler = signal.getsignal(signal.SIGINT)
    handler = getattr(handler, "func", handler)  # asyncio installs a partial
    if getattr(handler, "__code__", None) is code:
        return True
    return opcode.opname[code.co_code[place.tb_lasti]] != "RAISE_VARARGS"
