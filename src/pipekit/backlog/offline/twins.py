"""Items that are talked about more than once: which draft is one that was there before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipekit.backlog.offline.cues import Cues
from pipekit.backlog.offline.drafts import Draft
from pipekit.backlog.offline.signals import content_words
from pipekit.backlog.offline.topics import Topic

__all__ = ["Twins"]

#: Share of the rarer words of two topics that makes them the same item.
SAME = 0.5
#: A word that more items have tells none of them.
MANY = 40


class Twins:
    """The drafts so far, found by their words."""

    def __init__(self, topics: Sequence[Topic], marks: Cues) -> None:
        self._by_word: dict[str, list[Draft]] = {}
        self._last: Draft | None = None
        self._marks = marks
        count = Counter(word for topic in topics for word in topic.words)
        often = max(3, len(topics) // 4)
        self._common = content_words(" ".join(sorted(marks.words("common")))) | {
            word for word, number in count.items() if number > often and not all(topic.in_notes for topic in topics)
        }

    def add(self, words: frozenset[str], draft: Draft) -> None:
        """Remember a draft by these words of it."""
        self._last = draft
        for word in words - self._common:
            self._by_word.setdefault(word, []).append(draft)

    def of(self, draft: Draft, topic: Topic) -> Draft | None:
        """The earlier draft that this one is about again."""
        said_same = [one.text for one in draft.sentences if self._marks.find("same", one.text)]
        best: tuple[float, Draft] | None = None
        words = (draft.words | content_words(" ".join(said_same))) - self._common
        for other in self._near(words):
            if topic.in_notes and other.heading and draft.heading and other.heading != draft.heading:
                continue
            if draft.name and not said_same and not content_words(draft.name) & other.words:
                continue  # announced as something else
            others = other.words - self._common
            shared = len(words & others)
            share = shared / max(1, min(len(words), len(others)))
            if shared < 2 and not said_same and share < 1:
                continue
            if best is None or share > best[0]:
                best = (share, other)
        if best is None:
            return _told_as_story(draft, self._last, self._common, self._marks)
        strong = any(self._marks.find("story", one.text) for one in draft.seeds)
        needed = 0.1 if said_same else (0.75 if strong else SAME)
        if best[0] >= needed:
            return best[1]
        return _told_as_story(draft, self._last, self._common, self._marks)

    def _near(self, words: frozenset[str]) -> list[Draft]:
        """Drafts that share a word which few others have, in order of mention."""
        near: dict[int, Draft] = {}
        for word in sorted(words):
            having = self._by_word.get(word, [])
            if len(having) <= MANY:
                near |= {draft.sentences[0].index: draft for draft in having}
        return [near[index] for index in sorted(near)]


def _told_as_story(draft: Draft, last: Draft | None, common: frozenset[str], marks: Cues) -> Draft | None:
    """The item right before, where somebody only says it again as a story: "as the owner I want …"."""
    if last is None or draft.in_notes or not any(marks.find("story", one.text) for one in draft.seeds[:1]):
        return None
    if any(marks.find("story", one.text) for one in last.seeds):
        return None
    told = content_words(" ".join(one.text for one in last.sentences)) - common
    words = draft.words - common
    return last if words and len(words & told) >= 0.4 * len(words) else None
