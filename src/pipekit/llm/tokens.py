"""How many tokens a text takes, roughly and rather too many: a prompt that is cut by a server is noticed by nobody."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["RESERVED", "fits", "tokens_of"]

#: Kept free for an answer whose length nobody limited, in tokens.
RESERVED = 2048
#: Letters of English, German or Dutch text a token of common models (GPT, Claude, Llama) stands for: 3.3 to 4.5.
_LETTERS = 3.3
#: Every message costs some tokens of its own, for roles and separators.
_A_MESSAGE = 8


def tokens_of(texts: Iterable[str]) -> int:
    """An estimate from above for these messages, without any model's own tokenizer."""
    total = 0.0
    for text in texts:
        narrow = len(text.encode("ascii", "ignore"))
        total += narrow / _LETTERS + (len(text) - narrow) * 1.5 + _A_MESSAGE
    return int(total) + 1


def fits(prompt: int, window: int | None, answer: int | None) -> bool:
    """Whether a prompt leaves room for its answer; a window that nobody knows is taken to be large enough."""
    return window is None or prompt + min(answer or RESERVED, window // 2) <= window
