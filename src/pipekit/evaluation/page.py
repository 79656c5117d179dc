"""An evaluation as one page that needs nothing else: no script, no network, and text of others stays text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from pipekit.evaluation.bounds import Broken
from pipekit.evaluation.results import Evaluation
from pipekit.evaluation.tables import comparison, inputs_of
from pipekit.markdown import visible

__all__ = ["to_page"]

_FOLDER = Path(__file__).parent


def to_page(evaluation: Evaluation, broken: Sequence[Broken] = ()) -> str:
    """The page as HTML."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    template = environment.from_string((_FOLDER / "page.html").read_text(encoding="utf-8"))
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    return template.render(
        evaluation=evaluation,
        broken=[str(one) for one in broken],
        comparison=comparison(evaluation),
        variants=[
            {
                "name": result.variant.name,
                "table": inputs_of(evaluation, result),
                "outcomes": [
                    {
                        "name": one.name,
                        "notes": [str(one.error)] if one.error else (one.score.notes if one.score else ()),
                    }
                    for one in result.outcomes
                ],
            }
            for result in evaluation.variants
        ],
        # Our own file, and the browser takes exactly these bytes.
        style=Markup(style),  # noqa: S704
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )
