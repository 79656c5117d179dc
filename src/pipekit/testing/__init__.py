"""For authors of plugins: what their tests need. The only part of pipekit that imports pytest.

A contract is a class of tests that an author subclasses, one for each kind of plugin; the subclass writes the fixtures
that say what is tested. Its assertions tell what they compared, as those of one's own tests do.
"""

try:
    import pytest
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "pipekit.testing needs pytest, which the extra testing brings; in a clone of pipekit: pip install '.[testing]'",
        name=error.name,
    ) from error

# Before the first import of what is named.
pytest.register_assert_rewrite("pipekit.testing.contracts")

from pipekit.retrieval.documents import Document  # noqa: E402
from pipekit.testing.contracts import (  # noqa: E402
    ABILITIES,
    RETRIEVER_ABILITIES,
    Contract,
    LLMProviderContract,
    LoaderContract,
    OpenRetriever,
    OpenStore,
    OutputFormatContract,
    RetrieverContract,
    StateStoreContract,
    StepContract,
)
from pipekit.testing.fakes import ScriptedModel, ScriptedProvider  # noqa: E402
from pipekit.testing.killing import KilledRun, kill_at_commit  # noqa: E402
from pipekit.testing.loopback import Exchange  # noqa: E402
from pipekit.testing.running import Replies, run_step, sample_run  # noqa: E402
from pipekit.testing.vendors import Answer, Trouble, VendorServer  # noqa: E402

__all__ = [
    "ABILITIES",
    "RETRIEVER_ABILITIES",
    "Answer",
    "Contract",
    "Document",
    "Exchange",
    "KilledRun",
    "LLMProviderContract",
    "LoaderContract",
    "OpenRetriever",
    "OpenStore",
    "OutputFormatContract",
    "Replies",
    "RetrieverContract",
    "ScriptedModel",
    "ScriptedProvider",
    "StateStoreContract",
    "StepContract",
    "Trouble",
    "VendorServer",
    "kill_at_commit",
    "run_step",
    "sample_run",
]
