"""What the provider knows without a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipekit_openai.known_models import known_model
from pipekit_openai.provider import OpenAIProvider, OpenAISettings

from pipekit import Pipeline
from pipekit.errors import ConfigError, PlanError, ProviderError
from pipekit.interfaces import LLMProvider, ModelOptions


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def test_it_is_a_provider() -> None:
    assert isinstance(OpenAIProvider(OpenAISettings()), LLMProvider)


@pytest.mark.parametrize(
    ("settings", "secrets"),
    [
        (OpenAISettings(), ["OPENAI_API_KEY"]),
        (OpenAISettings(base_url="http://127.0.0.1:8080/v1"), []),
        (OpenAISettings(base_url="http://localhost:8080/v1"), []),
        (OpenAISettings(base_url="http://[::1]:8080/v1"), []),
        (OpenAISettings(base_url="https://llm.example.org/v1"), ["OPENAI_API_KEY"]),
        (OpenAISettings(base_url="https://127.0.0.1.example.org/v1"), ["OPENAI_API_KEY"]),
        (OpenAISettings(base_url="http://127.0.0.1:8080/v1", api_key_variable="ACME_KEY"), ["ACME_KEY"]),
        (OpenAISettings(base_url="https://llm.example.org/v1", api_key_variable=""), []),
    ],
)
def test_the_key_it_needs(settings: OpenAISettings, secrets: list[str]) -> None:
    assert list(OpenAIProvider(settings).secrets) == secrets


def test_without_its_key_it_names_the_variable() -> None:
    with pytest.raises(ProviderError, match="OPENAI_API_KEY") as caught:
        OpenAIProvider(OpenAISettings()).chat_model("gpt-4o", ModelOptions())
    assert caught.value.kind == "auth"
    assert caught.value.variable == "OPENAI_API_KEY"


def test_what_is_known_of_models() -> None:
    provider = OpenAIProvider(OpenAISettings())
    assert provider.describe("gpt-4o-2024-11-20").window == 128_000
    assert provider.describe("gpt-4o").methods[0] == "json_schema"
    assert provider.describe("gpt-3.5-turbo").methods[0] == "function_calling"
    assert provider.describe("never-heard-of").window is None
    assert known_model("gpt-5-mini") == known_model("gpt-5")


def test_the_settings_come_before_what_is_known() -> None:
    settings = OpenAISettings(base_url="http://127.0.0.1:8080/v1", methods=("function_calling",), window=4096)
    info = OpenAIProvider(settings).describe("gpt-4o")
    assert (info.window, info.methods) == (4096, ("function_calling",))


def test_openais_names_say_nothing_about_other_servers() -> None:
    assert OpenAIProvider(OpenAISettings(base_url="http://127.0.0.1:1/v1")).describe("gpt-4o").window is None


def test_a_temperature_is_left_out_for_models_that_take_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    provider = OpenAIProvider(OpenAISettings())
    assert provider.chat_model("gpt-4o", ModelOptions(temperature=0.0)).temperature == 0.0  # type: ignore[attr-defined]
    assert provider.chat_model("gpt-5.5", ModelOptions(temperature=0.0)).temperature is None  # type: ignore[attr-defined]


def test_the_key_is_in_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    provider = OpenAIProvider(OpenAISettings())
    assert "canary" not in repr(provider.chat_model("gpt-4o", ModelOptions())) + repr(provider)


@pytest.mark.parametrize(
    "setting", ["baseUrl: https://x.example/v1", "apiKeyVariable: PATH", "headers: {Host: x.example}"]
)
def test_a_projects_file_leads_no_key_elsewhere_until_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-the-user")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    (tmp_path / "pipekit.yaml").write_text(f"llm: {{model: openai/gpt-4o, providers: {{openai: {{{setting}}}}}}}\n")
    environ = {"OPENAI_API_KEY": "a-key-of-the-user", "PATH": "x", "XDG_DATA_HOME": str(tmp_path)}
    with pytest.raises(ConfigError) as caught:
        Pipeline(folder=tmp_path, environ=environ).models("openai")
    assert caught.value.kind == "untrusted"


def test_a_server_on_this_machine_gets_no_key_and_needs_no_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-the-user")
    (tmp_path / "pipekit.yaml").write_text(
        "llm: {model: openai/m, providers: {openai: {baseUrl: 'http://127.0.0.1:9/v1'}}}\n"
    )
    environ = {"OPENAI_API_KEY": "a-key-of-the-user", "XDG_DATA_HOME": str(tmp_path)}
    pipeline = Pipeline(folder=tmp_path, environ=environ)
    assert pipeline.plan().model == "openai/m"
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: of the user")
    with pytest.raises(PlanError, match="OPENAI_CUSTOM_HEADERS would go"):
        Pipeline(folder=tmp_path, environ=environ).plan()


def test_list_prices_are_known_for_its_own_models_and_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    known = OpenAIProvider(OpenAISettings()).describe("gpt-4o-2024-11-20")
    assert known.input_price is not None
    assert known.output_price is not None
    assert known.cached_price is not None
    assert 0 < known.cached_price < known.input_price < known.output_price
    other = OpenAIProvider(OpenAISettings(base_url="https://llm.example.org/v1"))
    for info in (OpenAIProvider(OpenAISettings()).describe("gpt-99-nonsense"), other.describe("gpt-4o-2024-11-20")):
        assert (info.input_price, info.output_price, info.cached_price) == (None, None, None)
