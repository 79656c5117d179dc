"""The one family of errors.

    PipekitError
    ├── InternalError      1   a bug of ours; a crash report is saved
    ├── UsageError         2   the command line or a call is off
    ├── ConfigError        3   a setting is wrong; says file, line and column
    ├── InputError         4   the input can't be read
    ├── StepError          5   a step says that it failed
    ├── ProviderError      6   a model can't be asked: key, limit, server, budget
    ├── StateError         7   kept state is damaged or of another version
    ├── RunBusyError       8   another process owns the run
    ├── PluginError        9   a plugin is missing, broken or raised
    ├── StorageError      10   the disk refused
    ├── BatchError        11   some inputs of several failed
    ├── RunNotFoundError  12   no such run
    ├── RunPausedError    13   a person must answer first
    ├── RunStoppedError  130   stopped by a signal (143 for SIGTERM, 141 for a closed pipe)
    └── PlanError          –   every fault found before a run; its code follows from theirs

Every error has a message (lower case, one clause, the offending value last), a ``hint`` (what to do next),
``where`` (``file:line:column`` or the like) and facts as attributes, so that programs need not parse sentences.
This module is a leaf: it imports only the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

__all__ = [
    "BatchError",
    "ConfigError",
    "InputError",
    "InternalError",
    "PipekitError",
    "PlanError",
    "PluginError",
    "ProviderError",
    "RunBusyError",
    "RunNotFoundError",
    "RunPausedError",
    "RunStoppedError",
    "StateError",
    "StepError",
    "StorageError",
    "UsageError",
]


class PipekitError(Exception):
    """Root of the family; catch this to catch everything pipekit raises on purpose.

    ``code`` is the exit code, ``kind`` a stable word for programs, ``message`` says what is wrong, ``where``
    names the place, ``hint`` is the next thing to do, ``run_id`` and ``step`` are set where they are known.
    """

    code: int = 1
    default_kind: ClassVar[str] = "error"
    #: What to do next where the one who raises knows nothing better; ``{run}`` is the run's id.
    usual_hint: ClassVar[str] = "pipekit --help"
    #: The same where no run is known: there may be none.
    hint_without_run: ClassVar[str] = ""
    #: Names of the attributes beyond the common ones, in the order they are shown.
    facts: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        where: str = "",
        kind: str = "",
        run_id: str | None = None,
        step: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self._hint = hint
        self.where = where
        self.kind = kind or self.default_kind
        self.run_id = run_id
        self.step = step

    @property
    def hint(self) -> str:
        """What to do next; every error says something."""
        if self._hint:
            return self._hint
        if self.run_id is None and self.hint_without_run:
            return self.hint_without_run
        return self.usual_hint.format(run=self.run_id)

    @hint.setter
    def hint(self, hint: str) -> None:
        self._hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments don't survive the default pickling of exceptions; the attributes do.
        return _rebuild, (type(self), self.message, dict(self.__dict__))

    def to_dict(self) -> dict[str, object]:
        """The error as one JSON object, as ``--json`` prints it; absent facts are left out."""
        common: dict[str, object] = {
            "code": self.code,
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "where": self.where,
            "runId": self.run_id,
            "step": self.step,
        }
        common.update({name: getattr(self, name) for name in self.facts})
        return {key: value for key, value in common.items() if value not in (None, "", ())}


def _rebuild(cls: type[PipekitError], message: str, attributes: dict[str, object]) -> PipekitError:
    error = cls.__new__(cls, message)
    Exception.__init__(error, message)
    error.__dict__.update(attributes)
    return error


class InternalError(PipekitError):
    """A bug in pipekit; ``report`` is the saved, masked crash report."""

    code = 1
    default_kind = "internal"
    usual_hint = "please report it, with the crash report; what was finished is kept: pipekit resume {run}"
    hint_without_run = "please report it, with the crash report"
    facts = ("report",)

    def __init__(self, message: str, *, report: str | None = None, **common: Any) -> None:
        super().__init__(message, **common)
        self.report = report


class UsageError(PipekitError):
    """The command line or an API call is wrong."""

    code = 2
    default_kind = "usage"
    usual_hint = "pipekit --help shows the commands, pipekit COMMAND --help what one takes"


class ConfigError(PipekitError):
    """A setting is wrong: ``file``, ``line`` and ``column`` (from 1), ``field`` (``steps.step3.model``), ``source``.

    ``source`` is the layer: ``default``, ``user``, ``project``, ``profile``, ``environment``, ``run``, ``flag`` or
    ``mapping``.
    """

    code = 3
    default_kind = "config"
    usual_hint = "pipekit config show lists every value and where it came from"
    facts = ("file", "line", "column", "field", "source")

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        field: str | None = None,
        source: str | None = None,
        **common: Any,
    ) -> None:
        if not common.get("where"):
            common["where"] = ":".join(str(part) for part in (file, line, column) if part is not None)
        super().__init__(message, **common)
        self.file = file
        self.line = line
        self.column = column
        self.field = field
        self.source = source


class InputError(PipekitError):
    """An input can't be read: ``file``, and ``line`` or byte ``offset`` where known."""

    code = 4
    default_kind = "input"
    usual_hint = "see what is read of it without a run: pipekit plan INPUT"
    facts = ("file", "line", "offset")

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        offset: int | None = None,
        **common: Any,
    ) -> None:
        if not common.get("where"):
            place = ":".join(str(part) for part in (file, line) if part is not None)
            common["where"] = "\\n".join(place.splitlines())
        super().__init__(message, **common)
        self.file = file
        self.line = line
        self.offset = offset


