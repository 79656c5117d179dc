from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.backlog.model.question import Addressee, Question, with_blockers
from pipekit.backlog.settings import QuestionSettings
from pipekit.backlog.stakeholders import (
    ROLES,
    Person,
    Stakeholders,
    addressed,
    find_stakeholders,
    parse_stakeholders,
)
from pipekit.errors import ConfigError

FILE = """
product_owner: Ada
developer: [Margaret, Katherine]
stakeholder:
  - {name: Henrietta, contact: h@example.org, about: [refund, "price list"]}
  - Cecilia
"""


def question(text: str = "Who pays?", role: Any = "stakeholder", **fields: Any) -> Question:
    return Question(question=text, priority="high", category="business", target_role=role, **fields)


def names(found: Question) -> list[str]:
    return [one.name for one in found.addressed_to]


def test_a_role_takes_a_name_a_list_or_people() -> None:
    assert parse_stakeholders(FILE, "stakeholders.yaml").people == {
        "product-owner": (Person(name="Ada"),),
        "developer": (Person(name="Margaret"), Person(name="Katherine")),
        "stakeholder": (
            Person(name="Henrietta", contact="h@example.org", about=("refund", "price list")),
            Person(name="Cecilia"),
        ),
    }


@pytest.mark.parametrize(
    ("text", "context", "asked"),
    [
        ("Who pays?", "", ["Cecilia"]),
        ("Who pays refunds?", "", ["Henrietta"]),
        ("Who pays?", "It changes the Refund logic", ["Henrietta"]),
        ("Is the price in the list?", "", ["Cecilia"]),
        ("Is it on the price\nlist?", "", ["Henrietta"]),
        ("Is it prerefunded?", "", ["Cecilia"]),
    ],
)
def test_a_question_goes_to_whoever_has_its_words(text: str, context: str, asked: list[str]) -> None:
    file = parse_stakeholders(FILE, "stakeholders.yaml")
    (found,) = addressed(with_blockers([question(text, context=context)]), file).questions
    assert names(found) == asked


def test_where_everybody_has_words_and_none_fits_all_are_asked() -> None:
    file = parse_stakeholders("stakeholder: [{name: A, about: tax}, {name: B, about: law}]", "stakeholders.yaml")
    (found,) = addressed(with_blockers([question()]), file).questions
    assert names(found) == ["A", "B"]


def test_roles_that_nobody_has_are_told_once() -> None:
    file = parse_stakeholders(FILE, "stakeholders.yaml")
    asked = [question("How?", "tech-lead"), question("With what?", "tech-lead"), question("Why?", "product-owner")]
    found = addressed(with_blockers(asked), file)
    assert found.unnamed_roles == ("tech-lead",)
    assert [names(one) for one in found.questions] == [[], [], ["Ada"]]


def test_what_is_answered_is_asked_of_nobody() -> None:
    file = parse_stakeholders("developer: A", "stakeholders.yaml")
    found = addressed(with_blockers([question(status="answered", answered_by="Bob")]), file)
    assert (found.questions[0].addressed_to, found.unnamed_roles) == ((), ())


def test_without_a_file_questions_stay_as_they_are() -> None:
    asked = with_blockers([question()])
    assert addressed(asked, None) is asked


@given(st.lists(st.sampled_from(ROLES), unique=True), st.sampled_from(ROLES), st.text(max_size=40))
def test_an_open_question_goes_to_somebody_of_its_role_or_the_role_is_told(
    filled: list[Any], role: Any, text: str
) -> None:
    people = Stakeholders(people={one: (Person(name=one), Person(name=f"{one} 2", about=("x",))) for one in filled})
    found = addressed(with_blockers([question(text, role)]), people)
    if role in filled:
        assert set(names(found.questions[0])) <= {role, f"{role} 2"}
        assert (len(found.questions[0].addressed_to), found.unnamed_roles) == (1, ())
    else:
        assert (found.questions[0].addressed_to, found.unnamed_roles) == ((), (role,))


@pytest.mark.parametrize(
    ("text", "place", "field", "words", "hint"),
    [
        ("designer: Bob", (1, 1), "designer", "no role 'designer'", "roles are: product-owner"),
        ("developers: Bob", (1, 1), "developers", "no role 'developers'", "did you mean developer?"),
        ("developer: Bob\nDeveloper: Eve", (2, 1), "Developer", "twice", "leave one"),
        ("developer:\n  - {contact: b@example.org}", (2, 5), "developer[0]", "has no name", "name:"),
        ("developer:\n  - {name: Bob, mail: b}", (2, 17), "developer[0].mail", "not known here", "known here"),
        ("developer: [[Bob]]", (1, 13), "developer[0]", "text is missing", "quotes"),
        ("- Bob", (1, 1), "", "keys and values", "each role"),
        ("developer: !!python/name:os.system x", (1, 12), "developer[0]", "not allowed", "leave the tag out"),
        ("developer: {", (1, 13), None, "no valid YAML", "correct the line"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    text: str, place: tuple[int, int], field: str | None, words: str, hint: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_stakeholders(text, "stakeholders.yaml")
    assert (caught.value.line, caught.value.column, caught.value.field) == (*place, field)
    assert hint in str(caught.value.hint)


def test_the_file_beside_the_configuration_is_used_when_there_is_one(tmp_path: Path) -> None:
    assert find_stakeholders(tmp_path) is None
    assert QuestionSettings().depends_on(tmp_path) == {}
    (tmp_path / "stakeholders.yaml").write_text("developer: Bob")
    settings = QuestionSettings()
    assert list(settings.depends_on(tmp_path)) == ["stakeholders"]
    (tmp_path / "stakeholders.yaml").write_text("developer: Eve")
    assert settings.people(tmp_path) == Stakeholders(people={"developer": (Person(name="Bob"),)})


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        find_stakeholders(tmp_path, "people.yaml")


def test_who_is_asked_has_a_name_and_a_way_to_be_reached() -> None:
    file = parse_stakeholders(FILE, "stakeholders.yaml")
    (found,) = addressed(with_blockers([question("Refund?")]), file).questions
    assert found.addressed_to == (Addressee(name="Henrietta", contact="h@example.org"),)
