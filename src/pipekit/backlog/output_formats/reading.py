"""What all formats read from a run: its artifacts as plain JSON, those that are missing as nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipekit.interfaces import RunView
from pipekit.markdown import inline
from pipekit.state.record import StepRecord

__all__ = [
    "Findings",
    "as_mapping",
    "asked_of",
    "candidates_of",
    "confidences_of",
    "earlier_item",
    "edited_by_people",
    "how_reviewed",
    "input_name",
    "offline_sentence",
    "optional",
    "people_of",
    "rejected_of",
    "repeated",
    "steps_of",
]


def candidates_of(run: RunView) -> list[dict[str, Any]]:
    """The candidates that nobody rejected in a review, in order, each with what people added to it."""
    reviews = as_mapping(optional(run, "review"))
    found = ((one, as_mapping(reviews.get(one["id"]))) for one in run.value("candidates"))
    return [_amended(one, review) for one, review in found if review.get("decision") != "rejected"]


def _amended(candidate: dict[str, Any], review: Mapping[str, Any]) -> dict[str, Any]:
    """The candidate with what people said about it when the meeting was over."""
    added = [one["added"] for one in review.get("rounds", ())]
    if not added:
        return candidate
    criteria = dict.fromkeys([*candidate["acceptanceCriteria"], *review["addedCriteria"]])
    return {**candidate, "acceptanceCriteria": list(criteria), "notes": [*candidate.get("notes", ()), *added]}


def rejected_of(run: RunView) -> list[dict[str, Any]]:
    """What the meeting turned down, and then what people rejected in a review: title and reason."""
    reviews = as_mapping(optional(run, "review"))
    by_people = [
        {"title": one["title"], "reason": "rejected in the review", "evidence": one["evidence"]}
        for one in (run.value("candidates") if reviews else ())
        if as_mapping(reviews.get(one["id"])).get("decision") == "rejected"
    ]
    return [*(optional(run, "rejected") or []), *by_people]


def confidences_of(run: RunView) -> Mapping[str, Any]:
    """How well each candidate is described, by its id, with what people added to it."""
    reviews = as_mapping(optional(run, "review"))
    return {**as_mapping(optional(run, "confidence")), **{key: one["confidence"] for key, one in reviews.items()}}


def how_reviewed(review: Mapping[str, Any]) -> str:
    """How a review ended, as a sentence; empty where there was none, or the score alone decided."""
    rounds = review.get("rounds", ())
    if not review or (review["decision"] == "passed" and not rounds):
        return ""
    said = {"passed": "Passed by its score", "approved": "Approved by a person", "rejected": "Rejected by a person"}
    times = {1: "once", 2: "twice"}.get(len(rounds), f"{len(rounds)} times")
    gain = f", after people added to it {times}: from {rounds[0]['before']} to {rounds[-1]['after']}" if rounds else ""
    return f"{said[review['decision']]}{gain}"


def input_name(run: RunView) -> str:
    """The file that was read, without the folders above it: what is handed on tells nobody where it is kept."""
    given = run.record.input
    names = [part.name for part in given.parts] if given and given.parts else [run.record.input_file]
    return " + ".join(name.replace("\\", "/").rpartition("/")[2] for name in names)


def edited_by_people(run: RunView) -> frozenset[str]:
    """The ids of the items that a person edited one by one."""
    return frozenset(item for step in steps_of(run) for item in step.edited_items)


def optional(run: RunView, name: str) -> Any:
    """An artifact, an empty mapping where it wasn't made."""
    return run.value(name) if name in run.names else {}


class Findings:
    """What was found out about each candidate, third-party artifacts included.

    Reading an artifact copies the whole of it, so each is read once and not once for every candidate.
    """

    def __init__(self, run: RunView) -> None:
        self._by_name = {name: run.value(name) for name in run.names if run.collection(name) is not None}
        if "review" in self._by_name:
            self._by_name["confidence"] = confidences_of(run)

    def about(self, candidate_id: str) -> dict[str, Any]:
        """Everything about one candidate, one key per artifact."""
        return {name: results[candidate_id] for name, results in self._by_name.items() if candidate_id in results}


def steps_of(run: RunView) -> Sequence[StepRecord]:
    """The finished steps in order of completion."""
    return [run.record.step_outputs[str(key)] for key in run.record.completed_steps]


def offline_sentence(run: RunView) -> str:
    """Says that rules and no model made this, where that is so; empty otherwise."""
    offline = [step.name for step in steps_of(run) if step.model == "offline"]
    asked = [step for step in steps_of(run) if step.model not in (None, "offline")]
    if not offline:
        return ""
    which = "Everything here was" if not asked else f"These steps were: {', '.join(offline)};"
    return f"{which} made by pipekit's deterministic rules, without a language model. Check it against the meeting."


def as_mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def earlier_item(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The item that a candidate repeats or extends, with the verdict and its reason; empty for a new one."""
    repetition = as_mapping(context.get("repetition"))
    return {} if repetition.get("verdict") == "new" else repetition


def asked_of(question: Mapping[str, Any]) -> str:
    """Whom a question is for: the role, and the people where the team named some."""
    role: str = question["targetRole"].replace("-", " ")
    people = " or ".join(one["name"] for one in question.get("addressedTo", []))
    return f"{role}, {people}" if people else role


def people_of(question: Mapping[str, Any]) -> str:
    """The people that a question is for, with how to reach them; empty where the team named nobody."""
    return " or ".join(
        f"{one['name']} ({one['contact']})" if one.get("contact") else one["name"]
        for one in question.get("addressedTo", [])
    )


def repeated(context: Mapping[str, Any]) -> str:
    """A line of Markdown that says what a candidate is to the items that exist; empty where nothing was searched."""
    repetition = as_mapping(context.get("repetition"))
    if not repetition:
        return ""
    reason = inline(repetition["reason"])
    if repetition["verdict"] == "new":
        return f"**New**: {reason}"
    verb = "Duplicate of" if repetition["verdict"] == "duplicate" else "Extends"
    return f"**{verb}** {inline(repetition['title'])} ({inline(repetition['source'])}): {reason}"
