from __future__ import annotations

from collections.abc import Callable

from pipekit.config.configuration import Configuration
from pipekit.config.layers import Override

Load = Callable[..., Configuration]


def _shown(configuration: Configuration) -> dict[str, tuple[object, str]]:
    return {one.path: (one.value, str(one.origin)) for one in configuration.explain()}


def test_defaults_are_shown_with_everything_else(load: Load) -> None:
    shown = _shown(load())

    assert shown["workflow"] == ("backlog", "default")
    assert shown["run.maxInputBytes"] == (50_000_000, "default")
    assert shown["llm.fallback"] == ([], "default")


def test_every_value_is_shown_with_where_it_came_from(load: Load) -> None:
    shown = _shown(
        load(
            "steps:\n  step4: {rag_top_k: 5}\nretrievers: {notes: {folder: docs}}\n",
            environ={"PIPEKIT_STORE": "s"},
            overrides=(Override.parse("steps.step8.formats=[json]"),),
        )
    )

    assert shown["steps.step4.rag_top_k"] == (5, "pipekit.yaml:2:22")
    assert shown["retrievers.notes.folder"] == ("docs", "pipekit.yaml:3:30")
    assert shown["store"] == ("s", "PIPEKIT_STORE")
    assert shown["steps.step8.formats"] == (["json"], "--set steps.step8.formats")


def test_a_setting_that_does_not_exist_is_shown_where_it_stands(load: Load) -> None:
    assert _shown(load("llm: {temprature: 1}\n"))["llm.temprature"] == (1, "pipekit.yaml:1:19")


def test_secrets_are_masked_whatever_their_key_is_called(load: Load) -> None:
    text = """\
llm:
  providers:
    one: {apiKey: canary, access_token: canary, PASSWORD: 12345, maxTokens: 5}
    two: {baseUrl: "https://user:canary@host/v1", headers: {Authorization: Bearer canary}, keys: [canary]}
    three: {credentials: {user: canary}, nested: [{secret: canary}]}
"""
    shown = _shown(load(text))

    assert "canary" not in str(shown)
    assert "12345" not in str(shown)
    assert shown["llm.providers.one.maxTokens"][0] == 5
    assert shown["llm.providers.two.baseUrl"][0] == "https://***@host/v1"


def test_a_password_with_an_at_sign_is_masked_to_its_end(load: Load) -> None:
    shown = _shown(load('store: "postgresql://ada:p@ss@db/runs"\n'))

    assert shown["store"][0] == "postgresql://***@db/runs"
