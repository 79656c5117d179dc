"""What the site adds to the pages: a place to link to for each name in a table, and a page with all names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markdown.extensions.toc import slugify
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

#: The pages whose names are listed, with what they name.
LISTED = {
    "reference/commands.md": "Commands",
    "reference/settings.md": "Settings",
    "reference/hooks.md": "Hooks",
    "reference/events.md": "Events",
    "reference/errors.md": "Errors and exit codes",
}
#: A heading that is a name, and what is said below it.
_HEADING = re.compile(r"^#{2,} (`([^`]+)`.*)\n+((?:[^#\n].*\n?)*)", re.MULTILINE)
#: A row about one name, which stands in the first cell, or behind the exit code.
_ROW = re.compile(r"^(\| (?:[\d–]+ \| )?)`([\w.<>\"/-]+)`( \|)(.*)", re.MULTILINE)


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Each row about a name can be linked to."""
    if page.file.src_uri not in LISTED:
        return markdown
    return _ROW.sub(r'\1<a id="\2" href="#\2">`\2`</a>\3\4', markdown)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The page with all names is made anew from the others."""
    parts = ["# Everything by name\n"]
    for uri, title in LISTED.items():
        entries = {name: rest for name, *rest in _entries(Path(config.docs_dir, uri).read_text(encoding="utf-8"))}
        page = uri.rpartition("/")[2]
        parts += [f"## {title}\n"]
        for name, (anchor, said) in sorted(entries.items(), key=lambda one: one[0].lower()):
            parts.append(f"- [`{name}`]({page}#{anchor}){': ' if said else ''}{said}")
        parts.append("")
    files.append(File.generated(config, "reference/index.md", content="\n".join(parts)))
    return files


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """Each name, where it stands on its page, and the first sentence about it."""
    for heading, name, below in _HEADING.findall(text):
        said = " ".join(below.split())
        yield name.partition("(")[0], slugify(heading.replace("`", ""), "-"), said.partition(". ")[0].rstrip(".:")
    for before, name, _, rest in _ROW.findall(text):
        # Of a setting the next cell is its default, of an error what it means.
        said = rest.strip(" |").partition(". ")[0].rstrip(".") if before != "| " else ""
        yield name, name, said
