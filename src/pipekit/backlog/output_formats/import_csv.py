"""``jira.csv`` and ``azure-devops.csv``: the columns that these take, and no cell that a spreadsheet would compute."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence

from pipekit import settings
from pipekit.backlog.model.candidate import CandidateType
from pipekit.backlog.output_formats.tickets import NEEDS, Ticket, tickets_of
from pipekit.interfaces import OutputFile, RunView

__all__ = ["CsvSettings", "ImportCsv"]

_JIRA_TYPES: Mapping[str, str] = {"feature": "Story", "bug": "Bug", "tech-debt": "Task", "spike": "Task"}
_AZURE_TYPES: Mapping[str, str] = {"feature": "User Story", "bug": "Bug", "tech-debt": "Task", "spike": "Task"}
#: What makes a spreadsheet take a cell for a formula, full-width forms included.
_FORMULA = re.compile("[=+\\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]")
#: The same behind what separates cells in other countries: a spreadsheet there begins a new cell in the midst of ours.
_NEXT_FORMULA = re.compile("([;\t][\\s\"']*)([=+\\-@|%\uff1d\uff0b\uff0d\uff20]+)")
#: Characters that are markup in Jira wherever they stand, and those that are at the start of a word or line.
_JIRA_MARKS = re.compile(r"([\\{}\[\]!|*_^~#@]|\?(?=\?)|(?<=\?)\?)|(?<!\w)([-+])(?=\S)")
_JIRA_START = re.compile(r"^(h[1-6]|bq)(\.)(?=\s)")
_JIRA_LINK = re.compile(r"\b(https?|ftp|mailto|file|javascript)(:)", re.IGNORECASE)


@settings
class CsvSettings:
    """``azureTypes``: what the project's process in Azure DevOps calls a feature, bug, tech-debt and spike."""

    azure_types: Mapping[CandidateType, str] = {}


class ImportCsv:
    """A file for each of the two, as RFC 4180 has it: UTF-8, commas, lines that end with CR LF."""

    needs: Sequence[str] = NEEDS

    def __init__(self, settings: CsvSettings) -> None:
        self._azure_types: Mapping[str, str] = {
            **_AZURE_TYPES,
            **{str(key): to for key, to in settings.azure_types.items()},
        }

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """Two files."""
        tickets = tickets_of(run)
        jira = [
            ("Summary", "Issue Type", "Description", "Labels", "External ID"),
            *(
                (one.title, _JIRA_TYPES.get(one.type, "Task"), _jira(one), one.external_id, one.external_id)
                for one in tickets
            ),
        ]
        azure = [
            ("Work Item Type", "Title", "Description", "Tags"),
            *(
                (self._azure_types.get(one.type, "Task"), one.title, _azure(one), f"pipekit; {one.external_id}")
                for one in tickets
            ),
        ]
        return [
            OutputFile(path="jira.csv", content=_table(jira)),
            OutputFile(path="azure-devops.csv", content=_table(azure)),
        ]


def _table(rows: Iterable[Sequence[str]]) -> bytes:
    import csv  # only here, as `html` below: every run loads this module, and few make these files

    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would compute; it is shown as text then."""
    apart = _NEXT_FORMULA.sub(r"\1'\2", cell)
    return f"'{apart}" if _FORMULA.match(apart) else apart


def _jira(ticket: Ticket) -> str:
    """Jira's own markup, in which the text of others is nothing but text."""
    parts = []
    for section in ticket.sections:
        lines = [f"* {_jira_text(line)}" if section.is_list else _jira_text(line) for line in section.lines]
        parts.append("\n".join([f"h3. {section.title}", *lines] if section.title else lines))
    return "\n\n".join([*parts, f"External id: {ticket.external_id}"])


def _jira_text(text: str) -> str:
    escaped = _JIRA_MARKS.sub(lambda match: f"\\{match.group(1) or match.group(2)}", text)
    return _JIRA_LINK.sub(r"\1\\\2", _JIRA_START.sub(r"\1\\\2", escaped))


def _azure(ticket: Ticket) -> str:
    """HTML, as Azure DevOps keeps descriptions."""
    import html

    parts = []
    for section in ticket.sections:
        lines = [_NEXT_FORMULA.sub(_by_number, html.escape(line, quote=False)) for line in section.lines]
        if section.title:
            parts.append(f"<h3>{section.title}</h3>")
        parts.append(
            f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
            if section.is_list
            else "".join(f"<p>{line}</p>" for line in lines)
        )
    return "".join([*parts, f"<p>External id: {ticket.external_id}</p>"])


def _by_number(found: re.Match[str]) -> str:
    """What would be a formula behind a semicolon, that of ``&lt;`` too, in a form of HTML that looks the same."""
    return found[1] + "".join(f"&#{ord(letter)};" for letter in found[2])
