"""A folder with a meeting, and the command called in it as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from wirekit.desk import Desk
from wirekit.vendors import VENDORS

__all__ = ["MEETING", "SPOKEN", "Project"]

MEETING = Path(__file__).parents[3] / "examples" / "museum-refinement.txt"
#: Words of the meeting that stand in no prompt.
SPOKEN = ("As a visitor I want to book an entry time", "the sound stops as soon as the screen gets locked")
_HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
_LEFT = ("PIPEKIT_", "LLM_", "OPENAI_", "ANTHROPIC_", "OLLAMA_", "LANGCHAIN_", "LANGSMITH_")
_ADDRESSES = {"openai": "OPENAI_BASE_URL", "anthropic": "ANTHROPIC_BASE_URL", "ollama": "OLLAMA_HOST"}


@frozen(kw_only=True)
class Project:
    """``environ`` is what the command is told by its environment, and nothing of this machine's models."""

    folder: Path
    environ: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(cls, folder: Path, *desks: Desk, **more: str) -> Project:
        """A project whose user has these servers in their environment, and a key for each of them."""
        (folder / "meeting.txt").write_text(MEETING.read_text())
        places = {_ADDRESSES[desk.vendor.name]: desk.url for desk in desks}
        if "OPENAI_BASE_URL" in places:
            places["OPENAI_BASE_URL"] += "/v1"
        return cls(folder=folder, environ={"ANTHROPIC_API_KEY": "sk-ant-canary-1", **places, **more})

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Begin ``pipekit …``."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT)}
        kept = {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
        home = dict.fromkeys(_HOMES, str(self.folder / "home"))
        return subprocess.Popen(
            [sys.executable, "-m", "pipekit", *argv],
            cwd=self.folder,
            env={**kept, **home, **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """``pipekit …`` to its end; never with a traceback."""
        process = self.start(*argv)
        try:
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
        assert "Traceback" not in out + err, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @property
    def run(self) -> Path:
        """The folder of the only run."""
        (found,) = (self.folder / ".pipeline").glob("run-*")
        return found

    @property
    def record(self) -> Any:
        return json.loads((self.run / "state.json").read_text())

    def kept_replies(self) -> int:
        """How many replies of models are on disk, and will be there after a kill."""
        return sum(path.read_text().replace(" ", "").count('"kind":"reply"') for path in self._journals())

    def _journals(self) -> Iterator[Path]:
        yield self.run / "journal.jsonl"
        yield from (self.run / "steps").glob(".items-*")

    def results(self) -> Mapping[str, str]:
        """All that the run made, by file, without what differs from run to run: ids, times, how long it took."""
        files = [*(self.run / "steps").glob("step-*.json"), *(self.run / "output").rglob("*")]
        return {
            str(path.relative_to(self.run)): _timeless(path.read_text(), self.run.name)
            for path in files
            if path.is_file()
        }


def _timeless(text: str, run: str) -> str:
    text = text.replace(run, "RUN")
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?", "TIME", text)
    text = re.sub(r'("path":"pipeline-output.json".*?"size":)\d+', r"\1SIZE", text)  # it holds what took how long
    return re.sub(r'("(?:duration|processingTime)": ?)[\d.e-]+', r"\1SECONDS", text)


assert set(_ADDRESSES) == set(VENDORS)
