"""``github-issues.jsonl``: an issue a line, with the fields that GitHub's interface takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from pipekit.backlog.output_formats.tickets import NEEDS, Ticket, tickets_of
from pipekit.interfaces import OutputFile, RunView
from pipekit.markdown import inline

__all__ = ["GithubIssues"]


class GithubIssues:
    """``title``, ``body`` and ``labels``, and beside them ``externalId``, which stands in the body as well."""

    needs: Sequence[str] = NEEDS

    def render(self, run: RunView) -> Iterable[OutputFile]:
        """One file."""
        lines = [
            json.dumps(
                {
                    "externalId": one.external_id,
                    "title": one.title,
                    "body": _body(one),
                    "labels": [one.type, *([one.readiness] if one.readiness else [])],
                },
                ensure_ascii=False,
                allow_nan=False,
            )
            for one in tickets_of(run)
        ]
        return [OutputFile(path="github-issues.jsonl", content="".join(f"{line}\n" for line in lines).encode())]


def _body(ticket: Ticket) -> str:
    parts = []
    for section in ticket.sections:
        mark = "- [ ] " if section.title == "Acceptance criteria" else "- " if section.is_list else ""
        lines = [f"{mark}{inline(line)}" for line in section.lines]
        parts.append("\n".join([f"### {section.title}", "", *lines] if section.title else lines))
    return "\n\n".join([*parts, f"External id: `{ticket.external_id}`"]) + "\n"
