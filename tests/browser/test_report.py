"""The report in a browser: accessible, without a sideways scroll, quick to show, and nobody's text does anything."""

from __future__ import annotations

import os
import statistics
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostilekit import CALM, TEXTS, Poisoned, refined_meeting

from pipekit import Merged, Pipeline, Resume, Text
from pipekit.backlog.output_formats import ReportHtml
from pipekit.interfaces import RunView
from pipekit.markdown import visible

from .conftest import Opened

DATA = Path(__file__).parents[1] / "data"
MEETING = DATA / "meetings" / "museum-refinement.txt"
#: Made one meeting, they are as much as a long afternoon: some 40 candidates.
MANY = [
    *(DATA / "eval" / "open" / f"{name}-refinement.txt" for name in ("ferry", "pharmacy", "gemeente", "porters")),
    *(DATA / "meetings" / f"{name}-refinement.txt" for name in ("mealkit", "museum")),
    *(DATA / "eval" / "open" / f"{name}-refinement.vtt" for name in ("courts", "game")),
]
WIDTHS = (390, 768, 1280)
#: Where the pictures of the pages go, for people to look at.
PICTURES = os.environ.get("PIPEKIT_PICTURES")
HOSTILE = """\
Eve</span><script>window.ran = "element"</script>: As a <img src=https://evil.example/a.png onerror="window.ran = 1"> \
I want "><svg onload="window.ran = 2"> so that </style></title></textarea><iframe src=https://evil.example/frame></iframe>.
Eve: It's done when <meta http-equiv=refresh content="0;url=https://evil.example/"> and \u202egnp.exe\u202c \x1b[31m.
Eve: And we need to fix the <a href='javascript:window.ran=1'>link</a> &lt;b&gt;, it is a bug. <link rel=stylesheet \
href=https://evil.example/x.css><base href=https://evil.example/><form action=https://evil.example><input autofocus \
onfocus="window.ran = 3"></form> {{ 7*7 }} ]]> --> <!-- <math><mtext><style><img src=x onerror="window.ran = 4">
"""
#: The page as a tree: what each element is, and where it stands.
TREE = """() => [...document.querySelectorAll("*")].filter(one => one.localName !== "text").map(one => {
    let deep = 0
    for (let each = one; each; each = each.parentElement) deep++
    return `${deep} ${one.localName} ${[...one.attributes].map(at => at.name).filter(at => at !== "dir").sort()}`
})"""
#: Remembers what the Tab key stops at, in the order of the page, and says how many there are; then, where it is.
STOPS = """() => (window.stops = [...document.querySelectorAll("a[href], summary, [tabindex='0']")]
    .filter(one => one.checkVisibility())).length"""
WHERE = "[window.stops.indexOf(document.activeElement), getComputedStyle(document.activeElement).outlineStyle]"
#: Waits for the paint, too: a script that asks for it mustn't be one that the page's policy forbids.
FIRST_PAINT = """() => new Promise(done => new PerformanceObserver(list => {
    for (const one of list.getEntriesByName("first-contentful-paint")) done(one.startTime)
}).observe({type: "paint", buffered: true}))"""


def made(folder: Path, view: RunView) -> Path:
    [file] = ReportHtml(folder).render(view)
    path = folder / "report.html"
    path.write_bytes(file.content)
    return path


def view_of(source: Any, **options: Any) -> RunView:
    return Pipeline({}, plugins=[], store="memory:").run(source, **options).view


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pipeline = Pipeline({}, plugins=[], store="memory:")
    run_id = pipeline.run(MEETING).run_id
    edited = pipeline.resume(run_id, Resume(edits={"candidate-2": {"title": "Change the number of tickets later on"}}))
    return made(tmp_path_factory.mktemp("museum"), edited.view)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_is_accessible_and_as_wide_as_the_window(
    width: int, dark: bool, report: Path, open_page: Callable[..., Opened], violations: Callable[[Opened], list[str]]
) -> None:
    opened = open_page(report, width=width, dark=dark)
    if PICTURES:
        name = f"report-{width}-{'dark' if dark else 'light'}.png"
        opened.page.screenshot(path=Path(PICTURES) / name, full_page=True)
    assert violations(opened) == []
    for closed in opened.page.locator("details").all():
        closed.evaluate("one => { one.open = true }")
    assert violations(opened) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.wanted == []


