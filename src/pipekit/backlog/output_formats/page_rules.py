"""What the report may hold, whoever wrote its template: a folder that was just cloned may bring one along.

The policy stands before everything else, so that the browser runs and loads nothing. What a policy doesn't cover, a
page that leads elsewhere by itself, is kept out by the elements: data comes escaped, each ``<name`` is the template's.
"""

from __future__ import annotations

import base64
import hashlib
import re

__all__ = ["broken_rule", "policy"]

_HEAD = re.compile(
    r'\s*<!doctype html>\s*<html(?: lang="[A-Za-z-]*")?(?: dir="[a-z]*")?>\s*<head>\s*<meta charset="utf-8">\s*'
    r'<meta http-equiv="Content-Security-Policy" content="(?P<policy>[^"]*)">',
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"</?([a-z][^\s/>]*)", re.IGNORECASE)
_ELEMENTS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "nav",
        "main",
        "footer",
        "section",
        "article",
        "aside",
    ),
    *("div", "h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "q", "cite", "pre", "hr", "br", "wbr", "address"),
    *("ul", "ol", "li", "dl", "dt", "dd", "figure", "figcaption", "details", "summary", "meter", "progress"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "colgroup", "col"),
    *("a", "span", "b", "i", "em", "strong", "small", "bdi", "mark", "s", "u", "sub", "sup", "abbr", "time", "data"),
    *("code", "kbd", "samp"),
    *(
        "svg",
        "g",
        "defs",
        "marker",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
    ),
}
#: Anything about the page but what a server would have said of it: that can lead to another page.
_META = re.compile(r'<meta(?! name="[a-z:-]+" content="[^"<>]*">)', re.IGNORECASE)


def policy(style: str) -> str:
    """What the browser is allowed: this style, byte for byte, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def broken_rule(page: str, policy: str) -> str | None:
    """What is wrong with the page as a browser would read it, None when it is as it may be under this policy."""
    head = _HEAD.match(page)
    if head is None or head["policy"] != policy:
        return "report.html has to begin as the shipped one does, with the policy before anything else in its head"
    for found in _ELEMENT.finditer(page, head.end()):
        if found[1].lower() not in _ELEMENTS:
            return f"<{found[1]}> has no place in a report"
    if _META.search(page, head.end()):
        return 'of <meta>, only <meta name="…" content="…"> has a place in a report'
    return None
