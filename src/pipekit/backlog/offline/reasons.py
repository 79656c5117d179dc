"""What the rules made of each sentence that asks for work, kept while they decide, so that a person can see why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipekit.backlog.model.candidate import Candidate, RejectedReason
from pipekit.backlog.model.reasons import Reason
from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.drafts import Draft
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.talk import Sentence
from pipekit.backlog.offline.topics import Topic
from pipekit.backlog.offline.wishes import ENOUGH, set_aside, signs_of, worth_of

__all__ = ["Reasons"]

#: What turns a topic down, by its reason: the cues that say so.
_SAYING: dict[RejectedReason, tuple[str, ...]] = {
    "rejected": ("reject", "refusal"),
    "parked": ("park", "not_now"),
    "done": ("done",),
    "agreement": ("about_meeting", "agreement"),
}


class Reasons:
    """The reasons by sentence: of what was left out as it is left out, of candidates when there are some."""

    def __init__(self, marks: Cues) -> None:
        self._marks = marks
        self._dropped: dict[int, Reason] = {}
        self._joined: dict[int, str] = {}

    def recapped(self, topic: Topic) -> None:
        """A topic that only says again what was said."""
        said = _first_said(("recap",), topic.sentences[:3], self._marks)
        self._drop(topic.sentences, f"it sums up what was said: “{said[1]}”" if said else "it sums up what was said")

    def turned_down(self, topic: Topic, reason: RejectedReason) -> None:
        """A topic that was rejected, parked, done, or is an agreement of the team."""
        said = _first_said(_SAYING[reason], topic.sentences, self._marks)
        if said is None:
            because = f"{reason}, by its heading" if topic.in_notes else reason
        else:
            one, words = said
            because = f"{reason} by “{words}”{f' ({one.speaker})' if one.speaker else ''}"
            self._dropped[one.index] = self._reason(one, because)
        self._drop(topic.sentences, because)

    def taken_back(self, drafts: Iterable[Draft], topic: Topic) -> None:
        """Drafts that were asked for, and turned down later by their name."""
        for draft in drafts:
            later = topic.sentences[0]
            self._drop(draft.seeds, f"turned down later: “{later.text}”")

    def too_weak(self, sentences: Sequence[Sentence]) -> None:
        """Sentences that don't ask for enough to be an item."""
        worth = sum(sorted((worth_of(one, self._marks) for one in sentences), reverse=True)[:4])
        if worth < ENOUGH:
            self._drop(sentences, f"its topic asks for too little: {worth:g} of {ENOUGH:g}")
        else:
            self._drop(sentences, "it puts something on the list, and doesn't say what")

    def said_again(self, draft: Draft, twin: Draft) -> None:
        """A draft that is about the same as an earlier one."""
        common = [word for word in _spoken(draft) if content_words(word) & twin.words]
        because = f"the same item again, by: {', '.join(common)}" if common else "the same item again"
        self._joined.update((one.index, because) for one in draft.seeds)

    def of(self, drafts: Sequence[Draft], candidates: Sequence[Candidate]) -> tuple[Reason, ...]:
        """All reasons, in the order of the talk; ``drafts`` are those that the candidates were made of."""
        found = dict(self._dropped)
        for draft, candidate in zip(drafts, candidates, strict=True):
            for one in draft.seeds:
                signs = signs_of(one.said, self._marks)
                again = self._joined.get(one.index)
                found[one.index] = Reason(
                    said=one.span,
                    outcome="joined" if again else "candidate",
                    because=again or ("it asks for work" if signs else _named(one, draft)),
                    candidate=candidate.id,
                    signs=signs,
                )
        return tuple(found[index] for index in sorted(found))

    def _drop(self, sentences: Iterable[Sentence], because: str) -> None:
        for one in sentences:
            signs = signs_of(one.said, self._marks)
            if sum(sign.weight for sign in signs) >= 1.0 and one.index not in self._dropped:
                aside = set_aside(one.said, self._marks)
                own = f"{aside.rule.replace('_', ' ')}: “{aside.words}”" if aside else because
                self._dropped[one.index] = self._reason(one, own)

    def _reason(self, one: Sentence, because: str) -> Reason:
        return Reason(said=one.span, outcome="dropped", because=because, signs=signs_of(one.said, self._marks))


def _first_said(cues: Iterable[str], sentences: Sequence[Sentence], marks: Cues) -> tuple[Sentence, str] | None:
    """The first of the sentences that says one of these, and the words for it."""
    for cue in cues:
        for one in sentences:
            words = marks.says(cue, one.text)
            if words:
                return one, words
    return None


def _spoken(draft: Draft) -> list[str]:
    """The words that ask for a draft, as they were said, each once."""
    return list(dict.fromkeys(re.findall(r"[^\W_]+", " ".join(one.text for one in draft.seeds).casefold())))


def _named(one: Sentence, draft: Draft) -> str:
    """Why a sentence that asks for nothing itself is taken for what a topic is about."""
    if draft.heading:
        return f"it stands under the heading “{draft.heading}”"
    if draft.name and content_words(draft.name) & content_words(one.text):
        return f"people came to it as “{draft.name}”"
    return "its topic asks for work"