class StepError(PipekitError):
    """A step failed; steps raise it themselves to say so. ``attempts`` counts the tries."""

    code = 5
    default_kind = "step"
    usual_hint = "what was finished before is kept; go on when the cause is gone: pipekit resume {run}"
    hint_without_run = "what was finished before is kept; see the runs there are: pipekit list"
    facts = ("attempts",)

    def __init__(self, message: str, *, attempts: int = 1, **common: Any) -> None:
        super().__init__(message, **common)
        self.attempts = attempts


class ProviderError(PipekitError):
    """A model can't be asked. ``kind``: timeout, rate, auth, server, refused, too-long or budget."""

    code = 6
    default_kind = "server"
    usual_hint = "what was finished is kept; go on when the model can be asked: pipekit resume {run}"
    hint_without_run = "try again when the model can be asked; pipekit doctor asks every model"
    facts = ("provider", "variable")

    def __init__(
        self, message: str, *, provider: str | None = None, variable: str | None = None, **common: Any
    ) -> None:
        super().__init__(message, **common)
        self.provider = provider
        self.variable = variable


class StateError(PipekitError):
    """Kept state is damaged or of another version: ``file``, ``expected`` and ``found``."""

    code = 7
    default_kind = "damaged"
    usual_hint = "nothing was changed; see what can be saved: pipekit repair {run}"
    hint_without_run = "nothing was changed; see the runs there are: pipekit list"
    facts = ("file", "expected", "found")

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        **common: Any,
    ) -> None:
        common.setdefault("where", file or "")
        super().__init__(message, **common)
        self.file = file
        self.expected = expected
        self.found = found


class RunBusyError(PipekitError):
    """Another process owns the run: ``pid``, ``host`` and ``since`` (ISO 8601)."""

    code = 8
    default_kind = "busy"
    usual_hint = "wait until the other process is done; see what it does: pipekit show {run}"
    hint_without_run = "wait until the other process is done"
    facts = ("pid", "host", "since")

    def __init__(
        self,
        message: str,
        *,
        pid: int | None = None,
        host: str | None = None,
        since: str | None = None,
        **common: Any,
    ) -> None:
        super().__init__(message, **common)
        self.pid = pid
        self.host = host
        self.since = since


