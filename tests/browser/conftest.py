"""A real browser, and pages opened in it as a person opens a file, with the network watched and nothing let through."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import define, field
from playwright.sync_api import Browser, Dialog, Page, Request, Route, sync_playwright

#: Debian's name first; no browser is downloaded.
NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@define
class Opened:
    """A page, and what it did while it was opened and looked at."""

    page: Page
    #: What it wanted beside itself.
    wanted: list[str] = field(factory=list)
    #: Dialogs, pop-ups, and what it wrote to the console.
    did: list[str] = field(factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)} is on the path")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*_FLAGS, *root])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens a file: ``open_page(path, width=400, dark=True, bypass_policy=True)``."""
    contexts = []

    def opened(path: Path, *, width: int = 1280, dark: bool = False, bypass_policy: bool = False) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            bypass_csp=bypass_policy,
        )
        contexts.append(context)
        result = Opened(context.new_page())

        def let_only_files_through(route: Route, request: Request) -> None:
            if request.url.startswith("file:"):
                route.continue_()
            else:
                result.wanted.append(request.url)
                route.abort()

        def asked(dialog: Dialog) -> None:
            result.did.append(f"said {dialog.message}")
            dialog.dismiss()

        context.route("**/*", let_only_files_through)
        context.on("page", lambda page: result.did.append(f"opened {page.url}"))
        result.page.on("dialog", asked)
        result.page.on("console", lambda message: result.did.append(f"console: {message.text}"))
        result.page.on("pageerror", lambda error: result.did.append(f"error: {error}"))
        result.page.goto(path.as_uri())
        return result

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def violations() -> Callable[[Opened], list[str]]:
    """What axe-core finds on a page, all of its rules but those it calls experimental: rule, place, what is wrong."""
    axe = Path(os.environ["PIPEKIT_AXE"]).read_text()

    def found(opened: Opened) -> list[str]:
        opened.page.evaluate(axe)
        report = opened.page.evaluate("axe.run()")
        assert len(report["passes"]) > 20
        return [
            f"{one['id']}: {node['html']}: {node['failureSummary']}"
            for one in report["violations"]
            for node in one["nodes"]
        ]

    return found
