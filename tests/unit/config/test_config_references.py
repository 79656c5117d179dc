from __future__ import annotations

import pytest

from pipekit.config.origin import DEFAULT, Origin
from pipekit.config.references import choose_model, parse_reference
from pipekit.config.tree import from_plain
from pipekit.errors import ConfigError

Block = dict[str, object]


def _choose(*blocks: Block, default_provider: str | None = None) -> str | None:
    trees = [from_plain(block, Origin("project", file=f"layer{i}")) for i, block in enumerate(blocks)]
    choice, _, faults = choose_model(trees, "llm", default_provider=default_provider)
    if faults:
        raise faults[0]
    return None if choice is None else str(choice.reference)


@pytest.mark.parametrize(
    ("blocks", "reference"),
    [
        ([], None),
        ([{}], None),
        ([{"provider": "ollama", "model": "llama3.2"}], "ollama/llama3.2"),
        ([{"model": "anthropic/claude-x"}], "anthropic/claude-x"),
        ([{"model": "openrouter/meta/llama"}], "openrouter/meta/llama"),
        # A model beside a provider is taken whole.
        ([{"provider": "openrouter", "model": "meta/llama"}], "openrouter/meta/llama"),
        # A bare name means the default provider, of whichever layer.
        ([{"provider": "ollama", "model": "a"}, {"model": "b"}], "ollama/b"),
        ([{"model": "llama3.2"}, {"provider": "ollama"}], "ollama/llama3.2"),
        # A reference with a provider leaves the default provider alone.
        ([{"provider": "ollama", "model": "a"}, {"model": "anthropic/b"}], "anthropic/b"),
        # The same provider said again changes nothing.
        ([{"provider": "ollama", "model": "a"}, {"provider": "ollama"}], "ollama/a"),
        ([{"provider": "anthropic", "model": "a"}, {"provider": "ollama", "model": "b"}], "ollama/b"),
        # The reserved names stand alone, in either key.
        ([{"provider": "offline"}], "offline"),
        ([{"model": "offline"}], "offline"),
        ([{"model": "replay"}], "replay"),
        ([{"provider": "offline", "model": "llama3.2"}], "offline"),
        ([{"provider": "ollama", "model": "offline"}], "offline"),
        ([{"provider": "ollama", "model": "a"}, {"provider": "offline"}], "offline"),
        ([{"provider": "offline"}, {"model": "ollama/a"}], "ollama/a"),
        ([{"provider": "offline"}, {"provider": "ollama", "model": "a"}], "ollama/a"),
        # Nothing counts as not set.
        ([{"provider": None, "model": "ollama/a"}, {"model": None}], "ollama/a"),
        ([{"provider": " ollama ", "model": " a "}], "ollama/a"),
    ],
)
def test_a_model_is_chosen_from_the_layers(blocks: list[Block], reference: str | None) -> None:
    assert _choose(*blocks) == reference


def test_a_bare_name_of_a_step_means_the_default_provider() -> None:
    assert _choose({"model": "small"}, default_provider="ollama") == "ollama/small"


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        # A higher provider never takes a model that was chosen for another one.
        (
            [{"provider": "ollama", "model": "a"}, {"provider": "anthropic"}],
            "layer1: llm.provider is anthropic, but the",
        ),
        ([{"model": "ollama/a"}, {"provider": "anthropic"}], "the model set at layer0 belongs elsewhere, ollama/a"),
        ([{"provider": "offline"}, {"provider": "ollama"}], "llm.provider is ollama, but the model .* offline"),
        ([{"provider": "ollama"}], "no model goes with llm.provider, ollama"),
        ([{"model": "llama3.2"}], "names a model and no provider, 'llama3.2'"),
        ([{"provider": "offline"}, {"model": "llama3.2"}], "names a model and no provider, 'llama3.2'"),
        ([{"model": "offline/x"}], "offline stands alone"),
        ([{"model": "/x"}], "must be provider/model, not '/x'"),
        ([{"model": "x/"}], "must be provider/model, not 'x/'"),
        ([{"model": 5}], "llm.model must be text, not 5"),
        ([{"provider": ["ollama"]}], "llm.provider must be text, not a list"),
        ([{"model": " "}], 'llm.model must be text, not the text " "'),
    ],
)
def test_what_chooses_no_model_is_a_fault_with_a_hint(blocks: list[Block], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        _choose(*blocks)

    assert caught.value.hint
    assert caught.value.field in ("llm.model", "llm.provider")


def test_a_later_model_settles_what_was_unclear_before() -> None:
    assert _choose({"model": "ollama/a"}, {"provider": "anthropic"}, {"model": "b"}) == "anthropic/b"


def test_a_reference_prints_as_it_is_written() -> None:
    assert str(parse_reference("a/b/c", None, DEFAULT, "x")) == "a/b/c"
    assert str(parse_reference("offline", None, DEFAULT, "x")) == "offline"


@pytest.mark.parametrize("provider", ["offline", "replay", None])
def test_a_bare_name_belongs_to_no_provider_that_stands_alone(provider: str | None) -> None:
    with pytest.raises(ConfigError, match="names a model and no provider, 'llama'"):
        parse_reference("llama", provider, DEFAULT, "llm.fallback[0]")
