"""Whole runs against a server that goes wrong at one question, each in its way, and what came of them.

    python tests/wire/failures_page.py

writes the table of docs/reference/models.md from these outcomes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from attrs import evolve, field, frozen

from wirekit.cases import CASES, Case
from wirekit.desk import Desk, open_desk
from wirekit.project import Project
from wirekit.question import Question
from wirekit.server import Exchange
from wirekit.vendors import VENDORS, Said, Vendor

__all__ = ["CANARIES", "WAYS", "Outcome", "leaks", "outcome_of", "project_with_secrets"]

KEY, SECOND_KEY, PASSWORD, HEADER = "canary-key-0815", "canary-key-2288", "canary-pw-4711", "canary-header-42"
CANARIES = (KEY, SECOND_KEY, PASSWORD, HEADER)
#: The one question that goes wrong: in the middle of a run, beside others that are answered.
_QUESTION = "score-confidence candidate-2"
_MODEL, _NEXT = "openai/gpt-4.1-mini", "anthropic/claude-sonnet-4-6"


def _status(status: int, code: str, message: str, **headers: str) -> Case:
    """A server that repeats all it was told to keep to itself, as some do in their messages."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    said = f"{message} (seen: {', '.join(CANARIES)})"
    return lambda vendor, exchange: exchange.send(vendor.error(said, code), status, named)


def _rate_until(vendor: Vendor, exchange: Exchange) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    _status(429, "rate_limit_error", "slow down", retry_after=later)(vendor, exchange)


def _said(said: Said) -> Case:
    return lambda vendor, exchange: vendor.answer(exchange, said)


_MISFIT = json.dumps({"completeness": "very", "clarity": {"found": [], "missing": [], "score": 900}})
#: What the server does → how; None: it isn't there.
WAYS: Mapping[str, Case | None] = {
    "refuses the key (401)": _status(401, "authentication_error", "Incorrect API key provided"),
    "forbids the model to this key (403)": _status(403, "permission_error", "your key may not use this model"),
    "wants to be paid first (402)": _status(402, "billing_error", "your credit balance is too low"),
    "doesn't know the model (404)": _status(404, "model_not_found", "The model `gpt-4.1-mini` does not exist"),
    "finds the request wrong (400)": _status(400, "invalid_request_error", "Unknown parameter"),
    "says that the prompt is too long (400)": CASES["too long"],
    "asks to wait a second (429)": _status(429, "rate_limit_error", "slow down", retry_after="1"),
    "asks to wait until a time (429)": _rate_until,
    "asks to wait an hour (429)": _status(429, "rate_limit_error", "slow down", retry_after="3600"),
    "fails (500)": _status(500, "api_error", "oops"),
    "is overloaded (529)": _status(529, "overloaded_error", "Overloaded"),
    "answers with a web page": CASES["200, a page"],
    "answers with broken JSON": CASES["200, broken JSON"],
    "answers with 50 MB": CASES["50 MB"],
    "sends a byte now and then": CASES["slow drip"],
    "says nothing": CASES["silence"],
    "hangs up in the middle": CASES["hangs up in the middle"],
    "isn't there": None,
    "cuts the answer off at its largest length": _said(Said(text='{"completeness": {"found": ["a', stop="length")),
    "declines to answer": _said(Said(refusal="I can't help with that.")),
    "filters the answer": _said(Said(text="", stop="content_filter")),
    "gives an empty answer": _said(Said(text="")),
    "gives an answer that is no JSON": _said(Said(text="I would rather talk.")),
    "gives an answer of the wrong types": _said(Said(text=_MISFIT)),
}


@frozen(kw_only=True)
class Outcome:
    """What came of one way to fail.

    ``calls`` is how often the question came to the server before the run gave up, ``corrections`` how many of these
    said what was wrong with an answer; ``asks_next`` whether a fallback is asked. ``said`` is what the command printed
    of the error, line by line; ``leaks`` names places that hold a secret.
    """

    way: str
    calls: int
    corrections: int
    asks_next: bool
    code: int
    said: tuple[str, ...]
    is_resumed: bool
    is_paid_once: bool
    leaks: tuple[str, ...] = ()
    faults: tuple[str, ...] = field(default=(), repr=False)

    def row(self) -> str:
        """The outcome as a line of the table."""
        again = f"again, {self.calls} times in all" if self.calls > 1 else "once"
        if self.corrections:
            again = f"again, {_TIMES[self.corrections]} with what is wrong"
        told, *hints = self.said
        cells = [
            self.way,
            again,
            "yes" if self.asks_next else "no",
            str(self.code),
            f"{told.removeprefix('error: ')} → {' '.join(hints[:-1])}",
        ]
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


