"""What a run made, put together by hand for the tests of what is measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from pipekit.backlog import Candidate, Dependency, DependencyMap, DorChecks, Event, Meeting, Readiness, Utterance
from pipekit.backlog.scoring.gold import Gold, GoldCandidate, GoldDependency, NotCandidate
from pipekit.backlog.scoring.scorer import BacklogScorer
from pipekit.interfaces import Each, Score

SAID = (
    "We need a dark mode, because the night shift asked for it.",
    "The export crashes for empty lists.",
    "Dark mode has to wait until the colour variables are cleaned up.",
    "No karaoke though.",
)
MEETING = Meeting(utterances=tuple(Utterance(text=text, line=n, last_line=n) for n, text in enumerate(SAID, start=1)))

GOLD = Gold(
    event_type="refinement",
    candidates=(
        GoldCandidate(
            id="C1", title="Dark mode", type="feature", must_mention=(("dark",),), evidence=(SAID[0],), ready=False
        ),
        GoldCandidate(
            id="C2",
            title="Export crashes",
            type="bug",
            must_mention=(("export",), ("crash",)),
            evidence=(SAID[1],),
            ac=2,
            ready=True,
        ),
        GoldCandidate(
            id="C3",
            title="Clean up colour variables",
            type="tech-debt",
            type_alt=("feature",),
            must_mention=(("colour",), ("clean",)),
            evidence=(SAID[2],),
            ready=False,
        ),
    ),
    not_candidates=(NotCandidate(id="N1", title="Karaoke", must_mention=(("karaoke",),), reason="rejected"),),
    dependencies=(GoldDependency(source="C1", target="C3", type="blocks"),),
)


def candidate(id_: str, title: str, quote: str, **more: Any) -> Candidate:
    fields: dict[str, Any] = {"description": "", "type": "feature", "verified": True, **more}
    return Candidate(id=id_, title=title, raw_context=quote, **fields)


DARK = candidate("candidate-1", "Offer a dark mode", SAID[0])
EXPORT = candidate(
    "candidate-2", "Export empty lists without a crash", SAID[1], type="bug", acceptance_criteria=("a", "b")
)
COLOURS = candidate("candidate-3", "Clean up the colour variables", SAID[2], type="tech-debt")
KARAOKE = candidate("candidate-4", "Add karaoke", SAID[3])


class Run:
    """A run as a scorer sees it, as far as this one looks."""

    def __init__(self, **artifacts: object) -> None:
        self._artifacts = {"meeting": MEETING, **artifacts}
        self.names: Sequence[str] = list(self._artifacts)

    def artifact(self, name: str, _: object) -> Any:
        return self._artifacts[name]


def run(*candidates: Candidate, ready: Sequence[str] = (EXPORT.id,), edges: Sequence[Dependency] = ()) -> Any:
    verdicts = {
        one.id: Readiness(
            readiness_status="ready" if one.id in ready else "not-ready", readiness_score=0, dor_checks=DorChecks()
        )
        for one in candidates
    }
    return Run(
        event=Event(event_type="refinement", confidence=1.0),
        candidates=list(candidates),
        dependencies=DependencyMap(dependencies=tuple(edges)),
        readiness=Each(verdicts),
    )


def score(made: Any, gold: Gold = GOLD, **changed: Any) -> Score:
    return BacklogScorer().score(made, evolve(gold, **changed))


def values(made: Any, gold: Gold = GOLD, **changed: Any) -> dict[str, float | None]:
    return {name: share.value for name, share in score(made, gold, **changed).shares.items()}
