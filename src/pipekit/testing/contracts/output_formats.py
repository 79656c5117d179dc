"""What every output format must do: files that hold what people said as text, and nothing that acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pipekit.errors import PluginError, UsageError
from pipekit.input_values import Text
from pipekit.interfaces import OutputFile, OutputFormat, RunView
from pipekit.interfaces.output_formats import FormatName
from pipekit.outputs import render
from pipekit.serde import JSON
from pipekit.state.record import RunRecord, Usage
from pipekit.testing.contracts.contract import Contract
from pipekit.testing.contracts.hostile_text import what_acts
from pipekit.testing.contracts.isolation import watch_network
from pipekit.testing.running import sample_run

__all__ = ["OutputFormatContract"]

T = TypeVar("T")

#: Runs are dear, and nobody changes them.
_RUNS: dict[str, RunView] = {}


class OutputFormatContract(Contract):
    """Subclass it as ``TestAcmeFormat`` and write the fixture ``output_format``.

    ``run`` is what it is made of: a run of the workflow ``backlog`` with hostile text in it, unless you write another;
    ``empty_run`` is one in which nothing was found. `sample_run` makes either.
    """

    # --- what an author writes ---------------------------------------------------------------------------------------

    @pytest.fixture
    def output_format(self) -> OutputFormat:
        """The format; made anew for each test."""
        pytest.fail(f"{type(self).__name__} needs a fixture `output_format` that returns the format to test")

    @pytest.fixture
    def run(self) -> RunView:
        """A finished run."""
        if "full" not in _RUNS:
            _RUNS["full"] = sample_run()
        return _RUNS["full"]

    @pytest.fixture
    def empty_run(self) -> RunView:
        """A finished run in which nothing was found."""
        if "empty" not in _RUNS:
            _RUNS["empty"] = sample_run(source=Text("Ann: Hello.\nBob: Goodbye.\n", name="nothing.txt"))
        return _RUNS["empty"]

    # --- the tests ---------------------------------------------------------------------------------------------------

    def test_it_says_what_it_reads(self, output_format: OutputFormat) -> None:
        """Names of artifacts, those it does without with a question mark behind them."""
        needs = output_format.needs
        assert not isinstance(needs, str), "needs is a list of names, not one text"
        names = [need.removesuffix("?") for need in needs]
        assert all(name.isidentifier() for name in names), f"no names of artifacts: {list(needs)}"
        assert len(set(names)) == len(names), f"one name twice: {list(needs)}"

    def test_it_makes_files(self, output_format: OutputFormat, run: RunView) -> None:
        """At least one, with a path that every system can hold, and bytes."""
        assert _files(output_format, run), "there is no file"

    @pytest.mark.parametrize("there", ["all that it says", "all but the optional"])
    def test_it_needs_no_more_than_it_says(self, output_format: OutputFormat, run: RunView, there: str) -> None:
        """Somebody leaves steps out: the plan looks at needs, and a format that needs more would fail at the end.

        One that takes whatever `RunView.names` tells needs nothing of it.
        """
        optional = there == "all that it says"
        only = {need.removesuffix("?") for need in output_format.needs if optional or not need.endswith("?")}
        assert _files(output_format, _Part(run, only)), f"with {there} there is no file"

    def test_where_nothing_was_found_there_are_files_all_the_same(
        self, output_format: OutputFormat, empty_run: RunView
    ) -> None:
        """A table without rows is an answer; no file at all looks like a failure. What is there holds no fault."""
        for file in _files(output_format, empty_run):
            acting = what_acts(file)
            assert not acting, f"{file.path}: {acting}"

    def test_the_same_run_gives_the_same_files(self, output_format: OutputFormat, run: RunView) -> None:
        """`pipekit format` makes them again, and nobody should see a difference; also from several threads at once."""
        first = _files(output_format, run)
        assert _files(output_format, run) == first, "made again, the files are others"
        with ThreadPoolExecutor(4) as pool:
            for again in pool.map(lambda _: _files(output_format, run), range(4)):
                assert again == first, "made in several threads at once, the files are others"

    def test_it_opens_nothing(
        self, output_format: OutputFormat, run: RunView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The engine writes the files, all of them or none: what a format writes by itself nobody takes back."""
        tried = watch_network(monkeypatch)
        monkeypatch.chdir(tmp_path)
        written = _watch_writing(monkeypatch)
        _files(output_format, run)
        assert not tried, f"it reaches for the network: {tried}"
        written += [path.name for path in tmp_path.iterdir()]
        assert not written, f"it writes files by itself: {written}"

    def test_what_people_said_stays_text(self, output_format: OutputFormat, run: RunView) -> None:
        """No markup, script, link or formula of the meeting acts where the file is opened.

        Seen in HTML, XML, SVG, Markdown, CSV, TSV, JSON and lines of JSON, by the file's ending. Of any other text only
        control characters and signs that turn the direction of reading are found.
        """
        for file in _files(output_format, run):
            acting = what_acts(file)
            assert not acting, f"{file.path}: {acting}"


class _Part:
    """A run of which only some artifacts were made."""

    def __init__(self, run: RunView, only: set[str]) -> None:
        self._run = run
        self._only = only

    @property
    def record(self) -> RunRecord:
        return self._run.record

    @property
    def names(self) -> Sequence[str]:
        return [name for name in self._run.names if name in self._only]

    @property
    def steps(self) -> Mapping[str, JSON]:
        return self._run.steps

    @property
    def original(self) -> bytes:
        return self._run.original

    @property
    def usage(self) -> Usage:
        return self._run.usage

    def artifact(self, name: str, type_: type[T]) -> T:
        self._check(name)
        return self._run.artifact(name, type_)

    def value(self, name: str) -> JSON:
        self._check(name)
        return self._run.value(name)

    def collection(self, name: str) -> str | None:
        self._check(name)
        return self._run.collection(name)

    def _check(self, name: str) -> None:
        if name not in self._only:
            raise UsageError(f"no step has made {name!r}, and needs doesn't say that it is read", kind="no-artifact")


def _files(output_format: OutputFormat, run: RunView) -> list[OutputFile]:
    """The files, checked as a run checks them."""
    try:
        made = render([FormatName("contract")], lambda _: output_format, run)
    except PluginError as error:
        pytest.fail(f"{error.message}" + (f": {error.__cause__!r}" if error.__cause__ else ""))
    return [file for _, file in made]


def _watch_writing(patch: pytest.MonkeyPatch) -> list[str]:
    """The list fills with the paths of files that are opened to be written."""
    import builtins
    import io

    written: list[str] = []
    opened = builtins.open

    def watching(file: Any, mode: str = "r", *more: Any, **options: Any) -> Any:
        if any(sign in mode for sign in "wax+"):
            written.append(str(file))
        return opened(file, mode, *more, **options)

    patch.setattr(builtins, "open", watching)
    patch.setattr(io, "open", watching)
    return written
