"""Step 8: files for people and tools."""

from __future__ import annotations

from pipekit import Artifacts, Rendering, settings, step
from pipekit.backlog.model.outputs import OutputRef, Outputs
from pipekit.interfaces import FormatName

__all__ = ["OutputSettings", "write_output"]


@settings
class OutputSettings:
    """Which output formats to write."""

    formats: tuple[FormatName, ...] = (FormatName("json"), FormatName("markdown"), FormatName("summary"))


@step(provides="outputs")
def write_output(artifacts: Artifacts, rendering: Rendering, settings: OutputSettings) -> Outputs:
    """The output files of all configured formats, made from everything that was found."""
    del artifacts  # asked for so that this comes after every step that makes something
    files = rendering.render(settings.formats)
    return Outputs(files=tuple(OutputRef(path=file.path, format=file.format, size=file.size) for file in files))