def test_a_quote_leads_to_its_place_in_the_transcript_and_back_by_keyboard(
    report: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(report).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the board"
    page.locator("#evidence-1-1 a").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector(':target').id") == "said-1-1"
    there = page.locator("mark:target")
    assert there.inner_text() == "The director wants that tickets are sold for a fixed entry time."
    there.locator("xpath=following-sibling::a[1]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector(':target').id") == "evidence-1-1"


def test_the_tab_key_visits_everything_in_the_order_of_the_page_and_shows_where_it_is(
    report: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(report, width=390).page
    stops = page.evaluate(STOPS)
    assert stops > 60
    visited = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        visited.append(page.evaluate(WHERE))
    assert [number for number, _ in visited] == list(range(stops))
    assert {outline for _, outline in visited} == {"solid"}


def test_the_skip_link_goes_past_the_navigation(report: Path, open_page: Callable[..., Opened]) -> None:
    page = open_page(report).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "board"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('section').className") == "column"


def test_on_paper_nothing_is_folded_away_and_quotes_are_marked_without_colour(
    report: Path, tmp_path: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(report, dark=True).page
    page.emulate_media(media="print")
    folded = "[...document.querySelectorAll('details > :not(summary)')].filter(one => !one.getClientRects().length)"
    assert page.evaluate(f"{folded}.length") == 0
    assert page.locator("nav, .skip").evaluate_all("all => all.every(one => !one.getClientRects().length)")
    assert page.evaluate("getComputedStyle(document.querySelector('mark')).textDecorationLine") == "underline"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.pdf(path=Path(PICTURES or tmp_path) / "report.pdf", prefer_css_page_size=True, format="A4")


@pytest.mark.parametrize("bypass_policy", [False, True], ids=["with its policy", "without its policy"])
def test_hostile_words_of_a_meeting_do_nothing(
    bypass_policy: bool, tmp_path: Path, open_page: Callable[..., Opened]
) -> None:
    opened = open_page(made(tmp_path, view_of(Text(HOSTILE))), bypass_policy=bypass_policy)
    page = opened.page
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert (opened.wanted, opened.did) == ([], [])
    assert page.url.endswith("/report.html")
    assert page.locator("script, img, iframe, link, base, form, input, math, object, embed").count() == 0
    assert page.locator("meta[http-equiv]").count() == 1
    assert "<img src=https://evil.example/a.png" in page.inner_text("#transcript")
    assert page.evaluate("[...document.links].filter(one => !one.getAttribute('href').startsWith('#')).length") == 0


@pytest.fixture(scope="module")
def refined(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    return refined_meeting(tmp_path_factory.mktemp("refined"))


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_a_text_wherever_people_write_one_is_shown_as_text(
    text: str, refined: RunView, tmp_path: Path, open_page: Callable[..., Opened]
) -> None:
    for name in ("calm", "hostile"):
        (tmp_path / name).mkdir()
    calm = open_page(made(tmp_path / "calm", Poisoned(refined, CALM)), width=390).page
    opened = open_page(made(tmp_path / "hostile", Poisoned(refined, text)), width=390, bypass_policy=True)
    page = opened.page
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert (opened.wanted, opened.did) == ([], [])
    assert page.url.endswith("/hostile/report.html")
    assert page.evaluate(TREE) == calm.evaluate(TREE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shown = " ".join(str(page.evaluate("document.body.textContent")).split())
    assert shown.count(" ".join(visible(unicodedata.normalize("NFC", text)).split())) > (
        300 if len(text) < 1000 else 20
    )


def test_a_long_meeting_is_shown_at_once(
    tmp_path: Path, open_page: Callable[..., Opened], record_property: Callable[[str, object], None]
) -> None:
    view = Pipeline({}, plugins=[], store="memory:").run(Merged(MANY)).view
    path = made(tmp_path, view)
    times = []
    for _ in range(5):
        page = open_page(path).page
        times.append(page.evaluate(FIRST_PAINT))
    candidates = page.locator("article").count()
    print(
        f"{path.stat().st_size:,} bytes, {candidates} candidates, first paint after {statistics.median(times):.0f} ms"
    )
    assert candidates >= 35
    assert statistics.median(times) < 2000
