"""Support tickets, triaged by a workflow of one's own: plain functions, no plugin, no configuration."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from pipekit import Each, Pipeline, Text, Workflow, step

INBOX = """\
The invoice of March is wrong, I was charged twice.
How do I change my password?
Nothing loads since this morning, our whole team is stuck!
"""


@frozen
class Ticket:
    """One message of a customer."""

    id: str
    text: str


@frozen
class Triage:
    """Where a ticket goes, and how fast."""

    queue: str
    urgent: bool


@step(provides="tickets")
def split_inbox(inbox: str) -> list[Ticket]:
    """One ticket a line."""
    lines = [line for line in inbox.splitlines() if line.strip()]
    return [Ticket(id=f"ticket-{number}", text=line) for number, line in enumerate(lines, start=1)]


@step(each="tickets", provides="triage")
def triage_ticket(ticket: Ticket) -> Triage:
    """By its words; a real one would ask a model here, with this rule as ``offline=``."""
    text = ticket.text.lower()
    queue = "billing" if "invoice" in text or "charged" in text else "support"
    return Triage(queue=queue, urgent="stuck" in text or "nothing" in text)


@step
def report(tickets: Sequence[Ticket], triage: Each[Triage]) -> str:
    """A line a ticket, the urgent ones first."""
    order = sorted(tickets, key=lambda ticket: not triage[ticket.id].urgent)
    return "\n".join(f"{triage[ticket.id].queue}: {ticket.text}" for ticket in order)


SUPPORT = Workflow(name="support", input="inbox", input_type=str, steps=[split_inbox, triage_ticket, report])

if __name__ == "__main__":
    result = Pipeline({}, workflow=SUPPORT, store="memory:").run(Text(INBOX))
    print(result.of(report))
