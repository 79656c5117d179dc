"""Seeing what a piece of code reaches for: the network, or packages that it should leave alone."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import pytest

__all__ = ["loaded_by_importing", "watch_network", "without_packages"]

_IMPORTING = """
import importlib, importlib.util, sys
name, file, *sys.path = sys.argv[1:]
try:
    importlib.import_module(name)
except ModuleNotFoundError as error:
    if error.name != name.partition(".")[0]:
        raise
    spec = importlib.util.spec_from_file_location(name, file)  # a module that pytest found without any path
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
print("\\n".join({name.partition(".")[0] for name in sys.modules}))
"""


def watch_network(patch: pytest.MonkeyPatch) -> list[str]:
    """Let nothing through to the network from now on; the list fills with what was tried."""
    tried: list[str] = []

    def refuse(what: str) -> Any:
        def refused(*arguments: Any, **_: Any) -> NoReturn:
            tried.append(f"{what}{arguments[-1:] if what == 'connect' else arguments[:1]}")
            raise OSError("no network: this must work without")

        return refused

    patch.setattr(socket.socket, "connect", refuse("connect"))
    patch.setattr(socket.socket, "connect_ex", refuse("connect"))
    patch.setattr(socket, "getaddrinfo", refuse("getaddrinfo"))
    patch.setattr(socket, "create_connection", refuse("create_connection"))
    return tried


def without_packages(patch: pytest.MonkeyPatch, packages: Iterable[str]) -> None:
    """Importing one of these packages fails from now on, as if it weren't installed."""
    for package in packages:
        patch.setitem(sys.modules, package, None)


def loaded_by_importing(cls: type) -> set[str]:
    """The packages that a fresh interpreter has loaded after importing the module of a class."""
    file = Path(getattr(sys.modules[cls.__module__], "__file__", None) or "").resolve()
    done = subprocess.run(  # noqa: S603 - this interpreter, and a class of the test's own
        [sys.executable, "-c", _IMPORTING, cls.__module__, str(file), *sys.path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{cls.__module__} can't be imported by itself:\n{done.stderr}"
    return set(done.stdout.split())
