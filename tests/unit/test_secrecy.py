"""What counts as a secret, and what is left of a text without it."""

from __future__ import annotations

import json
import os

import pytest

from pipekit.secrecy import is_secret_variable, mask, mask_values, without_secrets

KEY = "k3y-of-acme-0815"
PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"


@pytest.mark.parametrize(
    "name",
    [
        "ACME_API_KEY",
        "ACME_APIKEY",
        "KEY",
        "GITHUB_TOKEN",
        "ACME_KEY_2",
        "CLIENT_SECRET",
        "PGPASSWORD",
        "DB_PASSWORD",
        "MYSQL_PWD",
        "HTTP_AUTHORIZATION",
        "acme_api_key",
        "SECRET_KEY_BASE",
        "SENTRY_DSN",
    ],
)
def test_variables_that_hold_secrets_are_known_by_their_names(name: str) -> None:
    assert is_secret_variable(name)
    assert mask(f"401 for {KEY}", {name: KEY}) == "401 for ***"


@pytest.mark.parametrize(
    "name",
    ["GIT_AUTHOR_NAME", "SSH_AUTH_SOCK", "KEYBOARD", "PWD", "OLDPWD", "MONKEY", "TOKENIZERS_PARALLELISM", "HOME"],
)
def test_ordinary_variables_hide_no_paths(name: str) -> None:
    assert mask("can't read /srv/ada/meetings/one.txt", {name: "/srv/ada"}) == "can't read /srv/ada/meetings/one.txt"


def test_a_value_too_short_for_a_secret_hides_no_words() -> None:
    assert mask("the test failed", {"ACME_TOKEN": "test"}) == "the test failed"


@pytest.mark.parametrize(
    "text", [PEM, f"said: {PEM}", repr(PEM), json.dumps({"key": PEM}), "at MIIEvQIBADANBgkq", PEM.replace("\n", "\r\n")]
)
def test_a_secret_of_several_lines_is_hidden_whole_quoted_and_line_by_line(text: str) -> None:
    masked = mask(text, {"ACME_PRIVATE_KEY": PEM})
    assert "MIIE" not in masked
    assert "hkiG" not in masked


def test_the_longer_of_two_secrets_leaves_no_rest_behind() -> None:
    environ = {"A_KEY": "abcdefgh", "B_KEY": "abcdefgh-and-more"}
    assert mask("abcdefgh-and-more, abcdefgh", environ) == "***, ***"


def test_a_key_that_a_program_sets_changes_or_unsets_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "first-key-1, other-key-2"
    assert mask(said) == said
    monkeypatch.setenv("ACME_API_KEY", "first-key-1")
    assert mask(said) == "***, other-key-2"
    monkeypatch.setenv("ACME_API_KEY", "other-key-2")
    assert mask(said) == "first-key-1, ***"
    monkeypatch.delenv("ACME_API_KEY")
    assert mask(said) == said
    monkeypatch.setattr(os, "environ", {"ACME_API_KEY": "first-key-1"})
    assert mask(said) == "***, other-key-2"


def test_the_password_in_a_variables_address_is_a_secret_wherever_it_is_said() -> None:
    environ = {"DATABASE_URL": "postgresql://ada:hunter2pw@db/x"}
    assert mask("no entry for ada with hunter2pw", environ) == "no entry for ada with ***"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgresql://ada:hunter2pw@db/x", "postgresql://***@db/x"),
        ("postgresql://ada:hunt@er@db/x", "postgresql://***@db/x"),
        ("Authorization: Bearer abc.def-12345", "Authorization: ***"),
        ("sent Bearer abc.def-12345", "sent Bearer ***"),
        ("the key sk-live-abcdef0123456", "the key ***"),
        ("llm.providers.acme.apiKey=whatever", "llm.providers.acme.apiKey=***"),
        ('{"password": "swordfish1"}', '{"password": "***"}'),
    ],
)
def test_what_has_the_shape_of_a_secret_is_hidden(text: str, left: str) -> None:
    assert mask(text, {}) == left
    assert mask(left, {}) == left


@pytest.mark.parametrize(
    "text",
    [
        "the password: required, at least so long",
        "bearer authentication for the gate",
        "git clone ssh://git@example.org/x.git",
        "http://localhost:8080/a and ada@example.org",
        "a sk-learn-based-classifier",
        "secrets: none",
    ],
)
def test_prose_about_secrets_is_left_as_it_is(text: str) -> None:
    assert mask(text, {}) == text


def test_every_text_inside_a_value_is_masked_and_nothing_else() -> None:
    value = {"a": [f"x {KEY}", 1, None], "b": {"c": (KEY, True)}}
    assert mask_values(value, {"A_KEY": KEY}) == {"a": ["x ***", 1, None], "b": {"c": ["***", True]}}


@pytest.mark.parametrize("word", ["sk-", "password:", "api_key=password:", "bearer ", "://a:"])
def test_a_long_text_of_almost_secrets_is_masked_in_time_that_grows_with_it(word: str) -> None:
    # Where the time grew with the square of the length, this would take hours.
    assert "k3y" in mask(word * 200_000 + " k3y", {})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (r'{"a": "say \"password=hunter22\" twice"}', {"a": 'say "password=***" twice'}),
        (r'{"a": "the \\ password: hunter22\\"}', {"a": "the \\ password: ***\\"}),
        (r'{"a": "say \"api_key=hunter22\\\" twice"}', {"a": 'say "api_key=***\\" twice'}),
    ],
)
def test_json_is_still_json_when_what_has_a_secrets_shape_is_hidden_in_it(text: str, left: object) -> None:
    assert json.loads(mask(text, {})) == left


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [KEY, KEY.replace("-", r"\u002d"), KEY.replace("-", r"\u002D").replace("k", r"\u006b"), rf"\\{KEY}", rf"\n{KEY}"],
)
def test_an_answer_keeps_its_form_and_loses_the_secrets_that_are_known(written: str) -> None:
    text = rf'{{"a": "so \"{written}\" and \u00fc, \u0022, \\u002d"}}'
    left = json.loads(without_secrets(text, told=["a question"], environ={"A_KEY": KEY}))
    assert KEY not in left["a"]
    assert left == {"a": json.loads(text)["a"].replace(KEY, "***")}


def test_a_slash_that_is_escaped_hides_no_secret() -> None:
    assert without_secrets(r'"ab\/cd+ef0815=="', told=(), environ={"A_KEY": "ab/cd+ef0815=="}) == '"***"'


def test_an_answer_may_repeat_the_words_of_its_question_and_what_only_looks_like_a_secret() -> None:
    environ = {"PGPASSWORD": "postgres"}
    said = "We move to postgres; set password=hunter22"
    assert without_secrets(said, told=["Ada: We move to postgres."], environ=environ) == said
    assert without_secrets(said, told=["Ada: We move."], environ=environ) == "We move to ***; set password=hunter22"
    assert without_secrets(said, told=(), environ={}) == said
