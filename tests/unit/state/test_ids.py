"""Ids of runs: they sort by time, none comes twice, and none can leave its folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.errors import UsageError
from pipekit.state.ids import check_run_id, is_valid_id, new_run_id


def test_an_id_says_when_the_run_began_in_utc() -> None:
    moment = datetime(2026, 11, 24, 1, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert new_run_id(moment).startswith("run-20261123-233005-")


def test_ids_made_one_after_the_other_sort_in_that_order_and_none_comes_twice() -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    made = [new_run_id(moment + timedelta(milliseconds=position)) for position in range(500)]
    assert made == sorted(set(made))


def test_ids_of_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: new_run_id(), range(2000)))
    assert len(set(made)) == 2000


def test_ids_of_one_moment_and_of_a_clock_that_goes_back_are_all_different() -> None:
    late = datetime(2031, 1, 1, 12, 0, 5, 999_900, tzinfo=UTC)
    made = [new_run_id(late - timedelta(seconds=position % 2)) for position in range(4000)]
    assert len(set(made)) == 4000


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year >= 1990))
def test_every_new_id_is_valid(moment: datetime) -> None:
    assert check_run_id(new_run_id(moment))


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "../x", "/abs", "a/b", "a\\b", "A", "a\0", "a\n", "a ", "é", "-a", "_a", "con", "nul.json", "lpt1",
     "a" * 65, "run.", "com0.x"],
)  # fmt: skip
def test_what_could_leave_the_folder_or_be_a_device_is_no_id(text: str) -> None:
    assert not is_valid_id(text)
    with pytest.raises(UsageError, match="not a run id") as caught:
        check_run_id(text)
    assert "pipekit list" in caught.value.hint


@given(st.text())
def test_a_valid_id_is_one_plain_file_name(text: str) -> None:
    if is_valid_id(text):
        assert not set(text) & set('/\\:*?"<>|\0\n ')
        assert text == text.lower().strip(". ")
