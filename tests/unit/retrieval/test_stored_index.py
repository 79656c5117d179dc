from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from filelock import FileLock

from pipekit.errors import StorageError, UsageError
from pipekit.retrieval import stored_index
from pipekit.retrieval.index import TextIndex
from pipekit.retrieval.stored_index import Changes, Indexed, check_index, indexed_roots, update_index

FILES = {"notes/one.md": b"# Queues\n\nPersistent only.", "notes/two.md": b"# Printers", "docs/three.md": b"# Walrus"}
ROOTS = ("notes", "docs")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


def _update(
    place: Path,
    files: Mapping[str, bytes],
    roots: Iterable[str] = ROOTS,
    *,
    anew: bool = False,
    dry_run: bool = False,
) -> Changes:
    found = [Indexed(key, content) for key, content in files.items()]
    return update_index(place, lambda _: found, list(roots), anew=anew, dry_run=dry_run)


def _found(place: Path, query: str) -> list[str]:
    index = TextIndex(sqlite3.connect(place))
    try:
        return [hit.source for hit in index.search(query, limit=9)]
    finally:
        index.close()


def test_what_is_found_is_added_and_can_be_searched(place: Path) -> None:
    changes = _update(place, FILES)
    assert (changes.added, changes.changed, changes.removed, changes.unchanged) == (list(FILES), [], [], 0)
    assert _found(place, "printers") == ["notes/two.md"]


def test_only_what_changed_is_read_again(place: Path) -> None:
    _update(place, FILES)
    changes = _update(place, {**FILES, "notes/two.md": b"# Scanners"})
    assert (changes.added, changes.changed, changes.removed, changes.unchanged) == ([], ["notes/two.md"], [], 2)
    assert (_found(place, "printers"), _found(place, "scanners")) == ([], ["notes/two.md"])


def test_nothing_new_leaves_the_file_as_it_is(place: Path) -> None:
    _update(place, FILES)
    before = (place.stat().st_ino, place.read_bytes())
    assert not _update(place, FILES).any
    assert (place.stat().st_ino, place.read_bytes()) == before


def test_what_is_gone_is_taken_out(place: Path) -> None:
    _update(place, FILES)
    assert _update(place, {"docs/three.md": FILES["docs/three.md"]}).removed == ["notes/one.md", "notes/two.md"]
    assert _found(place, "queues printers") == []
    assert _found(place, "walrus") == ["docs/three.md"]


@pytest.mark.parametrize("root", ["notes", "docs", "note", "notes/one", "run:"])
def test_a_part_never_takes_out_the_rest(place: Path, root: str) -> None:
    _update(place, FILES)
    removed = _update(place, {}, [root]).removed
    assert removed == sorted(key for key in FILES if key.startswith(f"{root}/"))


def test_the_root_of_the_project_holds_neither_runs_nor_what_lies_beside_it(place: Path) -> None:
    _update(place, {"a.md": b"# A", "../b.md": b"# B", "run:x/c.md": b"# C"}, [".", "../b.md", "run:"])
    assert _update(place, {}, ["."]).removed == ["a.md"]


def test_an_index_knows_what_it_was_made_of(place: Path) -> None:
    _update(place, FILES, ["notes"])
    _update(place, {}, ["docs"])
    assert indexed_roots(place) == ["docs", "notes"]


def test_a_file_that_became_binary_is_taken_out_and_named(place: Path) -> None:
    _update(place, FILES)
    changes = _update(place, {**FILES, "notes/two.md": b"\0\1"})
    assert changes.removed == ["notes/two.md"]
    assert changes.left_out == [("notes/two.md", "not text (it has NUL bytes) and was left out")]


def test_a_dry_run_says_the_same_and_touches_nothing(place: Path) -> None:
    _update(place, FILES)
    before = {path.name: path.read_bytes() for path in place.parent.iterdir()}
    other = {"notes/one.md": b"# Other", "notes/new.md": b"# New"}
    dry = _update(place, other, dry_run=True)
    assert {path.name: path.read_bytes() for path in place.parent.iterdir()} == before
    real = _update(place, other)
    assert (dry.added, dry.changed, dry.removed) == (real.added, real.changed, real.removed)
    assert real.any


