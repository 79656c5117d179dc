"""What can't be right in a gold file that has the right shape."""

from __future__ import annotations

import pytest
from attrs import evolve

from pipekit.backlog.scoring.gold import GoldCandidate, GoldDependency, NotCandidate, Stated, check_gold

from .scored import GOLD


def test_a_gold_file_that_fits_together_has_no_fault() -> None:
    assert list(check_gold(GOLD)) == []


def test_ids_that_are_given_twice_and_ids_of_nobody_are_all_told() -> None:
    again = NotCandidate(id="C1", title="Again", must_mention=(("x",),))
    stated = Stated(text="Why", must_mention=(("why",),), candidate="C9")
    wrong = evolve(
        GOLD,
        candidates=(*GOLD.candidates, GOLD.candidates[0]),
        not_candidates=(again,),
        dependencies=(
            GoldDependency(source="C1", target="C7", type="blocks"),
            GoldDependency(source="C1", target="C1", type="blocks"),
        ),
        open_questions=(stated,),
        risks=(evolve(stated, candidate=None), stated),
    )
    assert [(tuple(fault.path), fault.message) for fault in check_gold(wrong)] == [
        (("candidates", 3, "id"), "the id C1 is given twice"),
        (("not_candidates", 0, "id"), "the id C1 is given twice"),
        (("dependencies", 0, "target"), "there is no candidate C7"),
        (("dependencies", 1, "target"), "C1 depends on itself"),
        (("open_questions", 0, "candidate"), "there is no candidate C9"),
        (("risks", 1, "candidate"), "there is no candidate C9"),
    ]


@pytest.mark.parametrize("groups", [(), ((),), (("ticket", " "),)])
def test_groups_without_a_stem_match_everything_and_are_refused(groups: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(ValueError, match="groups of stems"):
        GoldCandidate(id="C1", title="T", type="bug", must_mention=groups, evidence=())