class PluginError(PipekitError):
    """A plugin is missing, broken, or raised: ``plugin``, ``dist``, ``version`` and ``hook`` where known."""

    code = 9
    default_kind = "plugin"
    usual_hint = "pipekit plugins shows every plugin and what is wrong with it"
    facts = ("plugin", "dist", "version", "hook")

    def __init__(
        self,
        message: str,
        *,
        plugin: str | None = None,
        dist: str | None = None,
        version: str | None = None,
        hook: str | None = None,
        **common: Any,
    ) -> None:
        super().__init__(message, **common)
        self.plugin = plugin
        self.dist = dist
        self.version = version
        self.hook = hook


class StorageError(PipekitError):
    """The disk refused: ``path`` and ``errno``."""

    code = 10
    default_kind = "storage"
    usual_hint = "nothing finished is lost; go on when there is space and access: pipekit resume {run}"
    hint_without_run = "free some space, or get access to it, and try again"
    facts = ("path", "errno")

    def __init__(self, message: str, *, path: str | None = None, errno: int | None = None, **common: Any) -> None:
        common.setdefault("where", path or "")
        super().__init__(message, **common)
        self.path = path
        self.errno = errno


class BatchError(PipekitError):
    """Some inputs of several failed; ``failed`` lists (input, error)."""

    code = 11
    default_kind = "batch"
    usual_hint = "see why, and go on with each: pipekit list --status failed"

    def __init__(self, message: str, *, failed: Sequence[tuple[str, PipekitError]] = (), **common: Any) -> None:
        super().__init__(message, **common)
        self.failed = tuple(failed)

    def to_dict(self) -> dict[str, object]:
        """The error as one JSON object, with one entry for each input that failed."""
        failed = [{"input": name, "error": error.to_dict()} for name, error in self.failed]
        return {**super().to_dict(), "failed": failed}


class RunNotFoundError(PipekitError):
    """No run has this id or prefix."""

    code = 12
    default_kind = "not-found"
    usual_hint = "pipekit list shows the runs there are"


class RunPausedError(PipekitError):
    """The run waits for a person's answer."""

    code = 13
    default_kind = "paused"
    usual_hint = "see what is asked: pipekit show {run}; answer, and go on: pipekit review {run}"
    hint_without_run = "see which runs wait for an answer: pipekit list --status paused"


class RunStoppedError(PipekitError):
    """The run was stopped by a signal; it is paused and resumable."""

    code = 130
    default_kind = "stopped"
    usual_hint = "go on where it stopped: pipekit resume {run}"
    hint_without_run = "nothing was begun; give the command again"

    def __init__(self, message: str, *, code: int = 130, **common: Any) -> None:
        super().__init__(message, **common)
        self.code = code


class PlanError(PipekitError):
    """Everything that was found wrong before a run; ``faults`` holds one error each.

    They stand in the order of their places (file, line, column), and those without one after them as they were found.
    The exit code is the faults' own where they agree, else the smallest of their codes.
    """

    default_kind = "plan"
    usual_hint = "mend them, and check again without a run: pipekit plan"

    def __init__(self, faults: Sequence[PipekitError], **common: Any) -> None:
        self.faults = tuple(sorted(faults, key=_place))
        count = len(self.faults)
        message = str(self.faults[0]) if count == 1 else f"{count} faults found before the run"
        if count == 1:
            common.setdefault("hint", self.faults[0].hint)
            common.setdefault("kind", self.faults[0].kind)
        super().__init__(message, **common)
        self.code = min((fault.code for fault in self.faults), default=1)

    def to_dict(self) -> dict[str, object]:
        """The error as one JSON object, with all faults."""
        return {**super().to_dict(), "faults": [fault.to_dict() for fault in self.faults]}


_PLACE = re.compile(r"(.+?):(\d+)(?::(\d+))?\Z", re.DOTALL)


def _place(fault: PipekitError) -> tuple[bool, str, int, int]:
    found = _PLACE.match(fault.where)
    return (True, "", 0, 0) if found is None else (False, found[1], int(found[2]), int(found[3] or 0))
