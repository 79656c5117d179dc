"""Several inputs in one call, one run after the other or side by side: what happens to one stops no other."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from attrs import define, field

from pipekit.cli.console import QuietProgress, TroubleProgress
from pipekit.cli.exits import AnsweredError, StopRequestedError
from pipekit.cli.offers import given_options
from pipekit.cli.outcome import run_duration
from pipekit.cli.running import Stopper
from pipekit.cli.telling import as_told, say_traceback
from pipekit.cli.terminal import print_json, say, talk
from pipekit.errors import PipekitError, RunStoppedError
from pipekit.printing import output_to_stderr
from pipekit.quantities import duration_text

if TYPE_CHECKING:
    from pipekit.cli.console import Progress
    from pipekit.results import RunResult

__all__ = ["run_batch", "run_side_by_side"]

_STOPPED = frozenset({130, 143})

#: Runs one input to its end and gives its document; the error of a failed run is raised.
RunOne = Callable[[str, Stopper], dict[str, Any]]


@define
class Answers:
    """What came of the inputs so far, by their place: a document each, and the errors of those that have one."""

    inputs: Sequence[str]
    documents: dict[int, dict[str, Any]] = field(factory=dict)
    failed: dict[int, PipekitError] = field(factory=dict)
    paused: dict[int, PipekitError] = field(factory=dict)
    #: The end of the whole batch, where a signal came while this input had no run.
    stop: PipekitError | None = None

    def keep(self, place: int, document: Mapping[str, Any]) -> None:
        """The document of a run that came to its end."""
        self.documents[place] = {"input": self.inputs[place], **document}

    def keep_error(self, place: int, raised: BaseException) -> None:
        """What stopped an input, or is wrong with it: that is its own, a bug of ours, too."""
        if isinstance(raised, StopRequestedError):
            self.stop = RunStoppedError("stopped between two inputs", code=raised.code)
            return
        error = as_told(raised, talk().arguments)
        if talk().debug:
            say_traceback(raised)
        if error.code in _STOPPED and not error.run_id:
            self.stop = error
            return
        self.documents[place] = {"input": self.inputs[place], "error": error.to_dict()}
        if error.code in _STOPPED:
            self.paused[place] = error
            return
        self.failed[place] = error
        if not talk().json:
            say(f"error: {error}", err=True)

    @property
    def is_stopped(self) -> bool:
        """Whether a signal came: nothing more is begun."""
        return self.stop is not None or bool(self.paused)

    def end(self) -> None:
        """Answer with all of it: as an error where some failed, or where a signal came."""
        documents = [self.documents[place] for place in sorted(self.documents)]
        count = len(self.inputs)
        if self.is_stopped:
            left = [name for place, name in enumerate(self.inputs) if place not in self.documents]
            raise AnsweredError(self._stopped(left), {"runs": documents, "notReached": left})
        if self.failed:
            failed = [(self.inputs[place], error) for place, error in sorted(self.failed.items())]
            raise AnsweredError(_batch_error(failed, count), {"runs": documents})
        if talk().json:
            print_json({"runs": documents})

    def _stopped(self, left: Sequence[str]) -> PipekitError:
        """The end of a batch that was stopped, with the way to what is paused and to what it didn't reach."""
        paused = [error for _, error in sorted(self.paused.items())]
        stop = paused[0] if paused else self.stop
        assert stop is not None, "nothing stopped it"
        if paused:
            stop.message = f"stopped in {', '.join(self.inputs[place] for place in sorted(self.paused))}"
        lines = [error.hint for error in paused]
        if left:
            were = "was" if len(left) == 1 else "were"
            stop.message += f"; {len(left)} of {len(self.inputs)} inputs {were} not reached: {', '.join(left)}"
            lines.append(f"run those that are left: {_run_again(left)}")
        stop.hint = "\n".join(lines)
        return stop


def run_batch(inputs: Sequence[str], run_one: RunOne) -> None:
    """Run every input. Ends with an error where some failed, or where a signal came; what is done is told either way.

    Signals are taken in turn: one that comes between two runs stops the batch there, with the answers so far.
    """
    answers = Answers(inputs)
    with Stopper(in_turn=True) as stopper:
        for place, name in enumerate(inputs):
            if not talk().json:
                say(f"{chr(10) if place else ''}input {place + 1} of {len(inputs)}: {name}", err=True)
            try:
                if stopper.code is not None:
                    raise StopRequestedError(stopper.code)
                answers.keep(place, run_one(name, stopper))
            except BrokenPipeError:
                raise
            except BaseException as raised:  # noqa: BLE001 - whatever is wrong with one input is its own
                answers.keep_error(place, raised)
            if answers.is_stopped:
                break
        answers.end()


def run_side_by_side(
    inputs: Sequence[str],
    jobs: int,
    *,
    run: Callable[[str, Stopper, Progress], RunResult],
    answer: Callable[[RunResult, Stopper], dict[str, Any]],
) -> None:
    """The same with up to ``jobs`` runs at once, in this process: they share its limits for each provider.

    ``run`` is called in threads, with the display that it is to use; ``answer`` is called in this one. Progress says
    what begins and what ends, as it does; the answers come at the end, in the order of the inputs.
    """
    answers = Answers(inputs)
    results: dict[int, RunResult] = {}
    is_quiet = talk().json
    with Stopper(in_turn=True) as stopper, output_to_stderr(), ThreadPoolExecutor(jobs, "pipekit batch") as pool:

        def work(place: int) -> RunResult:
            if stopper.code is not None:
                raise StopRequestedError(stopper.code)
            where = f"input {place + 1} of {len(inputs)}: {inputs[place]}"
            if not is_quiet:
                say(where, err=True)
            result = run(inputs[place], stopper, QuietProgress() if is_quiet else TroubleProgress(inputs[place]))
            if not is_quiet:
                say(f"{where}: {result.status}, {duration_text(run_duration(result.record))}", err=True)
            return result

        places = {pool.submit(work, place): place for place in range(len(inputs))}
        for future in as_completed(places):
            try:
                results[places[future]] = future.result()
            except BaseException as raised:  # noqa: BLE001 - as above
                answers.keep_error(places[future], raised)
    for place in sorted(results):
        try:
            answers.keep(place, answer(results[place], stopper))
        except BrokenPipeError:
            raise
        except BaseException as raised:  # noqa: BLE001 - as above
            answers.keep_error(place, raised)
    answers.end()


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