_TIMES = {1: "once", 2: "twice"}


def outcome_of(way: str, folder: Path) -> Outcome:
    """Run into this failure, then go on: with a fallback while it lasts, and without one when it is over."""
    case = WAYS[way]

    def trouble(question: Question) -> Case | None:
        return case if str(question) == _QUESTION else None

    with open_desk(VENDORS["openai"], trouble=trouble) as first, open_desk(VENDORS["anthropic"]) as second:
        project = project_with_secrets(folder, first, second)
        away = evolve(project, environ={**project.environ, "OPENAI_BASE_URL": f"http://ada:{PASSWORD}@127.0.0.1:9/v1"})
        failing = project if case is not None else away
        failed = failing.call("run", "meeting.txt", "--model", _MODEL, "--record", "said.jsonl")
        calls = _calls(first, failed.stderr)
        corrections = first.corrections

        helped = evolve(failing, environ={**failing.environ, "PIPEKIT_LLM__FALLBACK": f"[{_NEXT}]"})
        went_on = helped.call("resume", "last", "--record", "said.jsonl")
        asks_next = bool(second.received)
        first.trouble = lambda _: None
        done = went_on if went_on.returncode == 0 else project.call("resume", "last", "--record", "said.jsonl")
        said = failed.stderr[failed.stderr.index("error: ") :].strip().splitlines()
        spoken = "".join(one.stdout + one.stderr for one in (failed, went_on, done))
        others = {digest: count for digest, count in first.received.items() if first.names[digest] != _QUESTION}
        return Outcome(
            way=way,
            calls=calls,
            corrections=corrections,
            asks_next=asks_next,
            code=failed.returncode,
            said=tuple(_plain(line, project) for line in said),
            is_resumed=done.returncode == 0 and project.record["status"] == "completed",
            is_paid_once=set(others.values()) <= {1},
            leaks=tuple(leaks(folder, spoken)),
            faults=(*first.faults, *second.faults),
        )


def _calls(desk: Desk, told: str) -> int:
    """How often it was tried: by the server's count, or where there is none by what the command told."""
    counts = [count for digest, count in desk.received.items() if desk.names[digest] == _QUESTION]
    return sum(counts) or 1 + told.count(f"asking {_MODEL} again")


def project_with_secrets(folder: Path, first: Desk, second: Desk) -> Project:
    """Secrets in every place where they may be: in keys, in an address, in a header of the configuration."""
    (folder / "pipekit.yaml").write_text(f"llm: {{providers: {{openai: {{headers: {{X-Team: {HEADER}}}}}}}}}\n")
    project = Project.of(
        folder,
        first,
        second,
        OPENAI_API_KEY=KEY,
        ANTHROPIC_API_KEY=SECOND_KEY,
        PIPEKIT_LLM__PROVIDERS__OPENAI__API_KEY_VARIABLE="OPENAI_API_KEY",
        PIPEKIT_LLM__RETRY__WAIT="0.01",
        PIPEKIT_LLM__TIMEOUT="2",
        PIPEKIT_LLM__CACHE="true",
    )
    address = project.environ["OPENAI_BASE_URL"].replace("://", f"://ada:{PASSWORD}@")
    project = evolve(project, environ={**project.environ, "OPENAI_BASE_URL": address})
    assert project.call("trust", "--yes").returncode == 0
    return project


def _plain(line: str, project: Project) -> str:
    """A line as it is in every run; what the server repeated of secrets is masked by now, and says nothing."""
    return re.sub(r" \(seen: [*, ]+\)", "", line.replace(project.run.name, "RUN")).strip()


def leaks(folder: Path, spoken: str) -> list[str]:
    """Where a secret stands: in what was printed, or in a file, those of the cache and of the user included."""
    found = [f"output: {canary}" for canary in CANARIES if canary in spoken]
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "pipekit.yaml"]
    found += [
        f"{path.relative_to(folder)}: {one}" for path in files for one in CANARIES if one.encode() in path.read_bytes()
    ]
    return found
