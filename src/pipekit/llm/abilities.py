"""What `pipekit doctor` learnt of models by asking them, kept for the user: which ways to a shaped answer work."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from attrs import evolve, field, frozen

from pipekit.config.user_folders import user_folder
from pipekit.interfaces.llm_providers import Method, ModelInfo
from pipekit.serde import MisfitError, decode, encode, structure, unstructure

__all__ = ["Abilities", "Learnt", "abilities_file"]


def abilities_file() -> Path:
    """Where it is kept: in the user's own data folder, for the models on this machine are the user's."""
    return user_folder("data", os.environ) / "models.json"


@frozen(kw_only=True)
class Learnt:
    """What is known of one model: the ``methods`` that gave a valid answer, the best first; ``window`` in tokens.

    ``server`` tells which server's model it was, by the provider's settings: another one may have less.
    """

    methods: tuple[Method, ...] = ()
    window: int | None = None
    server: str = ""


@frozen
class Abilities:
    """What was learnt, by provider/model. A file that is gone or broken says nothing; asking again writes it anew."""

    learnt: Mapping[str, Learnt] = field(factory=dict)

    @classmethod
    def read(cls, path: Path) -> Abilities:
        """What is kept."""
        try:
            return cls(structure(decode(path.read_bytes()), dict[str, Learnt]))
        except (OSError, MisfitError):
            return cls()

    def over(self, reference: str, info: ModelInfo, server: str) -> ModelInfo:
        """What a provider says of a model, with what was learnt of it at this server above it."""
        learnt = self.learnt.get(reference)
        if learnt is None or learnt.server != server:
            return info
        return evolve(info, methods=learnt.methods or info.methods, window=info.window or learnt.window)

    def write(self, path: Path) -> None:
        """Keep it, whole or not at all."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(dir=path.parent, prefix=".models-")
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(encode(unstructure(dict(self.learnt))) + b"\n")
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
