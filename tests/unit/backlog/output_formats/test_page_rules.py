"""A template of a stranger's folder makes no page that runs, loads or leads anywhere by itself."""

from __future__ import annotations

import pytest

from pipekit.backlog.output_formats.page_rules import broken_rule, policy

STYLE = "p > a { color: teal; } @media (20rem < width) {}"
HEAD = f"""
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy(STYLE)}">
"""


def page(body: str, head: str = HEAD) -> str:
    return f'{head}<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>{body}</body>'


def test_text_and_drawings_may_be_on_a_page() -> None:
    assert (
        broken_rule(page('<p>1 < 2, a&lt;script&gt; <svg><PATH d="M0 0"/></svg><a href="#x">x</a></p>'), policy(STYLE))
        is None
    )


@pytest.mark.parametrize(
    "head",
    [
        "<!doctype html><html><head>",
        HEAD.replace("default-src 'none'", "default-src *"),
        HEAD.replace("<meta charset", "<script>1</script><meta charset"),
        HEAD.replace("<!doctype", "<!-- <!doctype"),
        HEAD.replace("<head>", "<head onload=x>"),
    ],
)
def test_the_policy_stands_before_all_else(head: str) -> None:
    assert "begin as the shipped one" in (broken_rule(page("", head), policy(STYLE)) or "")


def test_the_policy_is_that_of_the_style() -> None:
    assert "begin as the shipped one" in (broken_rule(page(""), policy("b {}")) or "")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ("</p><ScRiPt src=x>", "<ScRiPt>"),
        ("<IMG/src='https://evil.example/'>", "<IMG>"),
        ("<link rel=preconnect href=//evil.example>", "<link>"),
        ("<svg><foreignObject></foreignObject></svg>", "<foreignObject>"),
        ("<svg><animate href=#x attributeName=href to=javascript:1></svg>", "<animate>"),
        ("<iframe srcdoc=x>", "<iframe>"),
        ("<base href=//evil.example>", "<base>"),
        ("<form><button>", "<form>"),
        ("<p\x00>", "<p\x00>"),
        ("<meta http-equiv='refresh' content='0;url=//evil.example'>", "<meta>"),
        ('<meta name=">" http-equiv=refresh content=0>', "<meta>"),
        ('<meta name="x" content=">" http-equiv=refresh>', "<meta>"),
        ("<!-- --><meta\nhttp-equiv=refresh content=0>", "<meta>"),
        ("<style><!-- </style><noscript>", "<noscript>"),
    ],
)
def test_what_could_run_load_or_lead_away_has_no_place(body: str, named: str) -> None:
    assert named in (broken_rule(page(body), policy(STYLE)) or "")
