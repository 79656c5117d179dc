"""Workflows: a named selection of steps with defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from pipekit.errors import UsageError
from pipekit.interfaces.output_formats import RunView
from pipekit.interfaces.scorers import Scorer
from pipekit.interfaces.steps import Step
from pipekit.serde import JSON

__all__ = ["Figure", "Workflow"]


@frozen(kw_only=True)
class Figure:
    """What is told of a run as a whole: ``value`` in JSON under ``name`` (camelCase), ``text`` in one line."""

    name: str
    value: JSON
    text: str


def _steps_or_names(workflow: Workflow, _: object, steps: object) -> None:
    for one in steps if isinstance(steps, (list, tuple)) else [steps]:
        if not isinstance(one, (Step, str)) or one is steps:
            raise UsageError(
                f"the workflow {workflow.name} takes a list of steps (functions with @step) or names, not {one!r}",
                kind="argument",
                hint="put @step above the function",
            )


@frozen(kw_only=True)
class Workflow:
    """A named selection of steps.

    ``input`` and ``input_type`` name and type the first artifact; ``steps`` are steps or names of registered ones;
    ``numbered`` gives the fixed numbers 1, 2, … in order, a step added later has none; ``defaults`` is laid under the
    user's configuration.

    Two mappings say what people want to see of each item, as title → ``artifact.field`` path in its JSON: ``table``
    gives the columns of the closing table, whose rows are the items of the first column's artifact; ``problems`` gives
    what is shown before all else about one item. On the way lists are taken apart, and ``status=fail`` keeps the
    objects whose field says so. Of several paths in ``table``, parted by ``|``, the first that leads somewhere counts.

    ``why`` names, by step, the field of its result that keeps the reasons for the rest: ``pipekit show RUN STEP --why``
    shows these, and without ``--why`` they are left out.

    ``figures`` are made of a run when its end, or where it stands, is told; they make do with what is there.

    ``brief`` says a mapping inside the results in one line, so that ``pipekit show`` doesn't print it field by field;
    None for one that it leaves as it is.

    ``editable`` names the fields of a collection's items that `pipekit edit` shows, by the collection's name in JSON;
    without it all of them are.

    ``merge`` puts the values of several inputs (``pipekit run --merge``) together, in the user's order; without it the
    workflow takes one input a run. Whether two of them fit together is for it to say: `InputError` where they don't.

    ``scorer`` makes what ``pipekit eval`` holds runs against gold files with (`pipekit.interfaces.Scorer`): a class or
    function without parameters, called once and late.
    """

    name: str
    input: str
    input_type: type[object]
    steps: Sequence[Step[..., Any, Any] | str] = field(validator=_steps_or_names)
    numbered: Sequence[str] = ()
    defaults: Mapping[str, object] = field(factory=dict)
    description: str = ""
    table: Mapping[str, str] = field(factory=dict)
    problems: Mapping[str, str] = field(factory=dict)
    why: Mapping[str, str] = field(factory=dict)
    figures: Callable[[RunView], Sequence[Figure]] | None = None
    brief: Callable[[Mapping[str, Any]], str | None] | None = None
    editable: Mapping[str, Sequence[str]] = field(factory=dict)
    merge: Callable[[Sequence[Any]], Any] | None = None
    scorer: Callable[[], Scorer[Any]] | None = None
