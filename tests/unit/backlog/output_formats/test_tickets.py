"""The id that other tools know an item by: the same in every run over the meeting, another for every other item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipekit import Pipeline, Text
from pipekit.backlog.output_formats.tickets import external_ids, tickets_of

MEETING = Path(__file__).parents[3] / "data" / "meetings" / "museum-refinement.txt"
SAID = [{"text": "We need dates."}, {"text": "And a search."}]


def candidate(number: int, words: str, title: str = "Dates") -> dict[str, Any]:
    return {"id": f"candidate-{number}", "rawContext": words, "title": title}


def ids(folder: Path, source: object) -> list[str]:
    run = Pipeline({}, plugins=[], store="memory:", folder=folder).run(source)
    return [one.external_id for one in tickets_of(run.view)]


def test_another_run_over_the_meeting_gives_the_same_ids(tmp_path: Path) -> None:
    made = ids(tmp_path, MEETING)
    assert made == ids(tmp_path, MEETING)
    assert made == ids(tmp_path, Text(MEETING.read_text()))
    assert len(set(made)) == len(made) == 5


def test_a_title_that_was_corrected_and_others_beside_it_change_no_id() -> None:
    alone = external_ids(SAID, [candidate(1, "We need dates.")])
    among = external_ids(SAID, [candidate(1, "And a search."), candidate(2, "we need  DATES", "Show dates")])
    assert among["candidate-2"] == alone["candidate-1"]
    assert among["candidate-1"] != alone["candidate-1"]


def test_the_same_words_in_another_meeting_are_another_item() -> None:
    words = [candidate(1, "We need dates.")]
    assert external_ids(SAID, words) != external_ids([*SAID, {"text": "Bye."}], words)


def test_two_candidates_of_the_very_same_words_have_ids_of_their_own() -> None:
    same = [
        candidate(1, "We need dates."),
        candidate(2, "We need dates.", "Sort"),
        candidate(3, "We need dates.", "Sort"),
    ]
    made = external_ids(SAID, same)
    assert len(set(made.values())) == 3
    assert made["candidate-1"] == external_ids(SAID, same[:1])["candidate-1"]
