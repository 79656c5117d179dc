"""What was turned down: topics that are no items, with the reason and the words for it."""

from __future__ import annotations

from pipekit.backlog.model.candidate import RejectedItem, RejectedReason
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.owners import without_owners
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence, spans_of
from pipekit.backlog.offline.titles import rejected_title, title_of_name
from pipekit.backlog.offline.topics import Topic
from pipekit.backlog.offline.wishes import worth_of

__all__ = ["rejected_item", "turned_down"]

#: So much of the talk shows that something was turned down, in characters.
SHOWN = 300


def turned_down(topic: Topic, marks: Cues) -> RejectedReason | None:
    """Why a topic is no work item, or None."""
    known: dict[str, RejectedReason] = {"rejected": "rejected", "parked": "parked", "done": "done"}
    if topic.verdict in known:
        return known[topic.verdict]
    text = " ".join(one.text for one in topic.sentences)
    if topic.in_notes:
        for reason, cue in (("rejected", "reject"), ("parked", "park"), ("done", "done")):
            said = any(marks.says(cue, one.text) for one in topic.sentences)
            if said and not marks.find("story", text) and not marks.find("criteria_open", text):
                return known[reason]
    agreed = any(marks.find("agreement", one.text) for one in topic.sentences)
    if any(marks.find("about_meeting", one.text) for one in topic.sentences):
        return "agreement"
    if agreed and not any(worth_of(one, marks) >= 2 for one in topic.sentences):
        return "agreement"
    return None


def rejected_item(topic: Topic, reason: RejectedReason, marks: Cues) -> RejectedItem:
    """What a topic turned down, by its name or by the sentence that says most about it."""
    naming = [one for one in topic.sentences if not _only_judges(one, marks)] or topic.sentences

    def tells(one: Sentence) -> tuple[bool, int, int]:
        words = content_words(one.text)
        return (marks.opens("opener", one.text) and len(words) >= 2, len(words), -one.index)

    telling = max(naming, key=tells)
    text = without_owners(telling)
    if telling.utterance.kind == "bullet" and telling.speaker and _only_judges(telling, marks):
        text = telling.speaker  # "Chat bot: parked" reads like something that Chat Bot says
    title = title_of_name(topic.name, "", marks) if topic.name else rejected_title(text, marks, topic.heading)
    return RejectedItem(title=title, reason=reason, evidence=spans_of(topic.sentences, SHOWN))


def _only_judges(one: Sentence, marks: Cues) -> bool:
    """Whether it turns something down and leaves to others to say what."""
    for cue in ("refusal", "reject", "park"):
        found = marks.pattern(cue).search(one.text[:2000])
        if found and not content_words(one.text[: found.start()]):
            return True
    return False
