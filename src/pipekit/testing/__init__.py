"""For authors of plugins: what their tests need. The only part of pipekit that imports pytest, where it does."""

from pipekit.testing.fakes import ScriptedModel, ScriptedProvider

__all__ = ["ScriptedModel", "ScriptedProvider"]
