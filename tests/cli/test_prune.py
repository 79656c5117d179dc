"""``pipekit prune``, called as a command: what it says, what it leaves, and how it ends."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from pipekit.cli import exits
from pipekit.cli.group import pipekit_group
from pipekit.cli.moments import parse_age
from pipekit.cli.prune import prune
from pipekit.errors import UsageError
from pipekit.interfaces.state_stores import StoreURL
from pipekit.state.record import InputRef, RunRecord, Status
from pipekit.stores import atomic
from pipekit.stores.json_file import JsonFileStore

SOURCE = b"Ana: we should show the delivery week before payment.\n"
DAY = timedelta(days=1)


@frozen
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line in this process, ``prune`` among its commands, in an empty project."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("PIPEKIT_PLUGINS_OFF", "1")
    monkeypatch.setitem(pipekit_group.commands, "prune", prune)
    find = pipekit_group.get_command
    monkeypatch.setattr(
        pipekit_group, "get_command", lambda ctx, name: prune if name == "prune" else find(ctx, name), raising=True
    )

    def call(*arguments: str) -> Said:
        code = exits.run_command_line(["prune", *arguments])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., str]:
    store = JsonFileStore(StoreURL("file", ".pipeline", tmp_path))

    def make(days: int, status: Status = "completed") -> str:
        at = datetime.now(UTC) - days * DAY
        run_id = f"run-{at:%Y%m%d-%H%M%S}-{days:06x}"
        record = RunRecord(
            run_id=run_id,
            input_file=f"meeting-{days}.txt",
            started_at=at,
            updated_at=at,
            status=status,
            current_step=None,
            workflow="backlog",
            paused_reason="until" if status == "paused" else None,
            input=InputRef(
                name="meeting.txt",
                path="input/original.txt",
                sha256=hashlib.sha256(SOURCE).hexdigest(),
                size=len(SOURCE),
            ),
            planned=(),
            pipekit_version="0.1.0",
        )
        store.create(record, io.BytesIO(SOURCE))
        return run_id

    return make


@pytest.fixture
def _plain_system() -> Iterator[None]:
    yield
    atomic.system = atomic.System()


def runs_of(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / ".pipeline"), reverse=True)


def test_old_runs_go_and_the_answer_says_what_was_left_and_why(
    command: Command, make_run: Callable[..., str], tmp_path: Path
) -> None:
    new, failed, paused, old = make_run(1), make_run(2, "failed"), make_run(3, "paused"), make_run(40)

    done = command("--older-than", "30d")

    assert (done.code, done.err) == (0, "")
    assert runs_of(tmp_path) == [new, failed, paused]
    listed, _, rest = done.out.partition("1 run removed")
    assert old in listed
    assert "meeting-40.txt" in listed
    assert "3 runs left alone" in rest
    for reason in ("1 failed: not finished", "1 paused: not finished", "1 changed too recently"):
        assert reason in rest


def test_json_is_one_document_with_every_run(command: Command, make_run: Callable[..., str]) -> None:
    new, old, failed = make_run(1), make_run(2), make_run(3, "failed")

    done = command("--keep", "1", "--json")

    assert done.code == 0
    assert [run["runId"] for run in done.document["removed"]] == [old]
    assert [(one["run"]["runId"], one["reason"]) for one in done.document["left"]] == [
        (new, "among the newest 1"),
        (failed, "failed: not finished"),
    ]
    assert (done.document["dryRun"], done.document["swept"]) == (False, 0)


def test_a_dry_run_lists_the_same_runs_and_keeps_them(
    command: Command, make_run: Callable[..., str], tmp_path: Path
) -> None:
    made = [make_run(1), make_run(2), make_run(3)]

    for_people = command("--keep", "1", "--dry-run")
    shown = command("--keep", "1", "--dry-run", "--json").document

    assert "2 runs would be removed; nothing was changed" in for_people.out
    assert runs_of(tmp_path) == made
    done = command("--keep", "1", "--json").document
    assert (shown["dryRun"], done["dryRun"]) == (True, False)
    assert (shown["removed"], shown["left"]) == (done["removed"], done["left"])
    assert runs_of(tmp_path) == made[:1]


def test_without_a_rule_it_is_a_usage_error_with_the_next_command(
    command: Command, make_run: Callable[..., str], tmp_path: Path
) -> None:
    made = make_run(100)

    done = command()

    assert (done.code, done.out) == (2, "")
    assert "pipekit prune --keep 20" in done.err
    assert runs_of(tmp_path) == [made]


@pytest.mark.parametrize("arguments", [("--keep", "-1"), ("--keep", "x"), ("--older-than", "soon"), ("--older-than",)])
def test_a_rule_that_makes_no_sense_removes_nothing(
    arguments: tuple[str, ...], command: Command, make_run: Callable[..., str], tmp_path: Path
) -> None:
    made = make_run(100)

    assert command(*arguments).code == 2
    assert runs_of(tmp_path) == [made]


def test_without_runs_it_says_that_none_was_removed(command: Command, tmp_path: Path) -> None:
    done = command("--keep", "5")

    assert (done.code, done.out) == (0, "no runs removed\n")
    assert not (tmp_path / ".pipeline").exists()


def test_leftovers_of_killed_commands_are_swept_and_counted(command: Command, tmp_path: Path) -> None:
    (tmp_path / ".pipeline/.gone-0123456789abcdef").mkdir(parents=True)
    (tmp_path / ".pipeline/.new-run-half").mkdir()

    assert "2 leftovers of stopped commands removed" in command("--keep", "5").out
    assert os.listdir(tmp_path / ".pipeline") == []


@pytest.mark.usefixtures("_plain_system")
@pytest.mark.parametrize("as_json", [False, True])
def test_a_disk_that_refuses_ends_with_its_code_and_the_answer_is_there(
    as_json: bool, command: Command, make_run: Callable[..., str], tmp_path: Path
) -> None:
    first, kept, last = make_run(1), make_run(2), make_run(3)

    class Refusing(atomic.System):
        def rename(self, old: str, new: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
            if old == kept:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            super().rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    atomic.system = Refusing()
    done = command("--keep", "0", *["--json"] * as_json)

    assert done.code == 10
    assert runs_of(tmp_path) == [kept]
    if as_json:
        assert [run["runId"] for run in done.document["removed"]] == [first, last]
        assert done.document["error"]["code"] == 10
    else:
        assert "2 runs removed" in done.out
        assert kept in done.err
        assert "resume" not in done.err
        assert "pipekit prune" in done.err


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("30d", 30 * DAY),
        ("30", 30 * DAY),
        ("12h", DAY / 2),
        ("2w", 14 * DAY),
        ("90m", timedelta(minutes=90)),
        (" 3 D ", 3 * DAY),
        ("0", timedelta(0)),
    ],
)
def test_an_age_is_a_number_and_a_unit(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "d", "-3d", "1.5d", "3y", "3dd", "३d", "9" * 30, "9" * 5000, "1d 2h"])
def test_what_is_no_age_is_a_usage_error_that_shows_one(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_age(text)

    assert "30d" in raised.value.hint
