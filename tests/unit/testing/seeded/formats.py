"""Output formats with one defect each: small tables, pages and documents of the candidates."""

from __future__ import annotations

import html
import itertools
import json
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipekit.interfaces import OutputFile, OutputFormat, RunView
from pipekit.testing import OutputFormatContract


class GoodFormat:
    needs: Sequence[str] = ("candidates", "readiness?")
    path = "table.csv"

    def titles(self, run: RunView) -> list[str]:
        found: Any = run.value("candidates")
        return [one["title"] for one in found]

    def text(self, run: RunView) -> str:
        return "".join(f'"{self.cell(title)}"\n' for title in ["title", *self.titles(run)])

    def cell(self, text: str) -> str:
        quoted = text.replace('"', '""')
        return f"'{quoted}" if quoted.lstrip()[:1] in "=+-@" else quoted

    def render(self, run: RunView) -> Iterable[Any]:
        return [OutputFile(path=self.path, content=self.text(run).encode())]


class GoodPage(GoodFormat):
    path = "page.html"

    def text(self, run: RunView) -> str:
        rows = "".join(f"<li>{self.shown(title)}</li>" for title in self.titles(run))
        return f"<!doctype html><title>Candidates</title><script>go()</script><ul>{rows}</ul>"

    def shown(self, title: str) -> str:
        return html.escape(title)


class AcmeFormat(OutputFormatContract):
    __test__ = False
    caught_by: ClassVar[set[str]] = set()
    made: ClassVar[type] = GoodFormat

    @pytest.fixture
    def output_format(self) -> OutputFormat:
        output_format: OutputFormat = self.made()
        return output_format


NO_FILES = {
    "test_it_makes_files",
    "test_it_needs_no_more_than_it_says",
    "test_it_opens_nothing",
    "test_the_same_run_gives_the_same_files",
    "test_what_people_said_stays_text",
    "test_where_nothing_was_found_there_are_files_all_the_same",
}


class TestGood(AcmeFormat):
    __test__ = True


class TestGoodPage(AcmeFormat):
    __test__ = True
    made = GoodPage


class TestNeedsIsOneText(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_it_says_what_it_reads", "test_it_needs_no_more_than_it_says"}

    class made(GoodFormat):
        needs = "candidates"


class TestNeedsNoNames(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_it_says_what_it_reads"}

    class made(GoodFormat):
        needs = ("candidates", "all the risks", "candidates?")


class TestNoFile(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_it_makes_files", "test_it_needs_no_more_than_it_says"}

    class made(GoodFormat):
        def render(self, run: RunView) -> Iterable[Any]:
            self.titles(run)
            return []


class TestOutOfTheFolder(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = NO_FILES

    class made(GoodFormat):
        path = "../table.csv"


class TestOneNameTwice(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = NO_FILES

    class made(GoodFormat):
        def render(self, run: RunView) -> Iterable[Any]:
            return [OutputFile(path=path, content=b"") for path in ("table.csv", "TABLE.csv")]


class TestTextInThePlaceOfBytes(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = NO_FILES

    class made(GoodFormat):
        def render(self, run: RunView) -> Iterable[Any]:
            return [OutputFile(path="table.csv", content=self.text(run))]  # type: ignore[arg-type]


class TestReadsWhatItDoesNotSay(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_it_needs_no_more_than_it_says"}

    class made(GoodFormat):
        def text(self, run: RunView) -> str:
            run.value("risks")
            return super().text(run)


class TestNeedsWhatItCallsOptional(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_it_needs_no_more_than_it_says"}

    class made(GoodFormat):
        def text(self, run: RunView) -> str:
            run.value("readiness")
            return super().text(run)


class TestBreaksWhereNothingWasFound(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_where_nothing_was_found_there_are_files_all_the_same"}

    class made(GoodFormat):
        def text(self, run: RunView) -> str:
            return super().text(run) + f'"{max(map(len, self.titles(run)))} characters"\n'


class TestTheTimeStandsInIt(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_run_gives_the_same_files"}

    class made(GoodFormat):
        def text(self, run: RunView) -> str:
            return super().text(run) + f'"made at {time.time_ns()}"\n'


class TestTheOrderIsChance(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_run_gives_the_same_files"}

    class made(GoodFormat):
        def text(self, run: RunView) -> str:
            return super().text(run) + "".join(f'"{n}"\n' for n in random.sample(range(99), 20))


class TestCountsItsRuns(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_run_gives_the_same_files"}

    class made(GoodFormat):
        def __init__(self) -> None:
            self.count = itertools.count()

        def text(self, run: RunView) -> str:
            return super().text(run) + f'"page {next(self.count)}"\n'


class TestWritesByItself(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_it_opens_nothing"}

    class made(GoodFormat):
        def text(self, run: RunView) -> str:
            Path("table.csv.part").write_text("")
            return super().text(run)


class TestAFormulaInACell(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_what_people_said_stays_text"}

    class made(GoodFormat):
        def text(self, run: RunView) -> str:
            formulas = [f"={title}" for title in self.titles(run)]
            return "".join('"{}"\n'.format(cell.replace('"', '""')) for cell in ["title", *formulas])


class TestMarkupInAPage(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_what_people_said_stays_text"}

    class made(GoodPage):
        def shown(self, title: str) -> str:
            return title


class TestWordsInAScript(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_what_people_said_stays_text"}

    class made(GoodPage):
        def text(self, run: RunView) -> str:
            return super().text(run) + f"<script>const titles = {json.dumps(self.titles(run))}</script>"


class TestWordsInAnAttributeThatActs(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_what_people_said_stays_text"}

    class made(GoodPage):
        def shown(self, title: str) -> str:
            return f"<b onclick=\"show('{html.escape(title)}')\">{html.escape(title)}</b>"


class TestMarkupInMarkdown(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_what_people_said_stays_text"}

    class made(GoodFormat):
        path = "candidates.md"

        def text(self, run: RunView) -> str:
            return "# Candidates\n\n" + "".join(f"- {title}\n" for title in self.titles(run))


class TestBrokenJson(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {
        "test_what_people_said_stays_text",
        "test_where_nothing_was_found_there_are_files_all_the_same",
    }

    class made(GoodFormat):
        path = "candidates.json"

        def text(self, run: RunView) -> str:
            return "{'titles': " + repr(self.titles(run)) + "}"


class TestMarkupInXml(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {"test_what_people_said_stays_text"}

    class made(GoodFormat):
        path = "candidates.xml"

        def text(self, run: RunView) -> str:
            return f"<all>{''.join(f'<one>{title}</one>' for title in self.titles(run))}</all>"


class TestControlCharacters(AcmeFormat):
    __test__ = True
    caught_by: ClassVar = {
        "test_what_people_said_stays_text",
        "test_where_nothing_was_found_there_are_files_all_the_same",
    }

    class made(GoodFormat):
        path = "candidates.txt"

        def text(self, run: RunView) -> str:
            return "\x1b[1mcandidates\x1b[0m\n" + "\n".join(self.titles(run))
