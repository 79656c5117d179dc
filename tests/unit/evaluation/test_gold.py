"""Gold files: what is read, and all that is wrong in a folder at once, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import frozen

from pipekit.errors import InputError, PipekitError, PlanError
from pipekit.evaluation.gold import read_gold

from .stranger import Words, WordScorer, faults, guarded, put


def test_every_gold_file_is_a_case_with_its_input_in_order_of_the_names(tmp_path: Path) -> None:
    put(tmp_path, b_gold="file: talk.txt\ncount: 2\n", a_gold="count: 1\nwords: [one]\nfile: talk.txt\n", talk__txt="x")
    found = read_gold(tmp_path, guarded())
    assert [(case.name, case.source, case.gold) for case in found.cases] == [
        ("a", tmp_path / "talk.txt", Words(count=1, words=("one",))),
        ("b", tmp_path / "talk.txt", Words(count=2)),
    ]


def test_keys_are_spelled_as_in_a_configuration(tmp_path: Path) -> None:
    put(tmp_path, a_gold="FILE: talk.txt\nCount: 2\n", talk__txt="x")
    assert read_gold(tmp_path, guarded()).cases[0].gold == Words(count=2)


def test_all_faults_of_all_files_are_told_with_line_and_column(tmp_path: Path) -> None:
    put(
        tmp_path,
        a_gold="file: talk.txt\ncount: two\nwrods: [one]\n",
        b_gold="file: gone.txt\ncount: 1\nwords: [one, two]\n",
        c_gold="file: ../talk.txt\nfile: talk.txt\n",
        d_gold="count: 1\n",
        e_gold="file: ../talk.txt\ncount: 1\n",
        f_gold="- file\n",
        g_gold="file: [talk.txt]\n",
        talk__txt="x",
    )
    with pytest.raises(PlanError) as caught:
        read_gold(tmp_path, guarded())
    assert caught.value.code == 4
    assert [fault.replace(f"{tmp_path}/", "") for fault in faults(caught.value)] == [
        'a.gold.yaml:2:8: count must be a whole number, not the text "two"',
        "a.gold.yaml:3:1: there is no key wrods",
        "b.gold.yaml:1:7: there is no input gone.txt",
        "b.gold.yaml:3:14: one word too many",
        "c.gold.yaml:2:1: file is given twice, first at c.gold.yaml:1:1",
        "d.gold.yaml:1:1: file is missing",
        "e.gold.yaml:1:7: file leads out of the folder: ../talk.txt",
        "f.gold.yaml:1:1: a gold file is a mapping",
        "g.gold.yaml:1:1: count is missing",
        "g.gold.yaml:1:7: file must be the name of an input",
    ]
    assert {fault.kind for fault in caught.value.faults} == {"gold"}
    assert "did you mean words?" in [fault.hint for fault in caught.value.faults]


def test_a_single_fault_says_itself_what_to_do(tmp_path: Path) -> None:
    put(tmp_path, a_gold="file: talk.txt\n\tcount: 2\n", talk__txt="x")
    with pytest.raises(PlanError) as caught:
        read_gold(tmp_path, guarded())
    assert caught.value.message.endswith("a.gold.yaml:2:1: a tab stands where only spaces may")


def test_what_is_no_text_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.gold.yaml").write_bytes(b"file: talk.txt\ncount: \xff\n")
    with pytest.raises(PlanError, match=r"a\.gold\.yaml:2:8: is not UTF-8"):
        read_gold(tmp_path, guarded())


def test_gold_for_another_tool_is_passed_over_and_named(tmp_path: Path) -> None:
    put(tmp_path, a_gold="file: talk.txt\ncount: 2\n", retrieval_gold="queries: [x]\n", talk__txt="x")
    found = read_gold(tmp_path, guarded())
    assert [case.name for case in found.cases] == ["a"]
    assert [path.name for path in found.passed_over] == ["retrieval.gold.yaml"]


@pytest.mark.parametrize("name", ["", "nowhere", "talk.txt"])
def test_a_folder_without_gold_files_says_how_one_is_written(tmp_path: Path, name: str) -> None:
    put(tmp_path, talk__txt="x")
    with pytest.raises(InputError) as caught:
        read_gold(tmp_path / name, guarded())
    assert ".gold.yaml" in caught.value.hint


def test_a_gold_type_may_want_the_name_of_the_input_too(tmp_path: Path) -> None:
    @frozen(kw_only=True)
    class WithFile:
        file: str

    class Scorer(WordScorer):
        gold_type = WithFile  # type: ignore[assignment]

        def check(self, gold: object) -> list[object]:  # type: ignore[override]
            return []

    put(tmp_path, a_gold="file: talk.txt\n", talk__txt="x")
    assert read_gold(tmp_path, guarded(Scorer)).cases[0].gold == WithFile(file="talk.txt")


def test_a_scorer_that_raises_while_it_checks_is_told_as_the_plugins(tmp_path: Path) -> None:
    class Scorer(WordScorer):
        def check(self, gold: Words) -> list[object]:  # type: ignore[override]
            raise LookupError("oops")

    put(tmp_path, a_gold="file: talk.txt\ncount: 2\n", talk__txt="x")
    with pytest.raises(PipekitError, match="the scorer of the workflow words raised LookupError: oops") as caught:
        read_gold(tmp_path, guarded(Scorer))
    assert caught.value.code == 9
