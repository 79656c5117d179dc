"""The artifacts of one run: as stored, and as values for whoever reads them."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

from attrs import frozen

from pipekit.engine.copying import copied
from pipekit.engine.narrowing import narrow
from pipekit.errors import StateError, UsageError
from pipekit.interfaces.steps import Each
from pipekit.serde import JSON, MisfitError, encode, structure
from pipekit.state.artifacts import Fanned, from_file
from pipekit.state.fingerprint import digest
from pipekit.state.record import RunRecord, StepRecord, Usage

__all__ = ["ArtifactTable", "TableView"]

T = TypeVar("T")


@frozen(kw_only=True)
class _Made:
    """One artifact: its JSON (or `Fanned`), the step that made it, what it was fanned out over."""

    value: JSON | Fanned
    step: str
    each: str | None


class ArtifactTable:
    """Named artifacts. Readers get values of the type they ask for, made anew or immutable.

    ``order`` names the steps of the plan: artifacts are listed in this order, whichever step was done first.
    """

    def __init__(self, order: Sequence[str] = ()) -> None:
        self._order = {name: position for position, name in enumerate(order)}
        self._made: dict[str, _Made] = {}
        self._steps: dict[str, JSON] = {}
        self._values: dict[tuple[str, Any], Any] = {}
        self._digests: dict[str, str] = {}

    @property
    def names(self) -> Sequence[str]:
        """Names of all artifacts, the input first, in order of their steps."""
        made = dict(self._made)  # read from threads of steps, while another step may be done
        return sorted(made, key=lambda name: self._place(made[name].step))

    @property
    def steps(self) -> Mapping[str, JSON]:
        """Each finished step's stored value, by step name, in order."""
        return {name: self._steps[name] for name in sorted(self._steps, key=self._place)}

    def _place(self, step: str) -> int:
        return -1 if not step else self._order.get(step, len(self._order))

    def put_input(self, name: str, value: JSON) -> None:
        """Add the first artifact."""
        self._made[name] = _Made(value=value, step="", each=None)

    def put_step(self, step: StepRecord, content: JSON) -> None:
        """Add what a step's file holds, in place of what the step made before."""
        self._steps[step.name] = content
        made = from_file(
            content,
            provides=step.artifacts,
            is_whole=step.is_whole,
            is_fanned=step.each is not None,
            id_key=step.item_key,
            name=step.name,
        )
        for name, value in made.items():
            self._forget(name)
            self._made[name] = _Made(value=value, step=step.name, each=step.each)

    def remove_step(self, step: StepRecord) -> None:
        """Take back what a step made."""
        self._steps.pop(step.name, None)
        for name in step.artifacts:
            self._forget(name)
            self._made.pop(name, None)

    def _forget(self, name: str) -> None:
        self._digests.pop(name, None)
        for key in [key for key in list(self._values) if key[0] == name]:
            self._values.pop(key, None)

    def __contains__(self, name: str) -> bool:
        return name in self._made

    def digest(self, name: str) -> str:
        """The digest of the artifact's value."""
        if name not in self._digests:
            self._digests[name] = digest(encode(self.shown(name, object)))
        return self._digests[name]

    def shown(self, name: str, type_: Any) -> JSON:
        """What a reader who asks for a ``type_`` sees of an artifact, as plain JSON."""
        value = self._made[name].value
        if not isinstance(value, Fanned):
            return narrow(value, type_)
        args = get_args(type_)
        results = {key: narrow(result, args[-1] if args else object) for key, result in value.results.items()}
        return {"results": results, "errors": {key: error.reason for key, error in value.errors.items()}}

    def shown_items(self, name: str, type_: Any) -> Mapping[str, JSON]:
        """The same of each result of a fanned-out artifact, by item id."""
        value = self._made[name].value
        assert isinstance(value, Fanned)
        return {key: narrow(result, type_) for key, result in value.results.items()}

    def maker(self, name: str) -> str:
        """The step that made the artifact, empty for the input."""
        return self._made[name].step

    def collection(self, name: str) -> str | None:
        """The artifact over which this one was fanned out, or None."""
        return self._made[name].each

    def root(self, name: str) -> str:
        """The collection that the artifact's items come from in the end; itself when it isn't fanned out."""
        made = self._made.get(name)
        return name if made is None or made.each is None else self.root(made.each)

    def value(self, name: str) -> JSON:
        """The artifact as plain JSON; for a fanned-out one a dict by item id."""
        value = self._made[name].value
        return dict(value.results) if isinstance(value, Fanned) else value

    def fanned(self, name: str) -> Fanned | None:
        """The results and errors of a fanned-out artifact, None for any other."""
        value = self._made[name].value
        return value if isinstance(value, Fanned) else None

    def get(self, name: str, type_: Any) -> Any:
        """The artifact as a ``type_``, a copy unless it is immutable; `KeyError` when there is none."""
        return copied(self._value_as(name, type_), type_)

    def get_result(self, name: str, item: str, type_: Any) -> Any:
        """One result of a fanned-out artifact, in the same way; `KeyError` when the item has none."""
        results = self._value_as(name, Each[type_])
        return copied(results[item], type_)

    def _value_as(self, name: str, type_: Any) -> Any:
        made = self._made[name]
        key = (name, _as_key(type_))
        if key not in self._values:
            self._values[key] = self._structured(name, made, type_)
        return self._values[key]

    def _structured(self, name: str, made: _Made, type_: Any) -> Any:
        try:
            if not isinstance(made.value, Fanned):
                return structure(narrow(made.value, type_), type_)
            args = get_args(type_)
            item_type = args[-1] if args else object
            results = {key: structure(narrow(value, item_type), item_type) for key, value in made.value.results.items()}
            if get_origin(type_) not in (Each, None) and type_ is not Each:
                return results
            return Each(results, made.value.errors)
        except MisfitError as error:
            raise StateError(
                f"the artifact {name!r} is no {getattr(type_, '__name__', type_)}: {error.problems[0]}",
                kind="misfit",
                hint=f"run the step {made.step or 'that made it'} again" if made.step else "",
            ) from error


