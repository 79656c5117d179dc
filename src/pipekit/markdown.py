"""Text from meetings and models, made harmless for Markdown and YAML: it stays text wherever it lands."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata

__all__ = ["code", "inline", "table_cell", "visible", "yaml_text"]

#: Characters that mean something in Markdown, also inside words.
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~!])")
#: Control characters, and those that turn the direction of writing or hide. The joiners U+200C and U+200D stay: without
#: them Persian, Hindi and many an emoji are other words or pictures.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
#: Where more marks than that may stand on a letter: no language needs as many, and a pile of them covers other lines.
_MOST_MARKS = 8
_PILE = re.compile(rf"[^\w\s\x00-\x7f]{{{_MOST_MARKS + 1},}}")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d{1,9}[.)])(?=\s|$)")
_LINK = re.compile(r"\b(https?|ftp|mailto|xmpp|javascript|data|file)(:)|\b(www)(\.)", re.IGNORECASE)
#: What becomes a mention, an e-mail address or a reference where Markdown is shown. These are looked for in the text
#: that is shown, where no backslash is left, so that only a character between keeps them apart.
_REFERENCE = re.compile(r"@(?=\w)|#(?=\d)|\bGH-(?=\d)", re.IGNORECASE)
_NOTHING = "&#8203;"


def visible(text: str) -> str:
    """The text without characters that hide, steer a terminal, turn the direction of writing, or cover other lines."""
    return _PILE.sub(_fewer_marks, _HIDDEN.sub("", text))


def _fewer_marks(found: re.Match[str]) -> str:
    parts = itertools.groupby(found[0], key=lambda letter: unicodedata.category(letter).startswith("M"))
    return "".join("".join(itertools.islice(part, _MOST_MARKS) if marks else part) for marks, part in parts)


def inline(text: str) -> str:
    """One line of Markdown that shows ``text`` as it is: no markup, no HTML, no links, and nobody is notified."""
    flat = " ".join(visible(text).split())
    escaped = _MARKS.sub(r"\\\1", flat)
    escaped = _LINK.sub(r"\1\3\\\2\4", escaped)
    escaped = _LINE_START.sub(_escaped_start, escaped).replace("&", "&amp;")
    return _REFERENCE.sub(rf"\g<0>{_NOTHING}", escaped)


def _escaped_start(match: re.Match[str]) -> str:
    mark = match.group(2)
    return f"{match.group(1)}{mark[:-1]}\\{mark[-1]}"


def code(text: str) -> str:
    """One line of code that shows ``text`` to the letter, for what people copy: addresses, commands."""
    flat = " ".join(visible(text).split())
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence, blank = "`" * (longest + 1), " " if "`" in flat else ""
    return f"{fence}{blank}{flat}{blank}{fence}"


def table_cell(text: str, width: int = 160) -> str:
    """The same for a cell of a table, cut to ``width`` characters."""
    flat = " ".join(text.split())
    return inline(flat if len(flat) <= width else flat[: width - 1].rstrip() + "…")


def yaml_text(text: str) -> str:
    """``text`` as a YAML scalar in double quotes: JSON strings are YAML."""
    return json.dumps(visible(text), ensure_ascii=False)
