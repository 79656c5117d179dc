"""Secrets that stand in settings: found, refused in flags, and kept out of records."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipekit import secrecy
from pipekit.config import load_configuration
from pipekit.config.environment import read_environment
from pipekit.config.secret_settings import holds_secret, kept_settings, refuse_secret, secret_values
from pipekit.errors import ConfigError


@pytest.mark.parametrize(
    "assignment",
    [
        "llm.providers.acme.apiKey=sk-live-0123",
        "llm.providers.acme.api_key=12345678",
        "llm.providers.acme={apiKey: sk-live-0123}",
        "llm.providers.acme.headers.X-Acme=whatever",
        "llm.providers.acme.baseUrl=https://ada:hunter2pw@host/v1",
        "store=postgresql://ada:hunter2pw@db/x",
        "llm.providers.acme={apiKey: [",
    ],
)
def test_a_setting_that_is_a_secret_is_known(assignment: str) -> None:
    path, _, text = assignment.partition("=")
    assert holds_secret(path, text) is (not assignment.endswith("["))


@pytest.mark.parametrize(
    "assignment",
    [
        "steps.step4.ragTopK=3",
        "llm.maxTokens=500",
        "llm.providers.acme.apiKey=ACME_API_KEY",
        "llm.providers.acme.headers.Accept=application/json",
        "llm.providers.acme.baseUrl=http://localhost:8080/v1",
        "llm.providers.acme.apiKey=",
    ],
)
def test_an_ordinary_setting_and_the_name_of_a_variable_are_no_secrets(assignment: str) -> None:
    path, _, text = assignment.partition("=")
    assert not holds_secret(path, text)


def test_a_refused_flag_names_the_variable_to_use_instead_and_not_the_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        refuse_secret("llm.providers.acme.apiKey", "sk-live-0123")

    assert caught.value.code == 3
    assert "sk-live" not in str(caught.value) + caught.value.hint
    variable = "PIPEKIT_LLM__PROVIDERS__ACME__API_KEY"
    assert variable in caught.value.hint
    read = read_environment({variable: "sk-live-0123"}, ["llm"])
    assert read.own.at("llm.providers.acme.apiKey") is not None
    assert secrecy.is_secret_variable(variable)


def test_records_keep_the_settings_of_flags_without_their_secrets_and_without_where_runs_lie() -> None:
    settings = {"a.apiKey": "sk-live-0123", "steps.step4.ragTopK": "3", "store": "file:runs", "store.url": "file:x"}
    assert kept_settings(settings) == {"steps.step4.ragTopK": "3"}


def test_a_scheme_before_a_secret_is_no_part_of_it() -> None:
    found = list(secret_values({"headers": {"Authorization": "Bearer a1b2c3d4e5", "Accept": "text/plain"}}))
    assert found == ["Bearer a1b2c3d4e5", "a1b2c3d4e5"]


def test_what_a_configuration_holds_is_masked_from_then_on(tmp_path: Path) -> None:
    text = "llm: {providers: {acme: {headers: {X-Acme: canary-of-this-test}}}}\n"
    (tmp_path / "pipekit.yaml").write_text(text)
    load_configuration(None, folder=tmp_path, environ={"ACME_API_KEY": "another-canary-of-it"})
    assert secrecy.mask("canary-of-this-test, another-canary-of-it", {}) == "***, ***"


def test_a_path_deeper_than_any_setting_is_left_to_the_configuration_to_refuse() -> None:
    assert not holds_secret("a." * 3000 + "apiKey", "sk-live-0123")


def test_what_is_called_like_a_harmless_header_is_one_among_headers_alone() -> None:
    address = "postgres://me:canary@db/pipekit"
    assert list(secret_values({"store": {"connection": address}})) == ["canary"]
    assert list(secret_values({"headers": {"Connection": "keep-alive", "X-Auth": "canary"}})) == ["canary"]