def test_a_dry_run_without_an_index_makes_none(tmp_path: Path) -> None:
    assert _update(tmp_path / "sub" / "index.db", FILES, dry_run=True).added == list(FILES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", list(stored_index.INDEX_SETTINGS))
def test_an_index_of_other_settings_is_refused_with_what_to_do(
    place: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _update(place, FILES)
    monkeypatch.setattr(stored_index, "INDEX_SETTINGS", {**stored_index.INDEX_SETTINGS, name: "other"})
    for attempt in (
        lambda: check_index(place),
        lambda: _update(place, FILES),
        lambda: _update(place, {}, dry_run=True),
    ):
        with pytest.raises(UsageError, match=name) as caught:
            attempt()
        assert "--anew" in (caught.value.hint or "")
    assert _update(place, FILES, anew=True).added == list(FILES)
    check_index(place)


def test_a_damaged_index_is_refused_and_can_be_made_anew(place: Path) -> None:
    _update(place, FILES)
    content = place.read_bytes()
    place.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(UsageError, match="damaged") as caught:
        _update(place, FILES)
    assert "--anew" in (caught.value.hint or "")
    _update(place, FILES, anew=True)
    assert _found(place, "printers") == ["notes/two.md"]


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("name", ["theirs.db", "database.db", "link.db", "authorized_keys", "folder.db"])
def test_nothing_that_is_no_index_is_written_over(tmp_path: Path, name: str, anew: bool) -> None:
    (tmp_path / "theirs.db").write_bytes(b"mine")
    (tmp_path / "folder.db").mkdir()
    connection = sqlite3.connect(tmp_path / "database.db")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    _update(tmp_path / "real.db", FILES)
    (tmp_path / "link.db").symlink_to("real.db")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(UsageError, match="no place for an index"):
        _update(tmp_path / name, FILES, anew=anew)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_stopped_in_the_middle_the_old_index_stays_whole(place: Path) -> None:
    _update(place, FILES)
    before = place.read_bytes()

    def stopping(_: Changes) -> Iterable[Indexed]:
        yield Indexed("notes/new.md", b"# New")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update_index(place, stopping, ROOTS)
    assert place.read_bytes() == before
    assert sorted(path.name for path in place.parent.iterdir()) == ["index.db", "index.db.lock"]


KILLED = """
import os, signal, sys
from pathlib import Path
from pipekit.retrieval.stored_index import Indexed, update_index
def found(_):
    for number in range(50):
        yield Indexed(f"notes/{number}.md", b"# Killed")
    os.kill(os.getpid(), signal.SIGKILL)
update_index(Path(sys.argv[1]), found, ["notes"])
"""


def test_killed_in_the_middle_the_old_index_stays_whole_and_the_next_one_clears_up(place: Path) -> None:
    _update(place, FILES)
    before = place.read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, str(place)], check=False, timeout=50)
    assert done.returncode == -signal.SIGKILL
    assert place.read_bytes() == before
    assert len(list(place.parent.glob("*.tmp*"))) == 1
    _update(place, {**FILES, "docs/four.md": b"# Four"})
    assert list(place.parent.glob("*.tmp*")) == []
    assert _found(place, "killed") == []


def test_whoever_comes_second_waits_and_loses_nothing_of_the_first(place: Path) -> None:
    told: list[str] = []
    waits = threading.Event()

    def tell(text: str) -> None:
        told.append(text)
        waits.set()

    lock = FileLock(f"{place}.lock")
    with lock:
        second = threading.Thread(
            target=update_index,
            args=(place, lambda _: [Indexed("docs/three.md", b"# Walrus")], ["docs"]),
            kwargs={"tell": tell},
        )
        second.start()
        assert waits.wait(30)
    second.join(30)
    _update(place, {"notes/two.md": FILES["notes/two.md"]}, ["notes"])
    assert "waiting" in told[0]
    assert _found(place, "walrus printers") == ["docs/three.md", "notes/two.md"]


def test_processes_at_the_same_time_all_have_their_say(place: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipekit.retrieval.stored_index import Indexed, update_index;"
        "update_index(Path(sys.argv[1]), lambda _: [Indexed(f'd{sys.argv[2]}/a.md', b'# Walrus')], ['d' + sys.argv[2]])"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(place), str(number)]) for number in range(4)]
    assert [process.wait(50) for process in processes] == [0] * 4
    assert sorted(_found(place, "walrus")) == [f"d{number}/a.md" for number in range(4)]


def test_an_index_made_in_steps_answers_like_one_made_at_once(place: Path, tmp_path: Path) -> None:
    files = {f"n/{number}.md": f"# Title {number}\n\nWords{number} and otters".encode() for number in range(30)}
    _update(place, files, ["n"])
    stepwise = tmp_path / "steps.db"
    _update(stepwise, {"n/0.md": b"# Something else entirely"}, ["n"])
    for upto in (10, 20, 30):
        _update(stepwise, dict(list(files.items())[:upto]), ["n"])
    for query in ("otters", "title 7", "words12", "otter"):
        assert sorted(_found(stepwise, query)) == sorted(_found(place, query))


def test_a_folder_that_can_t_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="can't be written"):
        _update(tmp_path / "file" / "index.db", FILES)
