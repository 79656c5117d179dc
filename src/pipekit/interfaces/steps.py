"""Steps: functions whose parameters name what they need and whose return type says what they make.

How a parameter is filled, in this order:

=====================================================================  =============================================
parameter                                                              gets
=====================================================================  =============================================
annotated with a service (`LLM`, `StepContext`, `Artifacts`,           that service; its name is free
`Retrieval`, `Rendering`) or a class marked `@settings`
the first parameter of an ``each=`` step                               one item of that collection
named like an artifact fanned out over the same collection, type T     this item's T
the same, annotated ``Each[T]``                                        all of them
named like any other artifact                                          a copy of it
with a default, and no step of the workflow provides it                the default
anything else                                                          a fault of the plan
=====================================================================  =============================================
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, cast, dataclass_transform, overload

from attrs import field, frozen

from pipekit.state.artifacts import ItemError
from pipekit.state.source import Source

if TYPE_CHECKING:
    from logging import Logger

    from langchain_core.runnables import Runnable

__all__ = [
    "Artifacts",
    "Each",
    "ItemError",
    "Question",
    "SkipItemError",
    "Step",
    "StepContext",
    "is_settings",
    "settings",
    "step",
]

P = ParamSpec("P")
R = TypeVar("R")
A_co = TypeVar("A_co", covariant=True)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
C = TypeVar("C", bound=type)


class Each(Mapping[str, T_co]):
    """Results of a fanned-out step by item id, in input order; ``errors`` holds the items without one, and why."""

    __slots__ = ("_results", "errors")

    def __init__(self, results: Mapping[str, T_co], errors: Mapping[str, ItemError] | None = None) -> None:
        self._results = dict(results)
        self.errors: Mapping[str, ItemError] = dict(errors or {})

    def __getitem__(self, key: str) -> T_co:
        return self._results[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return f"<Each: {len(self)} results, {len(self.errors)} without>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Each):
            return self._results == other._results and self.errors == other.errors
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]


class SkipItemError(Exception):
    """A step that works item by item raises this where nothing is to be done for the item at hand; the text says why.

    The item is left out, as one is whose input is missing: it counts neither as a success nor as a failure.
    """


@frozen(kw_only=True)
class Question(Generic[T]):
    """A question that only a person can answer; ``returns`` is the type of the answer.

    ``context`` is what helps to answer it, on as many lines as it takes. ``choices`` are the words that it can be
    answered with, each with what it means; with ``or_text`` any other words are an answer, too. Both need an answer
    that is text. ``default`` is proposed, and taken when a person says so, never by itself.
    """

    text: str
    returns: type[T]
    context: str = ""
    default: T | None = None
    choices: Mapping[str, str] = field(factory=dict)
    or_text: bool = False

    def __attrs_post_init__(self) -> None:
        if self.choices and self.returns is not str:
            raise TypeError("a question with choices is answered in words: returns=str")


class Step(Generic[P, R, A_co]):
    """A function as a step: call it as before; ``A_co`` is its artifact (the value, or ``Each[value]``).

    Decorating registers nothing. ``fn`` is the function, ``after`` and ``before`` name steps that it must follow or
    precede, ``needs`` and ``returns`` are set where annotations can't say it (steps made from a Runnable).
    """

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        name: str = "",
        provides: str | Sequence[str] = (),
        workflow: str | None = None,
        after: str | Sequence[str] = (),
        before: str | Sequence[str] = (),
        each: str | None = None,
        item_key: Callable[[Any], str] | None = None,
        offline: Callable[..., Any] | None = None,
        version: str = "1",
        needs: Sequence[str] | None = None,
        returns: object = None,
    ) -> None:
        functools.update_wrapper(cast("Callable[P, R]", self), fn)
        own_name: str = getattr(fn, "__name__", "step")
        self.fn = fn
        self.name = name or own_name.strip("_").replace("_", "-")
        self.is_whole = not provides or isinstance(provides, str)
        named = (provides,) if provides and isinstance(provides, str) else tuple(provides)
        self.provides: tuple[str, ...] = named or (self.name.replace("-", "_"),)
        self.workflow = workflow
        self.after = (after,) if isinstance(after, str) else tuple(after)
        self.before = (before,) if isinstance(before, str) else tuple(before)
        self.each = each
        self.item_key = item_key
        self.offline = offline
        self.version = version
        self.needs = None if needs is None else tuple(needs)
        self.returns = returns
        #: Of the functions as they were loaded, whatever their files hold later.
        self.sources = tuple(Source(one) for one in (fn, offline) if one is not None)
        if each is not None and not self.is_whole:
            raise TypeError(f"step {self.name}: each= gives one artifact; provides= must be one name")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function as if it weren't a step."""
        return self.fn(*args, **kwargs)

    def __repr__(self) -> str:
        over = f" for each of {self.each}" if self.each else ""
        return f"<Step {self.name}: provides {', '.join(self.provides)}{over}>"


class _Plain(Protocol):
    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, T]], /) -> Step[P, Coroutine[Any, Any, T], T]: ...
    @overload
    def __call__(self, fn: Callable[P, T], /) -> Step[P, T, T]: ...


class _Fanned(Protocol):
    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, T]], /) -> Step[P, Coroutine[Any, Any, T], Each[T]]: ...
    @overload
    def __call__(self, fn: Callable[P, T], /) -> Step[P, T, Each[T]]: ...


