"""Runs killed while a model is asked, and between two questions: what was answered and kept is not asked again."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from attrs import define, field
from wirekit.desk import Desk, open_desk
from wirekit.project import Project
from wirekit.question import Question
from wirekit.vendors import VENDORS, Vendor

pytestmark = pytest.mark.timeout(300)  # several processes each, which all load a vendor's packages
#: So many items of a step are asked about at once, by default.
AT_ONCE = 4


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Vendor], tuple[Mapping[str, str], Counter[str]]]:
    """What a run makes that nobody disturbs, and what it asks; once for each vendor."""
    made: dict[str, tuple[Mapping[str, str], Counter[str]]] = {}

    def of(vendor: Vendor) -> tuple[Mapping[str, str], Counter[str]]:
        if vendor.name not in made:
            with open_desk(vendor) as desk:
                project = Project.of(tmp_path_factory.mktemp(vendor.name), desk)
                assert project.call("run", "meeting.txt", "--model", f"{vendor.name}/{vendor.model}").returncode == 0
            made[vendor.name] = project.results(), desk.received
        return made[vendor.name]

    return of


@define
class Holding:
    """Holds the answers to a task's questions from the ``nth`` on, in the order in which they come."""

    task: str
    nth: int = 1
    seen: int = 0

    def __call__(self, question: Question) -> bool:
        self.seen += question.task == self.task
        return question.task == self.task and self.seen >= self.nth


@define
class Watched:
    """A run and its desk, until it is killed."""

    desk: Desk
    project: Project
    process: subprocess.Popen[str]
    #: What was asked at the moment of the kill.
    before: Counter[str] = field(factory=Counter)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        assert self.process.returncode == -signal.SIGKILL
        self.before = Counter(self.desk.received)

    def wait_until_all_answers_are_kept(self) -> None:
        """Answers that were sent are on disk a moment later; what is killed before that was in flight."""
        end = time.monotonic() + 30
        while self.project.kept_replies() < self.desk.answered.total():
            assert self.process.poll() is None
            assert time.monotonic() < end, (self.project.kept_replies(), self.desk.answered)
            time.sleep(0.01)

    def resume(self, undisturbed: tuple[Mapping[str, str], Counter[str]]) -> Counter[str]:
        """Go on in a new process to the end; what was asked again."""
        results, asked = undisturbed
        self.desk.holding = lambda _: False
        self.desk.release.set()
        done = self.project.call("resume", "last")
        assert done.returncode == 0, done.stderr
        assert self.desk.faults == []
        assert set(self.desk.received) == set(asked), "something else was asked than in a run that nobody disturbs"
        assert self.project.results() == results
        return self.desk.received - asked


def begin(desk: Desk, folder: Path) -> Watched:
    project = Project.of(folder, desk)
    vendor = desk.vendor
    return Watched(desk, project, project.start("run", "meeting.txt", "--model", f"{vendor.name}/{vendor.model}"))


def held(count: int) -> Callable[[Desk], bool]:
    """Whether so many questions wait for their answers."""
    return lambda desk: desk.held.total() == count


@pytest.mark.parametrize(
    ("vendor", "task", "nth", "in_flight"),
    [
        pytest.param(VENDORS[vendor], task, nth, in_flight, id=f"{vendor}: {task} {nth}")
        for vendor, task, nth, in_flight in [
            ("openai", "detect-event", 1, 1),
            ("openai", "extract-candidates", 1, 1),
            ("openai", "score-confidence", 1, 4),
            ("openai", "score-confidence", 5, 1),
            ("openai", "generate-questions", 2, 4),
            ("anthropic", "assess-risks", 3, 3),
            ("ollama", "map-dependencies", 1, 1),
        ]
    ],
)
def test_a_kill_while_answers_are_awaited_costs_these_answers_and_no_others(
    vendor: Vendor,
    task: str,
    nth: int,
    in_flight: int,
    tmp_path: Path,
    undisturbed: Callable[[Vendor], tuple[Mapping[str, str], Counter[str]]],
) -> None:
    with open_desk(vendor, holding=Holding(task, nth)) as desk:
        run = begin(desk, tmp_path)
        desk.wait_for(held(in_flight))
        run.wait_until_all_answers_are_kept()
        run.kill()
        lost = Counter(desk.held)

        again = run.resume(undisturbed(vendor))

    assert again == lost
    assert max(desk.received.values()) <= 2


@pytest.mark.parametrize("answers", [1, 3, 6, 9])
def test_a_kill_at_the_moment_of_an_answer_costs_what_was_in_flight_at_most(
    answers: int, tmp_path: Path, undisturbed: Callable[[Vendor], tuple[Mapping[str, str], Counter[str]]]
) -> None:
    """The answer may just be on its way, read, or on disk: whichever, nothing that is on disk is asked again."""
    vendor = VENDORS["openai"]
    with open_desk(vendor) as desk:
        run = begin(desk, tmp_path)
        desk.wait_for(lambda desk: desk.answered.total() >= answers)
        run.kill()
        kept = run.project.kept_replies()

        again = run.resume(undisturbed(vendor))

    assert again.total() <= run.before.total() - kept
    assert again.total() <= AT_ONCE
    assert max(desk.received.values()) <= 2


def test_a_kill_between_two_steps_costs_nothing(
    tmp_path: Path, undisturbed: Callable[[Vendor], tuple[Mapping[str, str], Counter[str]]]
) -> None:
    vendor = VENDORS["openai"]
    with open_desk(vendor, holding=Holding("map-dependencies")) as desk:
        run = begin(desk, tmp_path)
        assert run.process.stderr is not None
        told = next(line for line in run.process.stderr if line.startswith("2 extract-candidates"))
        assert "s" in told
        run.kill()
        lost = Counter(desk.held)  # the next question may have been on its way already

        assert run.resume(undisturbed(vendor)) == lost


def test_a_run_that_is_killed_again_and_again_comes_to_its_end(
    tmp_path: Path, undisturbed: Callable[[Vendor], tuple[Mapping[str, str], Counter[str]]]
) -> None:
    vendor = VENDORS["ollama"]
    paid_twice: Counter[str] = Counter()
    with open_desk(vendor, holding=Holding("extract-candidates")) as desk:
        run = begin(desk, tmp_path)
        for task in ("score-confidence", "generate-questions", None):
            desk.wait_for(held(AT_ONCE if paid_twice else 1))
            run.wait_until_all_answers_are_kept()
            run.kill()
            paid_twice += desk.held
            desk.held.clear()
            if task is not None:
                desk.holding = Holding(task, 2)
                run.process = run.project.start("resume", "last")

        assert run.resume(undisturbed(vendor)) == paid_twice
