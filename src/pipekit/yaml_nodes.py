"""YAML as nodes that know their place. Nothing in a text is ever made: no tag acts, no alias grows.

A node has an ``id`` (``scalar``, ``sequence`` or ``mapping``), a ``tag``, a ``value`` (text, a list of nodes, a list of
pairs of nodes) and a ``start_mark`` that counts from 0; a scalar's ``style`` is None where it isn't quoted. An alias is
the node that it names, so that nodes may hold themselves. This is the only module that knows ruamel.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ruamel.yaml.error import YAMLError

__all__ = ["CORE", "MAX_DEPTH", "NotYamlError", "compose"]

#: What the tags of plain values begin with.
CORE = "tag:yaml.org,2002:"
#: Escapes above U+10FFFF.
_NO_CHARACTER = re.compile(r"\\U(?!000|0010)[0-9A-Fa-f]{8}")
#: Levels of a document; no file that people write by hand has more.
MAX_DEPTH = 100


class NotYamlError(ValueError):
    """A text is no YAML. Lines and columns count from 1.

    ``problem`` says what the parser met, ``context`` what it was reading, ``place`` where it stopped and ``begun``
    where it began to read that, as far as they are known.
    """

    def __init__(
        self,
        problem: str,
        *,
        context: str = "",
        place: tuple[int, int] | None = None,
        begun: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.context = context
        self.place = place
        self.begun = begun


def compose(text: str, *, max_depth: int = MAX_DEPTH) -> Any:
    """The root node of the one document in ``text``, None where it is empty; `NotYamlError` for anything else."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    yaml.max_depth = max_depth
    try:
        # An anchor defined again is no fault; an alias means the one before it.
        yaml.composer.warn_double_anchors = False
        root = yaml.compose(text)
    except YAMLError as error:
        raise _told(error, text) from error
    except RecursionError as error:
        raise NotYamlError(f"the maximum depth of {max_depth} levels is passed") from error
    except (ValueError, OverflowError, LookupError, AttributeError, TypeError, AssertionError) as error:
        # What the parser itself trips over: an escape beyond Unicode, and what else nobody has met yet.
        escape = _NO_CHARACTER.search(text)
        problem = "an escape names no character" if escape else f"the parser can't read it ({error})"
        raise NotYamlError(problem, place=_at(text, escape.start()) if escape else None) from error
    if root is not None:
        _refuse_surrogates(root)
    return root


def _told(error: YAMLError, text: str) -> NotYamlError:
    mark, begun = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None and begun is None and hasattr(error, "character"):
        # The reader refuses a character; it knows an offset only.
        place = _at(text, getattr(error, "position", 0))
        return NotYamlError(f"a character that YAML doesn't allow, U+{error.character:04X}", place=place)
    return NotYamlError(
        getattr(error, "problem", None) or str(error).partition("\n")[0] or type(error).__name__,
        context=getattr(error, "context", None) or "",
        place=_place(mark or begun),
        begun=_place(begun),
    )


def _at(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _place(mark: Any) -> tuple[int, int] | None:
    return None if mark is None else (mark.line + 1, mark.column + 1)


def _refuse_surrogates(root: Any) -> None:
    """Escapes can name halves of characters, which can't be written anywhere."""
    nodes, seen = [root], {id(root)}
    while nodes:
        node = nodes.pop()
        if node.id == "scalar":
            try:
                str(node.value).encode()
            except UnicodeEncodeError:
                problem = "an escape names half of a character"
                raise NotYamlError(problem, place=_place(node.start_mark)) from None
            continue
        for inner in (part for item in node.value for part in (item if isinstance(item, tuple) else (item,))):
            if id(inner) not in seen:
                seen.add(id(inner))
                nodes.append(inner)
