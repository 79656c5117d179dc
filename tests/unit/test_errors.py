"""The one family of errors: codes, facts, JSON, pickling."""

from __future__ import annotations

import inspect
import pickle

import pytest

from pipekit import errors
from pipekit.errors import ConfigError, InputError, PipekitError, PlanError, ProviderError, RunBusyError

FAMILY = [value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, PipekitError)]


@pytest.mark.parametrize("cls", FAMILY)
def test_every_error_has_a_code_a_kind_and_a_sentence_in_the_tree(cls: type[PipekitError]) -> None:
    assert isinstance(cls.code, int)
    assert cls.default_kind
    assert cls.__doc__
    assert cls.__name__ in (errors.__doc__ or "")


def test_codes_are_told_apart() -> None:
    codes = [cls.code for cls in FAMILY if cls not in (PipekitError, PlanError)]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("cls", [cls for cls in FAMILY if cls is not PlanError])
def test_errors_survive_pickling_with_their_facts(cls: type[PipekitError]) -> None:
    error = cls("it broke", hint="mend it", where="file.yaml:1:2", run_id="run-1", step="score")

    again = pickle.loads(pickle.dumps(error))

    assert type(again) is cls
    assert again.to_dict() == error.to_dict()
    assert str(again) == "file.yaml:1:2: it broke"


def test_a_plan_error_takes_the_code_of_its_faults_where_they_agree() -> None:
    assert PlanError([ProviderError("no key", kind="auth")]).code == 6
    assert PlanError([ProviderError("a"), ProviderError("b")]).code == 6


def test_a_plan_error_takes_the_smallest_code_of_mixed_faults() -> None:
    assert PlanError([InputError("a"), ConfigError("b"), ProviderError("c")]).code == 3


def test_a_plan_error_survives_pickling_with_all_faults() -> None:
    again = pickle.loads(pickle.dumps(PlanError([ConfigError("a", file="f", line=1), InputError("b")])))
    assert [fault.code for fault in again.faults] == [3, 4]


def test_the_json_of_an_error_holds_its_facts_and_leaves_out_what_is_unknown() -> None:
    error = RunBusyError("run-1 is being worked on", pid=7, host="box", hint="wait")
    assert error.to_dict() == {
        "code": 8,
        "kind": "busy",
        "message": "run-1 is being worked on",
        "hint": "wait",
        "pid": 7,
        "host": "box",
    }


def test_the_place_of_a_configuration_error_is_made_of_file_line_and_column() -> None:
    assert ConfigError("wrong", file="pipekit.yaml", line=3, column=5).where == "pipekit.yaml:3:5"


def test_a_name_with_a_line_break_leaves_the_first_line_of_an_error_whole() -> None:
    error = InputError("is empty", file="my\nnotes.txt", line=3)
    assert str(error) == r"my\nnotes.txt:3: is empty"
    assert error.file == "my\nnotes.txt"


@pytest.mark.parametrize("cls", [cls for cls in FAMILY if cls is not PlanError])
def test_without_a_run_no_error_offers_to_go_on_with_one(cls: type[PipekitError]) -> None:
    assert "resume" not in cls("it broke").hint
    assert "None" not in cls("it broke").hint
    assert cls("it broke").hint