def _as_key(type_: Any) -> Any:
    """The type itself: two classes may have one name, as in a notebook's cell that was run again."""
    try:
        hash(type_)
    except TypeError:  # such as Annotated with a list among what it says
        return repr(type_)
    return type_


class TableView:
    """A run, read only, made of its record and artifacts: what output formats and `Pipeline.runs` see."""

    def __init__(self, record: RunRecord, table: ArtifactTable, read_original: Callable[[], bytes]) -> None:
        self.record = record
        self._table = table
        self._read_original = read_original

    def __repr__(self) -> str:
        return f"<run {self.record.run_id}: {self.record.status}, {len(self.record.completed_steps)} steps finished>"

    @property
    def names(self) -> Sequence[str]:
        """Names of all artifacts, the input first, in order of their steps."""
        return self._table.names

    @property
    def steps(self) -> Mapping[str, JSON]:
        """Each finished step's stored value by step name."""
        return copy.deepcopy(dict(self._table.steps))

    @property
    def original(self) -> bytes:
        """The input as it came."""
        return self._read_original()

    @property
    def usage(self) -> Usage:
        """Tokens and cost of all finished steps."""
        return self.record.usage

    def artifact(self, name: str, type_: type[T]) -> T:
        """The artifact as a ``type_`` (``Each[T]`` for a fanned-out one); `UsageError` when there is none."""
        self._check(name)
        return self._table.get(name, type_)  # type: ignore[no-any-return]

    def value(self, name: str) -> JSON:
        """The artifact as plain JSON; for a fanned-out one a dict by item id. `UsageError` when there is none."""
        self._check(name)
        return copy.deepcopy(self._table.value(name))

    def collection(self, name: str) -> str | None:
        """The artifact over which this one was fanned out, or None. `UsageError` when there is none of this name."""
        self._check(name)
        return self._table.collection(name)

    def _check(self, name: str) -> None:
        if name in self._table:
            return
        near = difflib.get_close_matches(name, self.names, n=1)
        raise UsageError(
            f"no step has made {name!r} in {self.record.run_id}",
            kind="no-artifact",
            run_id=self.record.run_id,
            hint=f"did you mean {near[0]}?" if near else f"there are: {', '.join(self.names) or 'none yet'}",
        )
