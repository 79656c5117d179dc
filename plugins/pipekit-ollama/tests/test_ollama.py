"""What the provider knows without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipekit_ollama.provider import OllamaProvider, OllamaSettings, context_size

from pipekit import Pipeline
from pipekit.errors import PlanError
from pipekit.interfaces import LLMProvider, ModelOptions


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "OLLAMA_BASE_URL", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_a_provider_without_a_secret() -> None:
    provider = OllamaProvider(OllamaSettings())
    assert isinstance(provider, LLMProvider)
    assert list(provider.secrets) == []
    assert list(OllamaProvider(OllamaSettings(api_key_variable="ACME_KEY")).secrets) == ["ACME_KEY"]


@pytest.mark.parametrize(
    ("tokens", "size"), [(None, None), (1, 4096), (4096, 4096), (4097, 6144), (8192, 8192), (100_000, 100_352)]
)
def test_there_are_few_sizes_of_a_context(tokens: int | None, size: int | None) -> None:
    assert context_size(tokens) == size


@pytest.mark.parametrize(
    ("environ", "setting", "asked", "address"),
    [
        ({}, None, None, "http://127.0.0.1:11434"),
        ({"OLLAMA_HOST": "box:1234"}, None, None, "box:1234"),
        ({"OLLAMA_HOST": "0.0.0.0:1234"}, None, None, "127.0.0.1:1234"),
        ({"OLLAMA_BASE_URL": "http://box:1"}, None, None, "http://box:1"),
        ({"OLLAMA_HOST": "box:1234"}, "http://other:1", None, "http://other:1"),
        ({}, "http://other:1", "http://third:1", "http://third:1"),
    ],
)
def test_the_address(
    environ: dict[str, str], setting: str | None, asked: str | None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    made: object = OllamaProvider(OllamaSettings(base_url=setting)).chat_model("m", ModelOptions(base_url=asked))
    assert getattr(made, "base_url", "") == address


def test_before_it_was_asked_the_window_is_unknown() -> None:
    info = OllamaProvider(OllamaSettings()).describe("llama3.2")
    assert (info.window, info.methods, info.input_price) == (None, ("json_schema", "json_mode", "text"), 0.0)


def test_a_server_that_isnt_there_is_told_without_its_password() -> None:
    provider = OllamaProvider(OllamaSettings(base_url="http://ada:hidden-word@127.0.0.1:9"))
    failure = provider.failure(ConnectionError("Failed to connect to Ollama."))
    assert failure is not None
    assert failure.kind == "connection"
    assert "ollama serve" in failure.message
    assert "hidden-word" not in failure.message


def test_a_projects_server_needs_trust_only_where_it_gets_a_key(tmp_path: Path) -> None:
    environ = {"ACME_KEY": "a-key-of-the-user", "OLLAMA_API_KEY": "another", "XDG_DATA_HOME": str(tmp_path)}
    settings = "baseUrl: 'https://x.example'"
    for more in ("", ", apiKeyVariable: ACME_KEY"):
        (tmp_path / "pipekit.yaml").write_text(
            f"llm: {{model: ollama/m, providers: {{ollama: {{{settings}{more}}}}}}}\n"
        )
        pipeline = Pipeline(folder=tmp_path, environ=environ)
        if more:
            with pytest.raises(PlanError, match="ACME_KEY would go"):
                pipeline.plan()
        else:
            assert pipeline.plan().model == "ollama/m"
