"""Texts that want to be more than text, and runs in which they stand wherever people and models write something."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from pipekit import Pipeline
from pipekit.backlog import Meeting
from pipekit.interfaces import RunView
from pipekit.state.record import RunRecord

__all__ = ["CALM", "TEXTS", "Poisoned", "refined_meeting"]

MEETING = Path(__file__).parents[1] / "data" / "meetings" / "museum-refinement.txt"
#: What a page looks like when all that was said is harmless.
CALM = "calm"
TEXTS: Mapping[str, str] = {
    "elements": "</p></li></svg></title></style></textarea><script>window.ran = 1</script>"
    "<img src=https://evil.example/a.png onerror='window.ran = 1'><iframe src=https://evil.example/></iframe>",
    "attributes": '"><svg onload="window.ran = 1"> \' onfocus=\'window.ran = 1\' autofocus tabindex=1 x=` " style="',
    "links": "javascript:window.ran=1 <a href='javascript:window.ran=1'>x</a> [x](javascript:window.ran=1) "
    "[y]: javascript:window.ran=1 <javascript:window.ran=1> https://evil.example/ www.evil.example "
    "data:text/html,<script>window.ran=1</script> //evil.example",
    "styles": "</style><style>@import 'https://evil.example/x.css'; * { display: none }</style>"
    "<link rel=stylesheet href=https://evil.example/x.css> style='background: url(https://evil.example/b.png)' }*{",
    "leading away": "<meta http-equiv=refresh content='0;url=https://evil.example/'><base href=https://evil.example/>"
    "<form action=https://evil.example/><input autofocus onfocus='window.ran = 1'></form>",
    "comments": "<!-- --> ]]> <![CDATA[ <math><mtext><style><img src=x onerror='window.ran = 1'> <?php ?> <%= 7*7 %>",
    "entities": "&lt;b&gt; &amp;amp; &#60;i&#62; &nbsp; &#8238; &colon;",
    "templates": "{{ 7*7 }} {% include '/etc/passwd' %} {# gone #} ${7*7} #{7*7} {{ title.__class__.__mro__ }}",
    "Markdown": "![x](https://evil.example/b.png) [x](https://evil.example/) *b* _i_ ~~s~~ `c` | cell | [^1]: <https://e.x>"
    " @boss @acme/team a@evil.example #12 GH-12 acme/shop#12",
    "lines": "\r\n# Big\r\n\r\n```mermaid\r\n- [x] done\r\n---\r\n> quote\r\n\u2028\u2029\x0b\x0c    code\r\n",
    "Mermaid": '"] --> x; click x "javascript:window.ran=1"; %%{init: {}}%% ]) }} end subgraph #35;',
    "controls": "a\x00b\x07c\x1b[31md\x1b]8;;https://evil.example\x07e\x7ff\x85g\x9bh\x08i\ufeff",
    "bidi": "\u202egnp.exe\u202c \u2066a\u2069 \u2067b\u2069 \u200fc\u200e \u061cd \u200be\u2060",
    "formula": '=HYPERLINK("https://evil.example","x")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-1+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)",
    "tab": "\t=1+1",
    "another cell": 'a;=1+1;"=1+1";\t@SUM(1+1),+1 a <= b',
    "from the right": "\u05e9\u05dc\u05d5\u05dd <b>x</b>",
    "a long word": "w" * 5000,
    "marks": "Z" + "\u0301\u0316" * 5000,
}
#: What isn't anybody's text: ids, and words of a list that the types hold.
_NO_TEXT = {
    *("id", "candidateId", "target", "mitigatedBy", "canSprintTogether", "minimumViableSet", "unnamedRoles", "unit"),
    *("type", "status", "strength", "severity", "priority", "category", "targetRole", "eventType", "verdict", "match"),
    *("kind", "riskLevel", "complexityLevel", "readinessStatus", "residualRisk", "relationship"),
}
#: A text that is longer than this stands in one place of each kind: the page of it would be many megabytes.
_LONG = 1000


def refined_meeting(folder: Path) -> RunView:
    """A run over a sample with people for the roles and a past, so that all there is to show is shown."""
    (folder / "past").mkdir()
    front = "---\nid: {}\ntype: {}\ntitle: {}\nstatus: accepted\n---\n{}\n"
    (folder / "past" / "entry.md").write_text(front.format("M-12", "feature", "Book an entry time", "Tickets."))
    (folder / "past" / "scanner.md").write_text(
        front.format("ADR-7", "adr", "The scanner app and the guide share a framework", "Decision: one framework.")
    )
    (folder / "stakeholders.yaml").write_text("product-owner: {name: Ada, contact: ada@example.org}\ndeveloper: Bo\n")
    config = {"retrievers": {"folder": {"paths": ["past"]}}}
    return Pipeline(config, plugins=[], store="memory:", folder=folder).run(MEETING).view


class Poisoned:
    """A run in which a text stands before every other, whoever wrote that, and behind each turn of talk."""

    def __init__(self, view: RunView, text: str) -> None:
        self._view, self._text = view, text
        #: What a long text stands before: a value for each key, wherever that value is found.
        self._chosen: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    @property
    def record(self) -> RunRecord:
        record = self._view.record
        steps = {key: evolve(one, model=self._before(one.model or "")) for key, one in record.step_outputs.items()}
        return evolve(record, run_id=self._before(record.run_id), input_file=f"/x/{self._text}", step_outputs=steps)

    def value(self, name: str) -> Any:
        value = self._poisoned(self._view.value(name), name)
        if name == "candidates":
            # Words that aren't the meeting's are told with those that were given for them.
            value[0]["evidence"][0].update(match="close", similarity=0.9, given=self._before("given"), verified=False)
        return value

    def artifact(self, name: str, type_: Any) -> Any:
        found = self._view.artifact(name, type_)
        if not isinstance(found, Meeting):
            return found
        last = found.utterances[-1] if len(self._text) > _LONG else None
        said = (
            one if last not in (None, one) else evolve(one, text=f"{one.text} {self._text}") for one in found.utterances
        )
        return evolve(found, utterances=tuple(said))

    def _poisoned(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            is_edge = "target" in value
            return {
                name: one if is_edge and name == "source" else self._poisoned(one, name) for name, one in value.items()
            }
        if isinstance(value, list):
            return [self._poisoned(one, key) for one in value]
        if not isinstance(value, str) or key in _NO_TEXT:
            return value
        if (
            len(self._text) > _LONG
            and self._chosen.setdefault(key, value) != value
            and value not in self._chosen.values()
        ):
            return f"{CALM} {value}"
        return self._before(value)

    def _before(self, value: str) -> str:
        return f"{self._text} {value}"
