"""Letters in composed form, in time that grows with a text and not with the square of the marks on a letter."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import Literal

__all__ = ["composed"]

#: Where many marks may stand on one letter. No language needs as many: a text that has them wants to keep us busy.
_MANY = re.compile(r"[^\w\s\x00-\x7f]{32,}")


def composed(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """The text in a normal form of Unicode."""
    # Python moves each mark past those before it. Where they are in their order already, none has far to go.
    return unicodedata.normalize(form, _MANY.sub(lambda found: _in_order(found[0]), text))


def _in_order(text: str) -> str:
    """The marks of each letter in the order that Unicode gives them; those of one kind stay as they are."""
    parts = itertools.groupby(text, key=lambda letter: unicodedata.combining(letter) > 0)
    return "".join("".join(sorted(part, key=unicodedata.combining) if marks else part) for marks, part in parts)
