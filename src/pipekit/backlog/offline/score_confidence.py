"""How well a candidate is described, by what was said about it and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import Factory, define

from pipekit.backlog.model.candidate import Candidate, Sibling
from pipekit.backlog.model.confidence import Confidence, Scores, overall_confidence
from pipekit.backlog.model.meeting import Meeting
from pipekit.backlog.offline import signals
from pipekit.backlog.offline.amounts import has_bound, has_measure
from pipekit.backlog.offline.cues import cues
from pipekit.backlog.offline.discussion import Discussion, StatedQuestion, discussion_of, shortened
from pipekit.backlog.offline.siblings import sibling_that_covers
from pipekit.backlog.offline.spoken import in_its_language
from pipekit.backlog.weighing import Weighing

__all__ = ["score_confidence"]


@define
class _Findings:
    """One score while it is added up, with the sentences that go with it."""

    points: float
    strengths: list[str] = Factory(list)
    weaknesses: list[str] = Factory(list)
    recommendations: list[str] = Factory(list)

    def good(self, points: float, strength: str) -> None:
        self.points += points
        self.strengths.append(strength)

    def bad(self, points: float, weakness: str, recommendation: str) -> None:
        self.points -= points
        self.weaknesses.append(weakness)
        self.recommendations.append(recommendation)

    def score(self) -> int:
        return round(max(0.0, min(100.0, self.points)))


@in_its_language
def score_confidence(
    candidate: Candidate, meeting: Meeting, candidates: Sequence[Sibling], weighing: Weighing
) -> Confidence:
    """Four scores for ``candidate`` with the words behind them, and their mean by the weights of ``weighing``.

    What one of the other ``candidates`` covers is not held against this one.
    """
    discussion = discussion_of(meeting, candidate, candidates)
    open_questions = [
        question
        for question in discussion.questions()
        if question.answer is None and sibling_that_covers(question.text, candidate, candidates) is None
    ]
    findings = (
        _completeness(discussion),
        _clarity(discussion, open_questions),
        _testability(discussion, open_questions),
        _actionability(discussion, open_questions),
    )
    completeness, clarity, testability, actionability = (finding.score() for finding in findings)
    scores = Scores(completeness=completeness, clarity=clarity, testability=testability, actionability=actionability)
    overall = overall_confidence(scores, weighing.weights.by_name())
    return Confidence(
        scores=scores,
        overall_confidence=overall,
        needs_refinement=overall < weighing.threshold,
        strengths=_each_once(text for finding in findings for text in finding.strengths),
        weaknesses=_each_once(text for finding in findings for text in finding.weaknesses),
        recommendations=_each_once(text for finding in findings for text in finding.recommendations),
    )


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _completeness(discussion: Discussion) -> _Findings:
    """A title, the reason behind it, acceptance criteria, and a type that somebody named."""
    candidate = discussion.candidate
    found = _Findings(10.0)
    if len(candidate.title.split()) >= 2 and len(candidate.title) <= 80:
        found.points += 10
    else:
        found.bad(
            0, "The title doesn't say what comes out of it", "Give it a title of a few words that names the outcome"
        )
    reason = discussion.first(signals.gives_reason)
    if reason is not None:
        found.good(25, f"The reason is known: {reason.quoted()}")
    else:
        found.bad(0, "Nobody said why it is wanted", "Ask who needs it, and what happens without it")
    if len(signals.content_words(candidate.description)) >= 6:
        found.points += 10
    else:
        found.bad(0, "The description is a few words only", "Describe what is to be different afterwards, and for whom")
    if discussion.first(cues().shape(f"calls_it_{candidate.type.replace('-', '_')}").search) is not None:
        found.points += 5
    count = len(candidate.acceptance_criteria)
    if candidate.type == "spike" and not count:
        goal = discussion.first(lambda text: bool(signals.indirect_question(text)) or signals.doubts(text))
        box = discussion.estimate()
        if goal is not None:
            found.good(15, f"What it is to find out is said: {goal.quoted()}")
        if box is not None:
            found.good(10, f"Its time is limited: {box[0]}")
        found.bad(0, "It isn't said what its result looks like", "Agree on what the team holds in its hands at the end")
    elif count >= 2:
        found.good(35 + 5 * min(count - 2, 1), f"{count} acceptance criteria were stated")
    elif count == 1:
        found.points += 18
        found.bad(0, "Only one acceptance criterion was stated", "State at least one more acceptance criterion")
    else:
        found.bad(0, "No acceptance criteria were stated", "State at least two acceptance criteria")
    return found


def _clarity(discussion: Discussion, open_questions: Sequence[StatedQuestion]) -> _Findings:
    """No words that stretch without a measure, a bounded scope, nothing left open about what is meant."""
    candidate = discussion.candidate
    found = _Findings(85.0)
    wording = f"{candidate.title}. {candidate.description}"
    measured = any(has_measure(text) for text in (candidate.description, *candidate.acceptance_criteria))
    elastic = signals.elastic_words(candidate.title) or signals.elastic_words(candidate.description)
    if elastic and not measured:
        words = ", ".join(f"“{word}”" for word in elastic)
        found.bad(15, f"{words} can mean anything without a measure", f"Say how {words} is measured, as a number")
    elif has_measure(wording):
        found.good(5, "It is described with numbers")
    for words, severity in signals.creep_words(wording):
        points = 20 if severity == "major" else 10
        found.bad(points, f"“{words}” leaves the scope without bounds", f"Say what “{words}” includes, and what not")
    for question in open_questions[:3]:
        found.bad(15, f"Open: {shortened(question.text)}", f"Get an answer to: {shortened(question.text)}")
    if len(signals.content_words(candidate.description)) < 4:
        found.points -= 20
    if candidate.acceptance_criteria:
        found.points += 10
    elif candidate.type != "spike":
        found.points -= 20
    if not candidate.verified:
        found.bad(10, "The words it rests on aren't in the meeting", "Check with the people who were there")
    return found


def _testability(discussion: Discussion, open_questions: Sequence[StatedQuestion]) -> _Findings:
    """Measurable success, special cases, something that could be checked by a program."""
    criteria = discussion.candidate.acceptance_criteria
    found = _Findings({0: 10.0, 1: 40.0, 2: 60.0}.get(len(criteria), 65.0))
    bounded = [criterion for criterion in criteria if has_bound(criterion)]
    if bounded:
        found.good(20 * len(bounded) / len(criteria), f"It can be checked: “{shortened(bounded[0], 90)}”")
    elif criteria:
        found.bad(0, "No criterion has a number or a bound", "Give each criterion something to measure or to count")
    special = [criterion for criterion in criteria if signals.edge_words(criterion)]
    if special:
        found.good(10, f"Special cases are covered: “{shortened(special[0], 90)}”")
    elif criteria:
        found.bad(0, "No special case is covered", "Ask what happens when something is empty, missing or late")
    unable = discussion.first(cues().shape("cant_test").search)
    if unable is not None:
        found.bad(
            20, f"Testing was said to be impossible so far: {unable.quoted()}", "Settle what is open, then ask again"
        )
    elif discussion.first(cues().shape("can_test").search) is not None:
        found.points += 5
    if discussion.candidate.type == "bug" and discussion.first(cues().shape("happens_when").search) is not None:
        found.good(10, "It is said when the fault shows")
    if any(question.is_pressing for question in open_questions):
        found.points -= 10
    return found


def _actionability(discussion: Discussion, open_questions: Sequence[StatedQuestion]) -> _Findings:
    """A next step, somebody who can take it, a size, and nothing that has to be settled first."""
    found = _Findings(35.0)
    estimate = discussion.estimate()
    if estimate is not None:
        found.good(20, f"It has an estimate: {estimate[0]}")
    else:
        unknown = discussion.first(cues().shape("cant_estimate").search)
        weakness = f"Nobody could say how much work it is: {unknown.quoted()}" if unknown else "It has no estimate"
        found.bad(10 if unknown else 0, weakness, "Estimate it, or cut off a part that can be estimated")
    step = discussion.first(signals.takes_on)
    if step is not None:
        found.good(15, f"The next step is clear: {step.quoted()}")
    if len(discussion.candidate.acceptance_criteria) >= 2:
        found.points += 15
    if discussion.first(signals.says_how) is not None:
        found.points += 5
    later = None if discussion.candidate.acceptance_criteria else discussion.first(signals.says_not_now)
    if later is not None:
        found.bad(15, f"It was put off: {later.quoted()}", "Take it up again when the details are there")
    pressing = [question for question in open_questions if question.is_pressing]
    if pressing:
        text = shortened(pressing[0].text)
        found.bad(20, f"It can't start before this is answered: {text}", f"Get an answer to: {text}")
    else:
        found.points += 10
    return found
