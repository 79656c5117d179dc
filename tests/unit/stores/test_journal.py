"""The journals of a run and of an open step: what doesn't belong there is damage, never a result."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipekit.errors import StateError
from pipekit.interfaces.state_stores import Entry
from pipekit.serde import unstructure
from pipekit.state.record import SCHEMA, RunRecord
from pipekit.stores.item_journal import ItemJournal
from pipekit.stores.journal import Journal, entries_content
from pipekit.stores.lines import line

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RECORD = RunRecord(run_id="run-1", input_file="a.txt", started_at=NOW, updated_at=NOW, status="running", current_step=1)
REPLY = Entry(step="ask", kind="reply", key="k", value={"text": "hello"}, stays=True)


def written(journal: Journal, kind: str, content: dict[str, Any], epoch: int = 1) -> bytes:
    body = journal.body(kind, epoch, content)
    journal.take(body)
    return line(body)


def run_journal() -> tuple[Journal, list[bytes]]:
    journal = Journal("run-1", "journal.jsonl")
    lines = [
        written(journal, "header", {"schema": SCHEMA, "record": unstructure(RECORD)}),
        written(journal, "owner", {}),
        written(journal, "entries", entries_content([REPLY])),
    ]
    return journal, lines


def read(*lines: bytes, run: str = "run-1") -> Journal:
    journal = Journal(run, "journal.jsonl")
    journal.feed(b"".join(lines))
    return journal


def test_what_was_written_is_read_in_one_piece_or_line_by_line() -> None:
    _, lines = run_journal()
    piecewise = Journal("run-1", "journal.jsonl")
    for one in lines:
        assert piecewise.feed(one) == 0
    for journal in (read(*lines), piecewise):
        assert journal.structured() == RECORD
        assert journal.entries == [REPLY]
        assert (journal.sequence, journal.epoch, journal.offset) == (3, 1, len(b"".join(lines)))


def test_a_torn_tail_is_counted_and_the_lines_before_it_hold() -> None:
    _, lines = run_journal()
    journal = Journal("run-1", "journal.jsonl")
    assert journal.feed(b"".join(lines[:2]) + lines[2][:20]) == 20
    assert journal.entries == []
    assert journal.sequence == 2


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ((0, 1, 1), "line 3: stands here a second time"),
        ((0, 2, 1), "line 2: comes too early"),
        ((1, 2), "comes too early"),
        ((0, 0), "second time"),
    ],
)
def test_lines_twice_or_out_of_order_are_damage_with_their_place(order: tuple[int, ...], said: str) -> None:
    _, lines = run_journal()
    with pytest.raises(StateError, match=said) as caught:
        read(*(lines[place] for place in order))
    assert "pipekit repair run-1" in caught.value.hint
    assert caught.value.where.startswith("journal.jsonl:")


def test_lines_of_another_run_are_damage() -> None:
    _, lines = run_journal()
    with pytest.raises(StateError, match="belongs to another run") as caught:
        read(*lines, run="run-2")
    assert (caught.value.expected, caught.value.found) == ("run-2", "run-1")


def test_a_line_of_a_superseded_owner_is_damage() -> None:
    journal, lines = run_journal()
    late = line(journal.body("entries", 0, entries_content([REPLY])))
    with pytest.raises(StateError, match="superseded owner"):
        read(*lines, late)


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "entries", "entries": [{"step": 3}]},
        {"kind": "entries"},
        {"kind": "surprise"},
        {"kind": "header", "schema": SCHEMA, "record": {}},
        {"kind": "commit", "files": [["../x", "0", 1, None]]},
        {"kind": "commit", "files": [["steps/step-1.json", "0", 1, "output/.x.json"]]},
        {"kind": "replaced", "moves": [["steps/step-1.json", "steps/step-2.json"]]},
        {"kind": "replaced", "moves": [["steps/step-1.json", "history/1/steps/step-1.json"]]},
    ],
)
def test_a_line_with_something_else_in_it_is_damage(content: dict[str, Any]) -> None:
    journal, lines = run_journal()
    strange = line({"sequence": 4, "epoch": 1, "run": "run-1", **content})
    with pytest.raises(StateError, match="line 4"):
        read(*lines, strange)
    assert journal.sequence == 3


def test_a_newer_layout_is_told_with_the_version_that_wrote_it() -> None:
    newer = line({
        "sequence": 1, "epoch": 1, "run": "run-1", "kind": "header", "schema": SCHEMA + 1,
        "record": {"pipekitVersion": "9.1"},
    })  # fmt: skip
    with pytest.raises(StateError, match=r"9\.1"):
        read(newer)


# --- the items of an open step -------------------------------------------------------------------------------------


def item(key: str, step: str = "weigh") -> Entry:
    return Entry(step=step, kind="item", key=key, value=1)


def item_lines(*groups: list[Entry], step: str = "weigh") -> list[bytes]:
    journal = ItemJournal("run-1", ".items-0001", ".items-0001")
    lines = []
    for group in groups:
        body = journal.body(step, 1, group)
        journal.take(body)
        lines.append(line(body))
    return lines


def read_items(*lines: bytes, run: str = "run-1") -> ItemJournal:
    journal = ItemJournal(run, ".items-0001", ".items-0001")
    journal.feed(b"".join(lines))
    return journal


def test_finished_items_come_back_in_the_order_they_finished() -> None:
    journal = read_items(*item_lines([item("b")], [item("a"), item("c")]))
    assert (journal.step, [entry.key for entry in journal.entries]) == ("weigh", ["b", "a", "c"])


def test_an_emptied_file_of_items_is_free_for_any_step() -> None:
    journal = read_items()
    assert (journal.step, journal.entries, journal.sequence) == ("", [], 0)


def test_cut_at_any_byte_no_finished_item_before_the_cut_is_lost() -> None:
    lines = item_lines([item("a")], [item("b")], [item("c")])
    data = b"".join(lines)
    ends = [len(b"".join(lines[:count])) for count in range(4)]
    for cut in range(len(data)):
        whole = max(count for count, end in enumerate(ends) if end <= cut)
        journal = ItemJournal("run-1", "x", "x")
        assert journal.feed(data[:cut]) == cut - ends[whole]
        assert [entry.key for entry in journal.entries] == ["a", "b", "c"][:whole]


@pytest.mark.parametrize("order", [(1,), (0, 2), (0, 1, 1), (0, 0)])
def test_items_twice_or_out_of_order_are_damage(order: tuple[int, ...]) -> None:
    lines = item_lines([item("a")], [item("b")], [item("c")])
    with pytest.raises(StateError, match="out of order"):
        read_items(*(lines[place] for place in order))


def test_items_of_another_run_or_step_are_damage() -> None:
    with pytest.raises(StateError, match="another run"):
        read_items(*item_lines([item("a")]), run="run-2")
    foreign = {"kind": "open", "step": "weigh", "sequence": 1, "epoch": 1, "run": "run-1"}
    with pytest.raises(StateError, match="another step"):
        read_items(line({**foreign, "entries": unstructure((item("a", step="count"),))}))
