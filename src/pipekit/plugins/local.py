"""A project's own files as plugins: run only as they were trusted."""

from __future__ import annotations

import importlib.util
import linecache
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from pipekit.errors import PluginError
from pipekit.plugins.manager import LOCAL, Candidate
from pipekit.plugins.trust import content_of, digest_of_content, is_trusted, trust_name

__all__ = ["local_candidate"]


def local_candidate(path: Path, environ: Mapping[str, str], *, trusted: bool) -> Candidate:
    """A project's own file as a plugin; loading it fails until the user trusted it."""

    def get() -> object:
        content = content_of(path)
        digest = digest_of_content(content)
        if not trusted and not is_trusted(trust_name(path), digest, environ):
            raise PluginError(
                f"the local plugin {path.name} is not trusted yet, or was changed since",
                kind="untrusted",
                where=str(path),
                hint=f"look at it, then: pipekit trust {path.parent}",
            )
        return _module_of(f"{LOCAL}{digest[:12]}", path, content)

    return Candidate(name=path.stem, get=get, local=True)


def _module_of(name: str, path: Path, content: bytes) -> ModuleType:
    """A module of exactly these bytes.

    The import machinery would read the file a second time, and prefer a compiled one from ``__pycache__``, which
    nobody has looked at.
    """
    code = compile(content, str(path), "exec", dont_inherit=True)
    module = ModuleType(name)
    module.__file__ = str(path)
    lines = importlib.util.decode_source(content).splitlines(keepends=True)
    # Fingerprints and tracebacks show the source of what runs, whatever the file holds by then.
    linecache.cache[str(path)] = (len(content), None, lines, str(path))
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - what is trusted runs, and nothing else
    except BaseException:
        del sys.modules[name]
        raise
    return module
