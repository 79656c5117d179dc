"""Budgets in real runs: the command, a vendor's real client, and a server that may lie about what an answer took."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from wirekit.desk import Desk, open_desk
from wirekit.project import Project
from wirekit.vendors import KEY, VENDORS

from pipekit import Pipeline
from pipekit.llm.budget import Amount, spent_by
from pipekit.state.ledger import Charge

pytestmark = pytest.mark.timeout(300)  # several processes each, which all load a vendor's packages
VENDOR = VENDORS["openai"]
MODEL = f"openai/{VENDOR.model}"


def project_of(folder: Path, desk: Desk) -> Project:
    prices = {MODEL: {"inputPrice": 1.0, "outputPrice": 4.0}}
    (folder / "pipekit.yaml").write_text(json.dumps({"llm": {"model": MODEL, "models": prices, "maxTokens": 2000}}))
    return Project.of(folder, desk, OPENAI_API_KEY=KEY)


def ledger(project: Project) -> Sequence[Charge]:
    store: Any = Pipeline({}, folder=project.folder, environ={}).open_store("file:.pipeline")
    found: Sequence[Charge] = store.load(project.run.name).ledger
    return found


def spent(project: Project) -> Amount:
    return spent_by(ledger(project))


def test_a_run_goes_from_budget_to_budget_to_its_end_and_asks_nothing_twice(tmp_path: Path) -> None:
    with open_desk(VENDOR) as desk:
        project = project_of(tmp_path, desk)
        done = project.call("run", "meeting.txt", "--budget", "calls=5", "--json")
        budgets = [5]
        while done.returncode == 6:
            document = json.loads(done.stdout)
            assert document["pause"]["reason"] == "budget"
            assert spent(project).calls <= budgets[-1]
            budgets.append(int(document["pause"]["budget"].removeprefix("calls=")))
            done = project.call("resume", "last", "--budget", document["pause"]["budget"], "--json")
        assert done.returncode == 0, done.stdout
        assert len(budgets) > 2
        assert set(desk.received.values()) == {1}
        assert desk.faults == []
        told = [(charge.input_tokens, charge.output_tokens) for charge in ledger(project)]
        assert sorted(told, key=str) == sorted(desk.tokens, key=str)
        total = json.loads(project.call("cost", "last", "--json").stdout)["total"]
        assert total["cost"] == pytest.approx(sum(into * 1e-6 + out * 4e-6 for into, out in desk.tokens))


@pytest.mark.parametrize("told", [(0, 0), (10**8, 10**8), (1, 0)], ids=["nothing", "far too much", "next to nothing"])
def test_whatever_a_server_says_an_answer_took_the_budget_holds(told: tuple[int, int], tmp_path: Path) -> None:
    with open_desk(VENDOR, telling=lambda _: told) as desk:
        project = project_of(tmp_path, desk)
        done = project.call("run", "meeting.txt", "--budget", "usd=0.06")
        assert done.returncode == 6, done.stdout + done.stderr
        assert 0 < spent(project).cost <= 0.06
        assert len(ledger(project)) == sum(desk.received.values())


def test_a_call_that_a_killed_command_had_under_way_counts_in_full(tmp_path: Path) -> None:
    with open_desk(VENDOR, holding=lambda question: str(question).startswith("extract")) as desk:
        project = project_of(tmp_path, desk)
        process = project.start("run", "meeting.txt", "--budget", "usd=0.10")
        try:
            desk.wait_for(lambda desk: sum(desk.held.values()) == 1)
        finally:
            process.kill()
            process.communicate(timeout=60)
        before = spent(project)
        *_, last = ledger(project)
        assert (last.ending, last.task) == ("under-way", "extract-candidates")
        assert last.held_cost is not None
        assert last.held_cost > 2000 * 4e-6
        desk.holding = lambda _: False
        done = project.call("resume", "last", "--budget", "usd=0.50")
        assert done.returncode == 0, done.stderr
        assert spent(project).nanos > before.nanos
        assert desk.received.most_common(1)[0][1] == 2, "what was asked when it was killed is asked once more"
        assert json.loads(project.call("cost", "last", "--json").stdout)["total"]["uncertain"] == 1
