"""An evaluation as JSON, as Markdown and as a page; text of others stays text in all of them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from attrs import evolve

from pipekit.evaluation.bounds import broken_bounds, read_bounds
from pipekit.evaluation.documents import to_json, to_markdown
from pipekit.evaluation.page import to_page
from pipekit.evaluation.results import Variant
from pipekit.evaluation.tables import comparison, inputs_of

from .results import ALONE, BOTH, FIRST, outcome

HOSTILE = "<script>alert(1)</script> | [x](javascript:y) {{ 7*7 }} </style> \u202ebackwards @all"


def hostile() -> object:
    result = evolve(FIRST, variant=Variant(model=HOSTILE), outcomes=(outcome(HOSTILE, 1, 2, notes=[HOSTILE]),))
    return evolve(BOTH, folder=HOSTILE, workflow=HOSTILE, variants=(result,))


def test_models_stand_side_by_side_in_one_table() -> None:
    table = comparison(BOTH)
    assert table.columns == ("metric", "acme/a", "acme/b, new")
    assert table.rows == (
        ("words.f1", "0.70", "1.00"),
        ("words.wrong", "0.00", "0.00"),
        ("cost", "$0.5000", "$0.2500"),
        ("tokens", "240", "120"),
        ("seconds", "3.0", "1.5"),
    )


def test_one_model_alone_is_told_with_what_was_counted() -> None:
    table = comparison(ALONE)
    assert table.columns == ("metric", "acme/a", "counted", "mean of inputs")
    assert table.rows[0] == ("words.f1", "0.70", "7 of 10", "0.62")


def test_every_input_has_a_row_and_what_failed_has_dashes() -> None:
    table = inputs_of(BOTH, BOTH.variants[1])
    assert table.rows == (
        ("first", "1.00", "0.00", "$0.2500", "120", "1.5"),
        ("second", "–", "–", "–", "–", "–"),
        ("all together", "1.00", "0.00", "$0.2500", "120", "1.5"),
    )


def test_json_holds_everything() -> None:
    bounds = read_bounds("min", ["words.f1=0.8"], BOTH.metrics)
    document = json.loads(json.dumps(to_json(BOTH, broken_bounds(BOTH, bounds)), allow_nan=False))
    first, second = document["variants"]
    assert (first["model"], second["prompts"]) == ("acme/a", "new")
    assert first["overall"]["words.f1"] == 0.7
    assert first["mean"]["words.f1"] == 0.625
    assert first["counted"]["words.f1"] == {"hits": 7, "of": 10}
    assert first["overall"]["words.never"] is None
    assert first["inputs"][0]["values"]["cost"] == 0.25
    assert second["inputs"][1].pop("error")["message"] == "the server is gone"
    assert second["inputs"][1] == {
        "name": "second",
        "file": "second.txt",
        "runId": None,
        "values": None,
        "notes": [],
    }
    assert document["broken"] == [
        {"metric": "words.f1", "bound": "min", "limit": 0.8, "variant": "acme/a", "value": 0.7}
    ]


def test_markdown_and_page_say_what_failed_and_which_bound_is_broken() -> None:
    broken = broken_bounds(BOTH, read_bounds("min", ["words.f1=0.8"], BOTH.metrics))
    for text in (to_markdown(BOTH, broken), to_page(BOTH, broken)):
        assert "the server is gone" in text
        assert re.search(r"words\.f1 is 0\.7, below 0\.8", text)


def test_nothing_in_markdown_is_markup_of_others() -> None:
    text = to_markdown(hostile())  # type: ignore[arg-type]
    unescaped = re.sub(r"\\.", "", text)
    assert "<script" not in unescaped
    assert "](" not in unescaped
    assert "\u202e" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    borders = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    assert set(borders[:7]) == {5}
    assert set(borders[7:]) == {7}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_the_page_runs_nothing_loads_nothing_and_shows_text_of_others_as_text() -> None:
    page = to_page(hostile())  # type: ignore[arg-type]
    tags = _Tags()
    tags.feed(page)
    assert not {"script", "link", "img", "iframe", "a"} & set(tags.tags)
    assert not [name for name in tags.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert "{{ 7*7 }}" in page
    assert "\u202e" not in page
    assert tags.tags.count("style") == 1
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page


@pytest.mark.parametrize("evaluation", [BOTH, ALONE])
def test_the_same_evaluation_gives_the_same_files(evaluation: object) -> None:
    assert to_markdown(evaluation) == to_markdown(evaluation)  # type: ignore[arg-type]
    assert to_page(evaluation) == to_page(evaluation)  # type: ignore[arg-type]
