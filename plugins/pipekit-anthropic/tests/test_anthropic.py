"""What the provider knows without a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipekit_anthropic.provider import AnthropicProvider, AnthropicSettings

from pipekit import Pipeline
from pipekit.errors import PlanError, ProviderError
from pipekit.interfaces import LLMProvider, ModelOptions


def test_it_is_a_provider_that_needs_a_key() -> None:
    provider = AnthropicProvider(AnthropicSettings())
    assert isinstance(provider, LLMProvider)
    assert list(provider.secrets) == ["ANTHROPIC_API_KEY"]
    assert list(AnthropicProvider(AnthropicSettings(api_key_variable="ACME_KEY")).secrets) == ["ACME_KEY"]


def test_without_its_key_it_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ProviderError, match="ANTHROPIC_API_KEY") as caught:
        AnthropicProvider(AnthropicSettings()).chat_model("claude-sonnet-4-6", ModelOptions())
    assert caught.value.kind == "auth"


def test_what_is_known_of_models() -> None:
    provider = AnthropicProvider(AnthropicSettings())
    assert provider.describe("claude-opus-4-5-20251101").window == 200_000
    assert provider.describe("claude-sonnet-4-6").methods[0] == "json_schema"
    assert provider.describe("claude-unheard-of").methods == ("function_calling", "text")
    assert provider.describe("claude-unheard-of").window is None
    assert AnthropicProvider(AnthropicSettings(methods=("text",))).describe("claude-sonnet-4-6").methods == ("text",)


def test_a_temperature_is_left_out_for_models_that_take_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary-0123456789")
    provider = AnthropicProvider(AnthropicSettings())
    old: object = provider.chat_model("claude-sonnet-4-6", ModelOptions(temperature=0.0))
    new: object = provider.chat_model("claude-opus-5", ModelOptions(temperature=0.0))
    assert (getattr(old, "temperature", ""), getattr(new, "temperature", "")) == (0.0, None)
    assert "canary" not in repr(old)


def test_a_projects_file_leads_no_key_elsewhere_until_it_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "pipekit.yaml").write_text(
        "llm: {model: anthropic/m, providers: {anthropic: {baseUrl: 'https://x.example'}}}\n"
    )
    environ = {"ANTHROPIC_API_KEY": "a-key-of-the-user", "XDG_DATA_HOME": str(tmp_path)}
    with pytest.raises(PlanError, match="ANTHROPIC_API_KEY would go"):
        Pipeline(folder=tmp_path, environ=environ).plan()


def test_list_prices_are_known_for_its_own_models_and_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    known = AnthropicProvider(AnthropicSettings()).describe("claude-sonnet-4-5-20250929")
    assert known.input_price is not None
    assert known.output_price is not None
    assert known.cached_price is not None
    assert 0 < known.cached_price < known.input_price < known.output_price
    other = AnthropicProvider(AnthropicSettings(base_url="https://llm.example.org"))
    for info in (
        AnthropicProvider(AnthropicSettings()).describe("claude-unheard-of"),
        other.describe("claude-sonnet-4-5-20250929"),
    ):
        assert (info.input_price, info.output_price, info.cached_price) == (None, None, None)