class _StepDecorator:
    """The type of `step`: a decorator with and without arguments, and `from_runnable`."""

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, T]], /) -> Step[P, Coroutine[Any, Any, T], T]: ...
    @overload
    def __call__(self, fn: Callable[P, T], /) -> Step[P, T, T]: ...
    @overload
    def __call__(
        self,
        *,
        each: str,
        name: str = ...,
        provides: str = ...,
        workflow: str | None = ...,
        after: str | Sequence[str] = ...,
        before: str | Sequence[str] = ...,
        item_key: Callable[[Any], str] | None = ...,
        offline: Callable[..., Any] | None = ...,
        version: str = ...,
    ) -> _Fanned: ...
    @overload
    def __call__(
        self,
        *,
        each: None = ...,
        name: str = ...,
        provides: str | Sequence[str] = ...,
        workflow: str | None = ...,
        after: str | Sequence[str] = ...,
        before: str | Sequence[str] = ...,
        offline: Callable[..., Any] | None = ...,
        version: str = ...,
    ) -> _Plain: ...
    def __call__(self, *fn: Any, **options: Any) -> Any:
        """Make a step of a function, or a decorator with these options."""
        if fn and not callable(fn[0]):
            by_keyword = f"; a name is given by keyword: @step(name={fn[0]!r})" if isinstance(fn[0], str) else ""
            raise TypeError(f"a step is made of a function, not of {fn[0]!r}{by_keyword}")
        if fn:
            return Step(*fn, **options)
        return functools.partial(Step, **options)

    def from_runnable(
        self,
        runnable: Runnable[Any, R],
        *,
        name: str,
        needs: Sequence[str],
        returns: type[R],
        provides: str = "",
        workflow: str | None = None,
        after: str | Sequence[str] = (),
        before: str | Sequence[str] = (),
        version: str = "1",
    ) -> Step[..., Any, R]:
        """A LangChain Runnable as a step; it gets a dict of the artifacts it needs, by name.

        Model calls inside the Runnable are outside budget and journal; the plan says so.
        """

        async def invoke(**needed: object) -> Any:
            return await runnable.ainvoke(needed)

        invoke.__name__ = name.replace("-", "_")
        invoke.__doc__ = f"The Runnable {type(runnable).__name__} as a step."
        return Step(
            invoke,
            name=name,
            provides=provides,
            workflow=workflow,
            after=after,
            before=before,
            version=version,
            needs=tuple(needs),
            returns=returns,
        )


#: Makes a step of a function. ``name`` defaults to the function's with dashes, ``provides`` to it with underscores;
#: ``each`` names the collection to fan out over; ``offline`` is a plain function with the same result, used when the
#: model is ``offline``; ``workflow`` joins a workflow when installed; ``version`` is raised when the meaning changes.
step = _StepDecorator()


@dataclass_transform(kw_only_default=True, frozen_default=True)
def settings(cls: C) -> C:
    """Mark a class as an author's settings: ``attrs.frozen(kw_only=True)``, filled and checked from the configuration.

    A step's settings come from ``steps.<name>``, a provider's from ``llm.providers.<name>``, a store's from ``store``,
    an output format's from ``output.formats.<name>``, a retriever's from ``retrievers.<name>``, a loader's from
    ``loaders.<name>``.

    A step's settings that name files may have a method ``depends_on(folder: Path) -> Mapping[str, str]``, given the
    folder of the configuration: it says what else the step's results depend on, name → digest, and raises `ConfigError`
    for a file that is missing or wrong. The plan asks it before anything runs.
    """
    made = frozen(kw_only=True)(cls)
    made.__pipekit_settings__ = True  # type: ignore[attr-defined]
    return made


def is_settings(type_: object) -> bool:
    """Whether a class is marked with `settings`."""
    return isinstance(type_, type) and getattr(type_, "__pipekit_settings__", False) is True


class StepContext(Protocol):
    """What a step may ask of the run it is part of. ``folder`` is scratch space, gone after the step."""

    @property
    def run_id(self) -> str:
        """The run this is part of."""
        ...

    @property
    def step(self) -> str:
        """The step's name."""
        ...

    @property
    def item(self) -> str | None:
        """The id of the item at hand, None in a step that is not fanned out."""
        ...

    @property
    def attempt(self) -> int:
        """1 for the first try of this step in this run."""
        ...

    @property
    def idempotency_key(self) -> str:
        """Stays the same when the work is repeated; hand it to services that take one.

        ``run/step/item``, and ``run/step/item/key`` inside the work of `once`, so that two pieces of work never look
        like one; the item's part is there in a step that is fanned out.
        """
        ...

    @property
    def log(self) -> Logger:
        """A logger of the step's own."""
        ...

    @property
    def folder(self) -> Path:
        """Scratch space, gone after the step."""
        ...

    @property
    def project(self) -> Path:
        """The folder of the configuration file: what relative paths in settings start from."""
        ...

    async def once(self, key: str, work: Callable[[], Awaitable[T]], *, returns: type[T], inputs: object = None) -> T:
        """Run ``work`` once per run and keep its result; other ``inputs`` under a kept key are an error."""
        ...

    async def answer(self, key: str, question: Question[T]) -> T:
        """The kept human answer; without one the run pauses with the question."""
        ...

    def wait(self, work: Awaitable[T]) -> T:
        """Await ``work`` from a plain function's thread."""
        ...

    def progress(self, done: float, text: str = "") -> None:
        """Say how far the step is, as a share from 0 to 1."""
        ...


class Artifacts(Protocol):
    """Everything made so far, for steps that gather; such a step comes after all that don't name it in ``after``."""

    @property
    def names(self) -> Sequence[str]:
        """Names of all artifacts there are, in order of making."""
        ...

    def get(self, name: str, type_: type[T]) -> T:
        """The artifact ``name`` as a ``type_``; `KeyError` when nothing made it."""
        ...
