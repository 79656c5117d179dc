"""A speaker has one name, however the sources write it; two people never become one."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.speakers import names_of


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Anna Smith (Guest)", "Anna Smith"),
        ("Anna Smith (Unverified)", "Anna Smith"),
        ("Anna Smith (Guest) (she/her)", "Anna Smith"),
        ("Anna Smith [External]", "Anna Smith"),
        ("Anna Schmidt (Gast)", "Anna Schmidt"),
        ("SMITH, Anna", "Anna Smith"),
        ("VAN DEN BERG, Anna", "Anna Van Den Berg"),
        ("Smith, Anna (Guest)", "Anna Smith"),
        ("Anna (PO)", "Anna (PO)"),
        ("Guest", "Guest"),
        ("(Guest)", "(Guest)"),
        ("Acme Ltd, Sales & Co", "Acme Ltd, Sales & Co"),
    ],
)
def test_what_programs_add_is_taken_off_and_roles_stay(written: str, name: str) -> None:
    assert names_of([written]) == {written: name}


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["Anna Smith", "anna"], {"Anna Smith"}),
        (["ANNA SMITH", "Anna Smith", "anna smith"], {"Anna Smith"}),
        (["ANNA SMITH", "Anna"], {"ANNA SMITH"}),
        (["Anna Smith", "Anna Jones", "Anna"], {"Anna Smith", "Anna Jones", "Anna"}),
        (["Anna Smith", "Annabel"], {"Anna Smith", "Annabel"}),
        (["Anna", "Ann"], {"Anna", "Ann"}),
        (["Speaker 1", "Speaker 2", "Speaker"], {"Speaker 1", "Speaker 2", "Speaker"}),
        (["Anna (UX)", "Anna (Backend)"], {"Anna (UX)", "Anna (Backend)"}),
        (["JOOST", "joost"], {"JOOST"}),
    ],
)
def test_a_part_of_a_name_is_somebodys_where_it_can_be_nobody_elses(written: list[str], names: set[str]) -> None:
    assert set(names_of(written).values()) == names


@given(st.lists(st.from_regex(r"[A-Z][a-z]{1,5}( [A-Z][a-z]{1,5})?", fullmatch=True), max_size=12))
def test_a_name_that_was_chosen_is_chosen_again_and_whole_names_are_never_joined(written: list[str]) -> None:
    names = names_of(written)
    assert all(names_of(list(names.values()))[name] == name for name in names.values())
    whole = {one.casefold() for one in written if " " in one}
    assert {names[one].casefold() for one in written if " " in one} == whole


def test_any_number_of_speakers_takes_a_time_that_grows_with_it() -> None:
    begun = process_time()
    names_of([f"A{number}" for number in range(20_000)] + [f"A{number} B" for number in range(20_000)])
    names_of(["x (" + "he/" * 30_000])
    assert process_time() - begun < 3
