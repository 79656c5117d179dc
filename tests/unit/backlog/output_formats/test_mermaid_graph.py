"""The Mermaid graph: what comes first leads to what waits, and a title is nothing but a label."""

from __future__ import annotations

import re
from typing import Any

from pipekit.backlog.output_formats.mermaid_graph import mermaid_graph


def edge(source: str, target: str, type_: str = "blocks", strength: str = "hard") -> dict[str, Any]:
    return {"source": source, "target": target, "type": type_, "strength": strength}


def test_arrows_lead_from_what_comes_first_and_loners_are_left_out() -> None:
    titles = {"a": "Search", "b": "Log in", "c": "Alone", "d": "Mail"}
    edges = [edge("a", "b"), edge("d", "b", "extends", "soft"), edge("a", "d", "relates-to")]
    assert mermaid_graph(titles, edges) == [
        "```mermaid",
        "graph LR",
        '  c1["Search"]',
        '  c2["Log in"]',
        '  c4["Mail"]',
        "  c2 --> c1",
        "  c2 -.->|is extended by| c4",
        "  c4 --- c1",
        "```",
    ]


def test_without_dependencies_there_is_no_block() -> None:
    assert mermaid_graph({"a": "Search"}, []) == []
    assert mermaid_graph({"a": "Search"}, [edge("a", "gone")]) == []


def test_a_title_cannot_leave_its_label() -> None:
    nasty = '"] --> x; click x "javascript:alert(1)" <b>`md`</b>\n```\n# %%{init}%% \u202e'
    block = mermaid_graph({"a": nasty, "b": "Log in"}, [edge("a", "b")])
    assert len(block) == 6
    label = re.fullmatch(r'  c1\["([^"]*)"\]', block[2])
    assert label
    assert not set(label[1]) & set('"<>`[]{}%|\\\u202e')
    assert "#34;#93; --#62; x#59;" in label[1]
