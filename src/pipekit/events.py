"""The events a run tells of itself, for listeners and `Pipeline.stream`."""

from pipekit.state.events import *  # noqa: F403
from pipekit.state.events import __all__ as __all__
