"""The built-in model providers, registered like anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipekit.hookspecs import hookimpl

if TYPE_CHECKING:
    from pipekit.hookspecs import Factory

pipekit_api = 1


@hookimpl
def pipekit_llm_providers() -> Mapping[str, Factory]:
    """``offline``: the steps' own rules in the place of a model; ``replay``: the replies of a recording."""
    from pipekit.llm.providers.offline import OfflineProvider
    from pipekit.llm.providers.replay import ReplayProvider

    return {"offline": OfflineProvider, "replay": ReplayProvider}
