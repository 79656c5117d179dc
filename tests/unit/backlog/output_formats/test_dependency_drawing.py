"""The graph: what comes first is left of what waits for it, and nothing lies on anything else."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from pipekit.backlog.output_formats.dependency_drawing import HEIGHT, WIDTH, Drawing, draw


def titles(count: int) -> dict[str, str]:
    return {f"candidate-{number}": f"Title {number}" for number in range(1, count + 1)}


def edge(source: int, target: int, type_: str = "blocks") -> dict[str, Any]:
    return {"source": f"candidate-{source}", "target": f"candidate-{target}", "type": type_, "strength": "hard"}


def lefts(drawing: Drawing | None) -> dict[str, float]:
    assert drawing is not None
    return {box.candidate.removeprefix("candidate-"): box.x for box in drawing.boxes}


def test_without_a_dependency_there_is_no_picture() -> None:
    assert draw(titles(3), []) is None
    assert draw(titles(3), [edge(1, 9)]) is None


def test_what_waits_stands_right_of_all_that_it_waits_for() -> None:
    x = lefts(draw(titles(5), [edge(2, 1), edge(3, 2), edge(3, 1, "extends")]))
    assert x["1"] < x["2"] < x["3"]
    assert set(x) == {"1", "2", "3"}  # nothing connects 4 and 5


def test_a_mere_relation_moves_nothing_to_the_right() -> None:
    x = lefts(draw(titles(3), [edge(1, 2, "relates-to"), edge(3, 1)]))
    assert x["1"] == x["2"] < x["3"]


@pytest.mark.parametrize("edges", [[(1, 1)], [(1, 2), (2, 1)], [(1, 2), (2, 3), (3, 1), (4, 1)]])
def test_a_circle_that_somebody_wrote_by_hand_is_drawn_all_the_same(edges: list[tuple[int, int]]) -> None:
    drawing = draw(titles(4), [edge(*one) for one in edges])
    assert drawing is not None
    assert len(drawing.arrows) == len(edges)


def test_boxes_and_arrows_lie_within_the_picture_and_no_box_on_another() -> None:
    edges = [edge(a, b) for a in range(2, 41) for b in (a // 2, a // 3) if b] + [edge(40, 39, "relates-to")]
    drawing = draw(titles(40), edges)
    assert drawing is not None
    for one, two in itertools.combinations(drawing.boxes, 2):
        assert abs(one.x - two.x) >= WIDTH or abs(one.y - two.y) >= HEIGHT
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - WIDTH
        assert 0 <= box.y <= drawing.height - HEIGHT
    for arrow in drawing.arrows:
        assert max(float(number) for number in re.findall(r"[\d.]+", arrow.path)) <= max(drawing.width, drawing.height)


def test_a_long_title_is_cut_to_what_fits() -> None:
    names = {"candidate-1": "word " * 60, "candidate-2": "x" * 300}
    drawing = draw(names, [edge(2, 1)])
    assert drawing is not None
    for box in drawing.boxes:
        assert len(box.lines) <= 2
        assert all(len(line) <= 27 for line in box.lines)
        assert box.lines[-1].endswith("…")
