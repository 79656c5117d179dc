"""Output files: rendered by the formats, checked, and copied to where the user wants them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipekit.engine.table import ArtifactTable, TableView
from pipekit.errors import ConfigError, PipekitError, PluginError, StateError, StorageError, UsageError
from pipekit.interfaces.output_formats import FormatName, OutputFile, OutputFormat, RunView
from pipekit.interfaces.state_stores import Owner, StateStore
from pipekit.outputs import copy_outputs, render
from pipekit.plugins.quarantine import PluginInfo
from pipekit.state.record import BlobRef, RunRecord
from pipekit.stores.memory import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_record(outputs: Mapping[str, bytes] | None = None) -> RunRecord:
    return RunRecord(
        run_id="run-1",
        input_file="note.txt",
        started_at=NOW,
        updated_at=NOW,
        status="completed",
        current_step=None,
        outputs=tuple(
            BlobRef(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
            for path, data in (outputs or {}).items()
        ),
    )


def test_names_that_cannot_lie_beside_each_other_are_refused() -> None:
    for one, other in (("a", "a"), ("a", "A"), ("a", "a/b"), ("a/b", "A")):
        with pytest.raises(PluginError, match="can't lie beside each other"):
            rendered(lambda _, o=one, p=other: [OutputFile(path=o, content=b""), OutputFile(path=p, content=b"")])  # type: ignore[misc]


@pytest.mark.parametrize(("path", "content"), [("a", "text"), (Path("a"), b""), (None, b"")])
def test_what_is_no_path_or_no_bytes_is_refused_with_the_formats_name(path: Any, content: Any) -> None:
    with pytest.raises(PluginError, match="output format odd gave a file whose path is no text") as caught:
        rendered(lambda _: [OutputFile(path=path, content=content)])
    assert caught.value.hint


def a_view() -> RunView:
    table = ArtifactTable()
    table.put_input("text", "hello")
    return TableView(a_record(), table, lambda: b"hello")


class FakeFormat:
    needs: Sequence[str] = ()

    def __init__(self, give: Callable[[RunView], Iterable[Any]]) -> None:
        self.give = give

    def render(self, run: RunView) -> Iterable[OutputFile]:
        return self.give(run)


def rendered(give: Callable[[RunView], Iterable[Any]], *names: str) -> list[tuple[str, OutputFile]]:
    made: OutputFormat = FakeFormat(give)
    return render([FormatName(name) for name in names or ("odd",)], lambda _: made, a_view())


def a_store(outputs: Mapping[str, bytes]) -> tuple[StateStore, RunRecord]:
    """A store with a run that has these output files."""
    store, record = MemoryStore(), a_record(outputs)
    store.create(a_record(), io.BytesIO())
    store.commit(store.acquire("run-1", Owner.this_process()), record, outputs)
    return store, record


# --- rendering -----------------------------------------------------------------------------------------------------


def test_files_come_in_the_order_of_the_formats_each_with_its_formats_name() -> None:
    formats: dict[str, OutputFormat] = {
        "page": FakeFormat(lambda run: iter([OutputFile(path="a/page.md", content=run.value("text").encode())])),
        "none": FakeFormat(lambda run: ()),
        "data": FakeFormat(
            lambda run: [OutputFile(path="x.json", content=run.original), OutputFile(path="y.json", content=b"{}")]
        ),
    }
    made = render([FormatName(name) for name in ("data", "none", "page")], formats.__getitem__, a_view())
    assert made == [
        ("data", OutputFile(path="x.json", content=b"hello")),
        ("data", OutputFile(path="y.json", content=b"{}")),
        ("page", OutputFile(path="a/page.md", content=b"hello")),
    ]


def test_a_format_that_raises_is_named_with_the_way_to_do_without_it() -> None:
    def at_once(run: RunView) -> Iterable[OutputFile]:
        raise KeyError("summary")

    def on_the_way(run: RunView) -> Iterable[OutputFile]:
        yield OutputFile(path="a.txt", content=b"")
        raise KeyError("summary")

    for give in (at_once, on_the_way):
        with pytest.raises(PluginError) as caught:
            rendered(give)
        error = caught.value
        assert error.message == "the output format odd raised KeyError: 'summary'"
        assert (error.code, error.kind, error.hook) == (9, "format-raised", "pipekit_output_formats")
        assert error.hint == "run without it: take odd out of the formats"
        assert isinstance(error.__cause__, KeyError)


@pytest.mark.parametrize(
    "ask",
    [lambda run: run.artifact("txt", str), lambda run: run.value("txt"), lambda run: run.collection("txt")],
    ids=["artifact", "value", "collection"],
)
def test_an_artifact_that_a_run_has_not_is_told_with_what_there_is(ask: Callable[[RunView], Any]) -> None:
    with pytest.raises(UsageError, match="no step has made 'txt'") as caught:
        ask(a_view())
    assert (caught.value.kind, caught.value.run_id, caught.value.hint) == ("no-artifact", "run-1", "did you mean text?")
    with pytest.raises(UsageError) as caught:
        a_view().value("summary")
    assert caught.value.hint == "there are: text"

    # Asked for by a format, it is the format's mistake: it reads what it doesn't say it needs.
    with pytest.raises(PluginError, match="the output format odd raised LookupError: no step has made 'txt'") as blamed:
        rendered(lambda run: [OutputFile(path="a", content=str(ask(run)).encode())])
    assert blamed.value.kind == "format-raised"


def test_a_format_that_ends_the_program_is_named_with_its_plugin() -> None:
    def leaves(run: RunView) -> Iterable[OutputFile]:
        raise SystemExit(0)

    made: OutputFormat = FakeFormat(leaves)
    plugin = PluginInfo(name="odd", package="odd-pages", version="1.2")
    with pytest.raises(PluginError) as caught:
        render([FormatName("page")], lambda _: made, a_view(), lambda hook, name: plugin)
    assert caught.value.message == "the output format page of odd-pages 1.2 raised SystemExit: 0"
    assert (caught.value.plugin, caught.value.dist, caught.value.version) == ("odd", "odd-pages", "1.2")


@pytest.mark.parametrize("error", [StateError("an artifact is missing"), ConfigError("the theme is unknown")])
def test_an_error_of_our_family_reaches_the_user_as_it_is(error: PipekitError) -> None:
    def refuses(run: RunView) -> Iterable[OutputFile]:
        raise error

    with pytest.raises(type(error)) as caught:
        rendered(refuses)
    assert caught.value is error


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "has an empty part"),
        (".", "has a part that begins with a dot"),
        ("../state.json", "has a part that begins with a dot"),
        ("pages/../../x", "has a part that begins with a dot"),
        ("/etc/passwd", "has an empty part"),
        ("pages//x", "has an empty part"),
        ("pages/", "has an empty part"),
        ("page./x", "ends with a dot or a space"),
        ("a/.../x", "has a part that begins with a dot"),
        ("page ", "ends with a dot or a space"),
        ("..\\x", "has a part that begins with a dot"),
        ("C:x", "character that not every system takes"),
        ("a\nb", "character that not every system takes"),
        ("what?", "character that not every system takes"),
        ("a|b", "character that not every system takes"),
        ("pages/NUL.txt", "names a device"),
        ("com1", "names a device"),
        ("aux/page.md", "names a device"),
        (".hidden", "begins with a dot"),
        ("a\x7f", "character that not every system takes"),
        ("x" * 300, "too long a part"),
        ("\udc80", "lone surrogate"),
    ],
)
def test_a_path_that_leads_elsewhere_or_that_some_system_cannot_hold_is_refused(path: str, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        rendered(lambda run: [OutputFile(path="fine.txt", content=b""), OutputFile(path=path, content=b"")])
    error = caught.value
    assert error.message.startswith("the output format odd gave a path ")
    assert said in error.message
    assert (error.code, error.kind, error.hook) == (9, "format-path", "pipekit_output_formats")


@pytest.mark.parametrize("path", ["a.b.c/d-e_f.txt", "Ümlaut/naïve (1).md", "console.txt", "com10", "a..b"])
def test_an_unusual_but_harmless_path_is_taken(path: str) -> None:
    file = OutputFile(path=path, content=b"x")
    assert rendered(lambda run: [file]) == [("odd", file)]


@pytest.mark.parametrize("thing", [b"bytes", ("page.md", b""), None])
def test_what_is_no_output_file_is_refused_with_the_formats_name(thing: object) -> None:
    with pytest.raises(PluginError, match="the output format odd gave something that is no OutputFile") as caught:
        rendered(lambda run: [thing])
    assert caught.value.code == 9


# --- copying -------------------------------------------------------------------------------------------------------


def test_outputs_are_copied_to_a_folder_that_is_made_and_told_in_the_records_order(tmp_path: Path) -> None:
    store, record = a_store({"output/summary.md": b"# one", "output/pages/a.md": b"\x00\xff"})
    target = tmp_path / "not" / "there" / "yet"

    assert copy_outputs(store, record, target) == [target / "summary.md", target / "pages" / "a.md"]

    assert (target / "summary.md").read_bytes() == b"# one"
    assert (target / "pages" / "a.md").read_bytes() == b"\x00\xff"
    assert copy_outputs(store, a_record(), target) == []


def test_what_was_there_is_replaced_whole_and_other_files_are_left_alone(tmp_path: Path) -> None:
    older = a_record({"output/summary.md": b"something older and longer"})
    (tmp_path / "summary.md").write_bytes(b"something older and longer")
    (tmp_path / "mine.txt").write_bytes(b"kept")
    before = (tmp_path / "summary.md").open("rb")
    store, record = a_store({"output/summary.md": b"new"})

    copy_outputs(store, record, tmp_path, older.outputs)

    with before:  # whoever has the old file open still reads all of it
        assert before.read() == b"something older and longer"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"summary.md": b"new", "mine.txt": b"kept"}


def test_a_file_in_the_folders_place_is_a_storage_error_with_path_reason_and_where_the_outputs_are(
    tmp_path: Path,
) -> None:
    (tmp_path / "out").write_text("not a folder")
    store, record = a_store({"output/summary.md": b"new"})
    with pytest.raises(StorageError) as caught:
        copy_outputs(store, record, tmp_path / "out")
    error = caught.value
    assert str(error).startswith(f"{tmp_path / 'out' / 'summary.md'}: can't be written: ")
    assert (error.code, error.path) == (10, str(tmp_path / "out" / "summary.md"))
    assert isinstance(error.__cause__, OSError)
    assert error.errno == error.__cause__.errno
    assert "kept in the run" in error.hint
    assert "output.dir" in error.hint
    assert (tmp_path / "out").read_text() == "not a folder"


def test_a_copy_that_fails_at_the_last_moment_leaves_no_half_file_behind(tmp_path: Path) -> None:
    (tmp_path / "summary.md").mkdir()  # a folder can't be replaced by a file
    (tmp_path / "summary.md" / "inside.txt").write_text("kept")
    store, record = a_store({"output/first.md": b"1", "output/summary.md": b"2"})
    with pytest.raises(StorageError, match="summary.md"):
        copy_outputs(store, record, tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "first.md",
        "summary.md",
        "summary.md/inside.txt",
    ]


def test_an_output_that_the_run_has_lost_is_said_and_not_written(tmp_path: Path) -> None:
    store, _ = a_store({"output/a.md": b"1"})
    with pytest.raises(StateError, match="output/b.md"):
        copy_outputs(store, a_record({"output/a.md": b"1", "output/b.md": b"2"}), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_somebody_changed_is_kept_beside_the_new_one_and_told(tmp_path: Path) -> None:
    older = a_record({"output/summary.md": b"old"})
    store, record = a_store({"output/summary.md": b"new"})
    said: list[str] = []
    for edit in (b"my notes", b"more notes"):
        (tmp_path / "summary.md").write_bytes(edit)
        assert copy_outputs(store, record, tmp_path, older.outputs, said.append) == [tmp_path / "summary.md"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "summary.md": b"new",
        "summary.edited-1.md": b"my notes",
        "summary.edited-2.md": b"more notes",
    }
    changed = f"{tmp_path / 'summary.md'} was changed since it was copied; it is kept as"
    assert said == [f"{changed} summary.edited-1.md", f"{changed} summary.edited-2.md"]


def test_a_changed_copy_is_left_as_it_is_where_the_run_made_nothing_new(tmp_path: Path) -> None:
    store, record = a_store({"output/summary.md": b"same", "output/gone.md": b"again"})
    (tmp_path / "summary.md").write_bytes(b"my notes")
    said: list[str] = []
    copy_outputs(store, record, tmp_path, record.outputs, said.append)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "summary.md": b"my notes",
        "gone.md": b"again",
    }
    assert said == []


def test_a_copy_that_is_what_would_be_written_is_not_written_again(tmp_path: Path) -> None:
    store, record = a_store({"output/summary.md": b"same"})
    (tmp_path / "summary.md").write_bytes(b"same")
    before = (tmp_path / "summary.md").stat()
    copy_outputs(store, record, tmp_path)
    after = (tmp_path / "summary.md").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_output_with_a_flipped_bit_is_named_with_both_digests_and_nothing_is_copied(tmp_path: Path) -> None:
    store, _ = a_store({"output/a.md": b"1", "output/b.md": b"2"})
    record = a_record({"output/a.md": b"1", "output/b.md": b"3"})
    with pytest.raises(StateError, match="output/b.md was changed or damaged") as caught:
        copy_outputs(store, record, tmp_path)
    error = caught.value
    assert (error.code, error.run_id) == (7, "run-1")
    assert error.expected == f"sha256 {hashlib.sha256(b'3').hexdigest()}"
    assert error.found == f"sha256 {hashlib.sha256(b'2').hexdigest()}"
    assert "pipekit format run-1" in error.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("link", ["run-1", "run-1/pages"])
def test_no_link_in_the_place_of_a_folder_leads_outputs_elsewhere(tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.md").write_text("somebody's")
    target = tmp_path / "run-1"
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(elsewhere)
    store, record = a_store({"output/pages/a.md": b"the run's", "output/a.md": b"the run's"})

    with pytest.raises(StorageError, match="is a link in the place of a folder") as caught:
        copy_outputs(store, record, target)

    assert caught.value.path == str(tmp_path / link)
    assert {path.name: path.read_text() for path in elsewhere.iterdir()} == {"a.md": "somebody's"}


def test_a_link_in_the_place_of_an_output_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "somebodys.md").write_text("somebody's")
    (tmp_path / "run-1").mkdir()
    (tmp_path / "run-1" / "a.md").symlink_to(tmp_path / "somebodys.md")
    store, record = a_store({"output/a.md": b"the run's"})

    copy_outputs(store, record, tmp_path / "run-1")

    assert (tmp_path / "run-1" / "a.md").read_text() == "the run's"
    assert (tmp_path / "somebodys.md").read_text() == "somebody's"
