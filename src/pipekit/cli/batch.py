"""Several inputs in one call: one run after the other, and nothing that happens to one stops the rest."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pipekit.cli.exits import AnsweredError, StopRequestedError
from pipekit.cli.offers import given_options
from pipekit.cli.running import Stopper
from pipekit.cli.telling import as_told, say_traceback
from pipekit.cli.terminal import print_json, say, talk

if TYPE_CHECKING:
    from pipekit.errors import PipekitError

__all__ = ["run_batch"]

_STOPPED = frozenset({130, 143})

#: Runs one input to its end and gives its document; the error of a failed run is raised.
RunOne = Callable[[str, Stopper], dict[str, Any]]


def run_batch(inputs: Sequence[str], run_one: RunOne) -> None:
    """Run every input. Ends with an error where some failed, or where a signal came; what is done is told either way.

    Signals are taken in turn: one that comes between two runs stops the batch there, with the answers so far.
    """
    from pipekit.errors import RunStoppedError

    documents: list[dict[str, Any]] = []
    failed: list[tuple[str, PipekitError]] = []
    with Stopper(in_turn=True) as stopper:
        for position, name in enumerate(inputs):
            if not talk().json:
                say(f"{chr(10) if position else ''}input {position + 1} of {len(inputs)}: {name}", err=True)
            try:
                if stopper.code is not None:
                    raise StopRequestedError(stopper.code)
                documents.append({"input": name, **run_one(name, stopper)})
            except StopRequestedError as stop:
                error: PipekitError = RunStoppedError("stopped between two inputs", code=stop.code)
                raise _stopped(error, inputs[position:], documents, len(inputs)) from stop
            except BrokenPipeError:
                raise
            except BaseException as raised:
                # Whatever is wrong with one input is its own: a bug of ours, too, doesn't stop the rest.
                error = as_told(raised, talk().arguments)
                if talk().debug:
                    say_traceback(raised)
                if error.code in _STOPPED:
                    if not error.run_id:
                        raise _stopped(error, inputs[position:], documents, len(inputs)) from raised
                    documents.append({"input": name, "error": error.to_dict()})
                    error.message = f"stopped in {name}"
                    raise _stopped(error, inputs[position + 1 :], documents, len(inputs)) from raised
                failed.append((name, error))
                documents.append({"input": name, "error": error.to_dict()})
                if not talk().json:
                    say(f"error: {error}", err=True)
    if failed:
        raise AnsweredError(_batch_error(failed, len(inputs)), {"runs": documents})
    if talk().json:
        print_json({"runs": documents})


def _stopped(
    error: PipekitError, left: Sequence[str], documents: Sequence[dict[str, Any]], count: int
) -> AnsweredError:
    """The end of a batch that was stopped, with the inputs that it didn't reach and the way to them."""
    own = [error.hint] if error.run_id else []
    rest = [f"run those that are left: {_run_again(left)}"] if left else []
    if left:
        were = "was" if len(left) == 1 else "were"
        error.message = f"{error.message}; {len(left)} of {count} inputs {were} not reached: {', '.join(left)}"
    error.hint = "\n".join([*own, *rest])
    return AnsweredError(error, {"runs": list(documents), "notReached": list(left)})


def _batch_error(failed: Sequence[tuple[str, PipekitError]], count: int) -> PipekitError:
    from pipekit.errors import BatchError

    # A run that exists keeps what it has finished: to run its input again would pay for that a second time.
    lines = [_way_on(error) for _, error in failed if error.run_id]
    without = [name for name, error in failed if not error.run_id]
    if without:
        lines.append(_run_again(without))
    hint = "go on with each, when its cause is gone:\n" + "\n".join(lines)
    return BatchError(f"{len(failed)} of {count} inputs failed", failed=failed, hint=hint)


def _way_on(error: PipekitError) -> str:
    """The command that goes on with a run; the error may know more than its id, such as what must be answered."""
    resume = f"pipekit resume {error.run_id}"
    found = next((line[line.index(resume) :] for line in error.hint.splitlines() if resume in line), resume)
    return found if error.code == 13 else resume


def _run_again(names: Sequence[str]) -> str:
    """The command that runs these inputs, with the options of this one."""
    dashed = any(name.startswith("-") and name != "-" for name in names)
    return shlex.join(["pipekit", "run", *given_options(), *(["--"] if dashed else []), *names])
