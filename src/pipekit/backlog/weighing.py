"""How scores are weighed: a YAML file that the team owns, or the weights and the threshold that come with pipekit.

weights: {completeness: 0.3, clarity: 0.25, testability: 0.25, actionability: 0.2}
threshold: 60
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, field, frozen, validators

from pipekit.backlog.model.confidence import SCORE_NAMES
from pipekit.backlog.team_files import Reader, team_file

__all__ = ["FILE_NAME", "ScoreWeights", "Weighing", "find_weighing", "parse_weighing"]

#: The file's name beside the configuration.
FILE_NAME = "scoring.yaml"
_CALLED = "the team's scoring"
_SHAPE = "weights: takes a number for each score, threshold: a whole number from 0 to 100"

_WEIGHT = validators.and_(validators.ge(0.0), validators.lt(float("inf")))


@frozen(kw_only=True)
class ScoreWeights:
    """How much each score counts in the overall confidence; only the ratio matters."""

    completeness: float = field(default=0.3, validator=_WEIGHT)
    clarity: float = field(default=0.25, validator=_WEIGHT)
    testability: float = field(default=0.25, validator=_WEIGHT)
    actionability: float = field(default=0.2, validator=_WEIGHT)

    def __attrs_post_init__(self) -> None:
        if not any(asdict(self).values()):
            raise ValueError("at least one weight must be above 0")

    def by_name(self) -> Mapping[str, float]:
        """The weights by the name of their score."""
        return asdict(self)


@frozen(kw_only=True)
class Weighing:
    """``weights`` of the scores, and the overall confidence (0–100) below which a candidate is flagged."""

    weights: ScoreWeights = ScoreWeights()
    threshold: int = field(default=60, validator=[validators.ge(0), validators.le(100)])

    def digest(self) -> str:
        """A short digest: two files that say the same have the same one."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def find_weighing(folder: Path, name: str | None = None) -> Weighing:
    """The team's file: ``name`` relative to ``folder``, which must be there, else ``scoring.yaml``, else the default.

    Raises `ConfigError` with file, line and field for a file that is missing, unreadable or wrong.
    """
    found = team_file(folder, name, default=FILE_NAME, called=_CALLED, setting="steps.score-confidence.scoring")
    return Weighing() if found is None else parse_weighing(found.text, found.path)


def parse_weighing(text: str, file: str) -> Weighing:
    """The weights and the threshold in ``text``; ``file`` is for messages. What is left out is as it comes.

    Raises `ConfigError` with line, column and field.
    """
    reader = Reader(file, called=_CALLED, short="scoring")
    root = reader.root(text)
    found: dict[str, Any] = {}
    for name, _, node in reader.pairs(root, "", ("weights", "threshold"), shape=_SHAPE):
        if name == "weights":
            found[name] = _weights(reader, node)
        else:
            found[name] = reader.whole_number(name, node, example=60)
            if found[name] > 100:
                reader.fail(node, name, "threshold is above 100", "scores go from 0 to 100")
    return Weighing(**found)


def _weights(reader: Reader, node: Any) -> ScoreWeights:
    given = {
        name: reader.number(f"weights.{name}", value, example=0.25)
        for name, _, value in reader.pairs(node, "weights", SCORE_NAMES, shape=_SHAPE)
    }
    try:
        return ScoreWeights(**given)
    except ValueError as error:
        reader.fail(node, "weights", str(error), "give the scores that matter to the team a weight above 0")
