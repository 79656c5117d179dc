"""The order of steps: a stable topological sort that names a cycle with its path.

>>> order(["a", "b", "c"], {"a": {"c"}})
['b', 'c', 'a']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from heapq import heapify, heappop, heappush

__all__ = ["CycleError", "order"]


class CycleError(Exception):
    """Steps wait for each other; ``path`` starts and ends with the same name."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(" → ".join(path))
        self.path = tuple(path)


def order(names: Sequence[str], before: Mapping[str, Set[str]]) -> list[str]:
    """``names`` so that everything in ``before[name]`` precedes ``name``; ties keep the given order.

    Names in ``before`` that aren't among ``names`` are ignored. `CycleError` when there is no such order.
    """
    position = {name: index for index, name in enumerate(names)}
    waits = {name: {other for other in before.get(name, ()) if other in position} for name in names}
    followers: dict[str, list[str]] = {name: [] for name in names}
    for name, others in waits.items():
        for other in others:
            followers[other].append(name)
    left = {name: len(others) for name, others in waits.items()}
    ready = [position[name] for name in names if left[name] == 0]
    heapify(ready)
    result: list[str] = []
    while ready:
        name = names[heappop(ready)]
        result.append(name)
        for follower in followers[name]:
            left[follower] -= 1
            if left[follower] == 0:
                heappush(ready, position[follower])
    if len(result) < len(names):
        raise CycleError(_cycle(waits, [name for name in names if left[name] > 0]))
    return result


def _cycle(waits: Mapping[str, Set[str]], stuck: Sequence[str]) -> list[str]:
    """One cycle among the names that are stuck: walk back until a name comes again."""
    among = set(stuck)
    path = [stuck[0]]
    while True:
        following = min(other for other in waits[path[-1]] if other in among)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
