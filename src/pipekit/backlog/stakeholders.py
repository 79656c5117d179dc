"""Who has which role: a YAML file that the team owns, so that questions are addressed to people.

    product-owner: Ada Lovelace
    developer: [Margaret, Katherine]
    stakeholder:
      - {name: Grace Hopper, contact: grace@example.org, about: [contract, supplier]}
      - Henrietta Leavitt

The roles are those that questions have. Of several people with one role those are asked whose words a question uses;
where it uses nobody's, those without words of their own; and where there are none such, all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from attrs import evolve, field, frozen

from pipekit.backlog.model.question import Addressee, Question, Questions, TargetRole
from pipekit.backlog.team_files import Reader, is_null, kind_of, team_file
from pipekit.backlog.text import fold

__all__ = ["FILE_NAME", "ROLES", "Person", "Stakeholders", "addressed", "find_stakeholders", "parse_stakeholders"]

#: The file's name beside the configuration.
FILE_NAME = "stakeholders.yaml"
#: The roles that a question may be for.
ROLES: tuple[TargetRole, ...] = get_args(TargetRole)
_CALLED = "the stakeholders file"
_SHAPE = "each role takes a name, a list of names, or name:, contact: and about: of a person"


@frozen(kw_only=True)
class Person:
    """Somebody with a role; ``about`` are words of what to ask this person and no other of the role."""

    name: str
    contact: str | None = None
    about: tuple[str, ...] = ()

    def is_asked(self, words: str) -> bool:
        """Whether the words, folded and in small letters, use one of this person's; an inflected one counts, too."""
        return any(f" {word.casefold()}" in f" {words}" for word in self.about)


@frozen(kw_only=True)
class Stakeholders:
    """People by role, in the order of the file."""

    people: Mapping[TargetRole, tuple[Person, ...]] = field(factory=dict)

    def digest(self) -> str:
        """A short digest: two files that say the same have the same one."""
        said = [(role, self.people[role]) for role in ROLES if role in self.people]
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    def asked(self, question: Question) -> tuple[Person, ...]:
        """Who is asked this question; nobody where the role has no person."""
        people = self.people.get(question.target_role, ())
        words = _plain_words(f"{question.question} {question.context}")
        by_word = tuple(one for one in people if one.is_asked(words))
        return by_word or tuple(one for one in people if not one.about) or people


def addressed(questions: Questions, stakeholders: Stakeholders | None) -> Questions:
    """The questions, each open one with the people it is for; without a file as they are."""
    if stakeholders is None:
        return questions
    found: list[Question] = []
    unnamed: dict[TargetRole, None] = {}
    for question in questions.questions:
        people = stakeholders.asked(question) if question.status == "needs_answer" else ()
        if question.status == "needs_answer" and not people:
            unnamed[question.target_role] = None
        found.append(
            evolve(question, addressed_to=tuple(Addressee(name=one.name, contact=one.contact) for one in people))
        )
    return evolve(questions, questions=tuple(found), unnamed_roles=tuple(unnamed))


def find_stakeholders(folder: Path, name: str | None = None) -> Stakeholders | None:
    """The team's file: ``name`` relative to ``folder``, which must be there, else ``stakeholders.yaml`` if it is.

    Raises `ConfigError` with file, line and field for a file that is missing, unreadable or wrong.
    """
    setting = "steps.generate-questions.stakeholders"
    found = team_file(folder, name, default=FILE_NAME, called=_CALLED, setting=setting)
    return None if found is None else parse_stakeholders(found.text, found.path)


def parse_stakeholders(text: str, file: str) -> Stakeholders:
    """The people in ``text``; ``file`` is for messages. Raises `ConfigError` with line, column and field."""
    reader = Reader(file, called=_CALLED, short="stakeholders")
    root = reader.root(text)
    if kind_of(root) == "mapping":
        for key, _ in root.value:
            _known_role(reader, key)
    people: dict[TargetRole, tuple[Person, ...]] = {}
    for name, _, node in reader.pairs(root, "", ROLES, shape=_SHAPE):
        role: TargetRole = next(one for one in ROLES if one == name)
        several = node.value if kind_of(node) == "sequence" else [] if is_null(node) else [node]
        people[role] = tuple(_person(reader, f"{role}[{index}]", one) for index, one in enumerate(several))
    return Stakeholders(people=people)


def _known_role(reader: Reader, key: Any) -> None:
    from difflib import get_close_matches

    written = str(key.value)[:40] if kind_of(key) == "scalar" else "this"
    plain = {_compared(role): role for role in ROLES}
    if _compared(written) not in plain:
        near = get_close_matches(_compared(written), plain, n=1)
        roles = f"roles are: {', '.join(ROLES)}; put other people under stakeholder: with about: and words"
        reader.fail(key, written, f"there is no role {written!r}", f"did you mean {plain[near[0]]}?" if near else roles)


def _person(reader: Reader, at: str, node: Any) -> Person:
    if kind_of(node) != "mapping":
        return Person(name=reader.text(at, node))
    found = {name: value for name, _, value in reader.pairs(node, at, ("name", "contact", "about"), shape=_SHAPE)}
    if "name" not in found:
        reader.fail(node, at, "a person has no name", "give it as name:")
    about = found.get("about")
    words = [] if about is None else about.value if kind_of(about) == "sequence" else [about]
    return Person(
        name=reader.text(f"{at}.name", found["name"]),
        contact=reader.text(f"{at}.contact", found["contact"]) if "contact" in found else None,
        about=tuple(reader.text(f"{at}.about[{index}]", word) for index, word in enumerate(words)),
    )


def _compared(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()


def _plain_words(text: str) -> str:
    return " ".join("".join(char if char.isalnum() else " " for char in fold(text).casefold()).split())
