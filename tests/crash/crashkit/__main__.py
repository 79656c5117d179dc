"""Try points of one story and print an outcome a line: ``python -m crashkit '{"story": "run", "ways": {"kill": 3}}'``.

``ways`` says for each way how many points to try; null tries all of them. ``shard`` and ``of`` divide the points among
several processes. This is a process of its own because it forks, traces and must have no threads.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from crashkit.points import FAULTS, Outcome, Stage, power_points
from crashkit.project import preload

Try = Callable[[], Outcome | None]


def tries(stage: Stage, ways: Mapping[str, int | None]) -> Iterator[Try]:
    """What to try, way by way; a number takes so many, evenly spread."""
    count = len(stage.calls)
    chance = random.Random(count)
    for way, most in ways.items():
        found: list[Try]
        match way:
            case "kill":
                found = [partial(stage.kill, number) for number in range(count)]
            case "short":
                writes = [call.number for call in stage.calls if call.kind == "write"]
                found = [partial(stage.short, number) for number in writes]
            case "power":
                found = [partial(stage.power, number, loss) for number, loss in power_points(stage)]
            case "again":
                pairs = [(first, chance.randrange(60)) for first in range(count)]
                found = [partial(stage.again, first, second) for first, second in pairs]
            case "cut":
                found = [
                    partial(stage.cut, number, seed, early=early)
                    for number in range(count)
                    for seed, early in ((0, False), (1, True))
                ]
            case "once" | "for-good":
                found = [
                    partial(stage.fault, way, call.number, code)
                    for code, kinds in FAULTS.items()
                    for call in stage.calls
                    if call.kind in kinds
                ]
            case _:
                raise ValueError(f"no such way: {way}")
        yield from found if most is None else _spread(found, most, chance)


def _spread(found: list[Try], most: int, chance: random.Random) -> list[Try]:
    if len(found) <= most:
        return found
    width = len(found) / most
    return [found[int(place * width + chance.random() * width)] for place in range(most)]


def main(wanted: Mapping[str, Any]) -> None:
    """Print the outcomes."""
    preload()
    with tempfile.TemporaryDirectory(prefix="pipekit-crash-") as folder:
        stage = Stage(wanted["story"], Path(folder) / "stage")
        mine = list(tries(stage, wanted["ways"]))[wanted.get("shard", 0) :: wanted.get("of", 1)]
        for one in mine:
            outcome = one()
            if outcome is not None:
                print(json.dumps(attrs.asdict(outcome)), flush=True)
        print(json.dumps({"story": wanted["story"], "calls": len(stage.calls)}), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
