from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipekit.retrieval.wordpiece import LONGEST_WORD, WordPieces

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "de", "deliver", "##y", "##ies", "cafe", "!", "$", "日", "本", "x", "##x"]


@pytest.fixture
def vocabulary() -> WordPieces:
    return WordPieces(PIECES)


def _pieces(vocabulary: WordPieces, text: str, most: int = 20) -> list[str]:
    return [PIECES[number] for number in vocabulary.numbers(text, most)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("delivery", ["deliver", "##y"]),
        ("De deliveries", ["de", "deliver", "##ies"]),
        ("Café!", ["cafe", "!"]),
        ("de$de", ["de", "$", "de"]),
        ("日本", ["日", "本"]),
        ("de\x00live\u200dry\ufffd", ["deliver", "##y"]),
        ("walrus de", ["[UNK]", "de"]),
        ("delivered", ["[UNK]"]),
        ("🙂", ["[UNK]"]),
    ],
)
def test_a_word_is_the_longest_pieces_that_make_it_up(vocabulary: WordPieces, text: str, pieces: list[str]) -> None:
    assert _pieces(vocabulary, text) == ["[CLS]", *pieces, "[SEP]"]


def test_a_word_of_more_letters_than_any_has_is_unknown_as_a_whole(vocabulary: WordPieces) -> None:
    assert _pieces(vocabulary, "x" * LONGEST_WORD, 999).count("##x") == LONGEST_WORD - 1
    assert _pieces(vocabulary, "x" * (LONGEST_WORD + 1), 999) == ["[CLS]", "[UNK]", "[SEP]"]


def test_a_long_text_is_cut_and_still_ends_with_its_mark(vocabulary: WordPieces) -> None:
    assert _pieces(vocabulary, "de " * 100_000, 5) == ["[CLS]", "de", "de", "de", "[SEP]"]


@given(st.text(max_size=300), st.integers(2, 30))
def test_any_text_is_numbers_of_the_vocabulary_between_its_marks(text: str, most: int) -> None:
    numbers = WordPieces(PIECES).numbers(text, most)
    assert 2 <= len(numbers) <= most
    assert (numbers[0], numbers[-1]) == (2, 3)
    assert all(1 <= number < len(PIECES) and number not in (2, 3) for number in numbers[1:-1])
