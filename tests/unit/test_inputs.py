"""What a caller hands over: how it is read, what is refused, which loader gets it, and what comes of it."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from pipekit.errors import InputError, PipekitError, PluginError, UsageError
from pipekit.input_values import Input, Text
from pipekit.inputs import HEAD, Given, load_value, pick_loader, read_input
from pipekit.interfaces.loaders import Source
from pipekit.plugins.quarantine import PluginInfo

LIMIT = 1_000_000


@frozen
class Note:
    title: str
    pages: float = 1.0


@frozen
class ShortNote(Note):
    pass


class FakeLoader:
    """A loader that is as sure as it is told to be, and keeps what it was shown."""

    suffixes: Sequence[str] = ()

    def __init__(self, sure: float = 0.0, returns: Any = Note) -> None:
        self.sure = sure
        self.returns = returns
        self.seen: list[tuple[bytes, str]] = []

    def recognises(self, head: bytes, name: str) -> float:
        self.seen.append((head, name))
        return self.sure

    def load(self, source: Source) -> Any:
        return Note(f"{source.name}: {source.content.decode()}")


def read(source: Input, folder: Path, *, input_type: type[object] = str, limit: int = LIMIT) -> Given:
    return read_input(source, input_type=input_type, limit=limit, folder=folder)


def refused(source: Input, folder: Path, **how: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        read(source, folder, **how)
    assert caught.value.code == 4
    return caught.value


def a_file(content: bytes = b"hello", name: str = "note.txt") -> Given:
    return Given(name=name, content=content, kind="file")


# --- reading -------------------------------------------------------------------------------------------------------


def test_a_path_counts_from_the_folder_and_keeps_its_bytes_and_the_name_as_given(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "one.txt").write_bytes(b"caf\xe9\r\n")
    for source in ("notes/one.txt", Path("notes/one.txt")):
        assert read(source, tmp_path) == Given(name="notes/one.txt", content=b"caf\xe9\r\n", kind="file")
    absolute = str(tmp_path / "notes" / "one.txt")
    assert read(absolute, Path("/")).name == absolute


def test_text_is_kept_as_utf8_under_its_name() -> None:
    assert read(Text("Zoë", name="chat"), Path()) == Given(name="chat", content="Zoë".encode(), kind="text")


def test_a_stream_is_read_from_where_it_stands_and_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_bytes(b"skip this")
    with path.open("rb") as stream:
        stream.seek(5)
        assert read(stream, Path()) == Given(name=str(path), content=b"this", kind="file")


def test_a_stream_that_gives_a_part_at_a_time_is_read_to_its_end_and_not_beyond_the_limit() -> None:
    class Pipe(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(3, size) if size and size > 0 else 3)

    assert read(Pipe(b"one two three"), Path()).content == b"one two three"
    with pytest.raises(InputError, match="too large"):
        read(Pipe(b"one two three"), Path(), limit=7)


def test_a_stream_without_a_name_of_its_own_still_has_one_to_show() -> None:
    class Piped(io.BytesIO):
        name: object = "<stdin>"

    numbered = Piped(b"x")
    numbered.name = 3
    assert read(io.BytesIO(b"x"), Path()).name == "stream"
    assert read(Piped(b"x"), Path()).name == "stdin"
    assert read(numbered, Path()).name == "stream"


def test_a_ready_value_is_kept_as_json_and_handed_on_itself() -> None:
    note = Note("plan")
    given = read(note, Path(), input_type=Note)
    assert (given.name, given.content, given.kind) == ("Note", b'{"title":"plan","pages":1.0}', "value")
    assert given.value is note


def test_a_path_that_is_itself_of_the_input_type_is_a_value_but_a_string_never_is(tmp_path: Path) -> None:
    class Place(str):
        __slots__ = ()

    assert read(Place("somewhere"), tmp_path, input_type=Place).kind == "value"
    assert refused("somewhere", tmp_path).kind == "missing"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("talk.vtt", "input/original.vtt"),
        ("TALK.JSON", "input/original.json"),
        ("notes.md", "input/original.txt"),
        ("server.log", "input/original.txt"),
        ("README", "input/original.txt"),
        ("odd.v t", "input/original.txt"),
        ("accent.é", "input/original.txt"),
        ("long.abcdefghi", "input/original.txt"),
        ("longest.abcdefgh", "input/original.abcdefgh"),
    ],
)
def test_the_original_keeps_its_suffix_unless_it_is_text_or_unusable(name: str, kept: str) -> None:
    assert a_file(name=name).path == kept


def test_the_original_of_a_value_is_json_whatever_its_name() -> None:
    assert Given(name="Note.vtt", content=b"{}", kind="value").path == "input/original.json"


# --- refusing ------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_named_with_where_paths_count_from(tmp_path: Path) -> None:
    error = refused("nowhere.txt", tmp_path)
    assert (error.kind, error.file, error.message) == ("missing", "nowhere.txt", "no such file")
    assert str(error) == "nowhere.txt: no such file"
    assert "relative paths count from here" in error.hint


def test_a_folder_is_refused_with_a_command_that_names_a_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "talks").mkdir()
    error = refused("talks/", tmp_path)
    assert (error.kind, error.file) == ("directory", "talks/")
    assert error.hint == "name a file: pipekit run talks/FILE"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "secret.txt").chmod(0)
    error = refused("secret.txt", tmp_path)
    assert (error.kind, error.file) == ("unreadable", "secret.txt")
    assert "permissions" in error.hint


@pytest.mark.parametrize(("name", "shown"), [("a\x00b", "'a\\x00b'"), ("n" * 300, f"'{'n' * 80}'")])
def test_a_name_that_no_system_takes_is_shown_short_and_escaped(tmp_path: Path, name: str, shown: str) -> None:
    error = refused(name, tmp_path)
    assert (error.kind, error.file) == ("unreadable", shown)
    assert str(error).startswith(f"{shown}: can't be read (")
    assert not error.message.endswith("()")


@pytest.mark.parametrize("content", [b"", b" \r\n\t "])
def test_an_input_with_nothing_in_it_is_refused_however_it_came(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "blank.txt").write_bytes(content)
    sources: dict[str, Input] = {
        "blank.txt": "blank.txt",
        "chat": Text(content.decode(), name="chat"),
        "stream": io.BytesIO(content),
    }
    for name, source in sources.items():
        error = refused(source, tmp_path)
        assert (error.kind, error.file, error.message) == ("empty", name, "is empty")
        assert str(error) == f"{name}: is empty"


def test_an_input_may_be_as_large_as_the_limit_and_no_larger_however_it_came(tmp_path: Path) -> None:
    for size in (LIMIT, LIMIT + 1):
        content = b"x" * size
        (tmp_path / "big.txt").write_bytes(content)
        sources: dict[str, Input] = {
            "big.txt": "big.txt",
            "text": Text(content.decode()),
            "stream": io.BytesIO(content),
        }
        for name, source in sources.items():
            if size == LIMIT:
                assert len(read(source, tmp_path).content) == LIMIT
                continue
            error = refused(source, tmp_path)
            assert (error.kind, error.file) == ("too-large", name)
            assert "the limit is 1,000,000 bytes" in error.message
            assert "run.maxInputBytes" in error.hint


def test_a_file_that_is_too_large_is_told_with_its_size(tmp_path: Path) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(70_000_000)
    assert refused("huge.txt", tmp_path).message == "is too large: 70,000,000 bytes, the limit is 1,000,000 bytes"


def test_an_endless_stream_is_read_no_further_than_needed_to_know() -> None:
    asked: list[int] = []

    class Endless(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            asked.append(size)
            return b"x" * size

    assert refused(Endless(), Path()).kind == "too-large"
    assert 0 < sum(asked) <= LIMIT + 1


def test_a_text_stream_is_refused_as_such_though_it_has_no_words_left(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_text("")
    for stream in (io.StringIO(""), io.StringIO("words")):
        stream.read()
        with pytest.raises(UsageError, match="the stream gives text; open it in binary mode"):
            read(stream, Path())
    with path.open() as opened, pytest.raises(UsageError, match="the stream gives text"):
        read(opened, Path())


def test_a_stream_that_was_read_to_its_end_before_is_told_from_an_empty_one() -> None:
    stream = io.BytesIO(b"words")
    stream.read()
    with pytest.raises(InputError, match="nothing is left of it") as caught:
        read(stream, Path())
    assert caught.value.kind == "empty"
    assert "seek(0)" in str(caught.value.hint)
    with pytest.raises(InputError, match="is empty"):
        read(io.BytesIO(), Path())


def test_a_stream_that_does_not_wait_for_what_comes_is_not_called_empty() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with os.fdopen(reader, "rb", buffering=0) as stream:
        with pytest.raises(InputError, match="doesn't wait") as caught:
            read(stream, Path())
        os.close(writer)
    assert caught.value.kind == "unreadable"


def test_a_text_stream_is_refused_with_the_way_to_open_it() -> None:
    with pytest.raises(UsageError, match="binary mode") as caught:
        read(io.StringIO("hello"), Path())
    assert (caught.value.code, caught.value.hint) == (2, 'open(path, "rb")')


def test_a_value_of_another_type_is_refused_with_what_would_fit() -> None:
    with pytest.raises(UsageError, match="or a Note, not int") as caught:
        read(5, Path(), input_type=Note)
    assert caught.value.code == 2
    assert "a string is always a path" in caught.value.hint


def test_a_value_that_json_cannot_hold_is_refused_with_the_place_in_it() -> None:
    error = refused(Note("x", float("nan")), Path(), input_type=Note)
    assert "the Note given can't be kept as JSON" in error.message
    assert "$.pages" in error.message


# --- which loader --------------------------------------------------------------------------------------------------


def pick(given: Given, loaders: Mapping[str, FakeLoader], wanted: str | None = None) -> str | None:
    return pick_loader(given, loaders, wanted, Note)


def test_the_loader_that_is_surest_is_taken_and_sees_only_the_head() -> None:
    loaders = {"plain": FakeLoader(0.2), "sure": FakeLoader(0.9), "half": FakeLoader(0.5)}
    content = b"x" * (HEAD + 10)
    assert pick(a_file(content, "talk.abc"), loaders) == "sure"
    assert [loader.seen for loader in loaders.values()] == [[(content[:HEAD], "talk.abc")]] * 3


def test_loaders_of_other_types_and_of_none_are_never_asked() -> None:
    strangers = {"text": FakeLoader(1.0, str), "junk": FakeLoader(1.0, "Note")}
    assert pick(a_file(), {**strangers, "notes": FakeLoader(0.1), "short": FakeLoader(0.2, ShortNote)}) == "short"
    assert pick(a_file(), strangers) is None
    assert [loader.seen for loader in strangers.values()] == [[], []]


def test_a_ready_value_needs_no_loader() -> None:
    given = Given(name="Note", content=b"{}", kind="value", value=Note("x"))
    assert pick(given, {"notes": FakeLoader(1.0)}) is None


def test_the_loader_asked_for_is_taken_even_where_it_does_not_recognise_the_input() -> None:
    assert pick(a_file(), {"sure": FakeLoader(1.0), "other": FakeLoader(0.0)}, "other") == "other"


@pytest.mark.parametrize("wanted", ["nots", "text"])
def test_a_loader_that_this_workflow_has_not_is_refused_with_those_it_has(wanted: str) -> None:
    loaders = {"notes": FakeLoader(1.0), "cards": FakeLoader(), "text": FakeLoader(1.0, str)}
    with pytest.raises(UsageError, match=f"'{wanted}'") as caught:
        pick(a_file(), loaders, wanted)
    assert (caught.value.code, caught.value.hint) == (2, "loaders of this workflow: notes, cards")
    with pytest.raises(UsageError) as caught:
        pick(a_file(), {}, wanted)
    assert caught.value.hint == "loaders of this workflow: none"


def test_an_input_that_nobody_recognises_is_refused_with_the_formats_to_choose_from() -> None:
    with pytest.raises(InputError) as caught:
        pick(a_file(name="odd.bin"), {"notes": FakeLoader(), "cards": FakeLoader()})
    error = caught.value
    assert (error.kind, error.file, error.message) == (
        "unrecognised",
        "odd.bin",
        "no loader recognises it",
    )
    assert error.hint == "say what it is with --input-format (notes, cards)"


def test_a_tie_is_refused_with_those_that_tie_and_no_others() -> None:
    loaders = {"notes": FakeLoader(0.7), "plain": FakeLoader(0.1), "cards": FakeLoader(0.7)}
    with pytest.raises(InputError) as caught:
        pick(a_file(), loaders)
    error = caught.value
    assert (error.kind, error.file, error.message) == (
        "ambiguous",
        "note.txt",
        "it could be any of notes, cards",
    )
    assert error.hint == "say which with --input-format notes"


# --- what comes of it ----------------------------------------------------------------------------------------------


def test_a_loader_makes_the_value_from_name_and_bytes() -> None:
    value, plain = load_value(a_file(), FakeLoader(), Note)
    assert value == Note("note.txt: hello")
    assert plain == {"title": "note.txt: hello", "pages": 1.0}


def test_plain_text_loses_its_byte_order_mark_and_nothing_else() -> None:
    assert load_value(a_file(b"\xef\xbb\xbfcaf\xc3\xa9\r\n"), None, str) == ("café\r\n", "café\r\n")


def test_without_a_loader_a_file_is_json_of_the_input_type() -> None:
    assert load_value(a_file(b'{"title": "a"}'), None, Note) == (Note("a"), {"title": "a", "pages": 1.0})


def test_a_value_is_the_same_again_when_only_its_kept_bytes_are_left() -> None:
    given = read(Note("plan", 2.5), Path(), input_type=Note)
    kept = Given(name=given.name, content=given.content, kind="value")
    assert load_value(kept, None, Note) == load_value(given, None, Note)


@pytest.mark.parametrize(
    ("content", "input_type", "said", "hint"),
    [
        (b"caf\xe9", str, "is no str: 'utf-8' codec", "use UTF-8"),
        (b'{"title": ', Note, "is no Note:", "this workflow reads a Note as JSON"),
        (b'{"title": 5}', Note, "expected text, got a number", "this workflow reads a Note as JSON"),
        (b'{"title": "a", "author": "b"}', Note, "author", "this workflow reads a Note as JSON"),
    ],
)
def test_bytes_that_make_no_value_are_refused_with_the_file_and_the_reason(
    content: bytes, input_type: type[object], said: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_value(a_file(content), None, input_type)
    assert (caught.value.code, caught.value.kind, caught.value.file) == (4, "misfit", "note.txt")
    assert said in caught.value.message
    assert caught.value.hint == hint


def test_a_loaders_value_that_could_not_be_kept_is_refused() -> None:
    class Careless(FakeLoader):
        def load(self, source: Source) -> Any:
            return Note("caf\ud800")

    with pytest.raises(InputError, match="lone surrogate") as caught:
        load_value(a_file(), Careless(), Note)
    assert (caught.value.kind, caught.value.file) == ("misfit", "note.txt")


def test_a_pipe_that_gives_little_at_a_time_is_read_to_its_end(tmp_path: Path) -> None:
    import threading

    reader, writer = os.pipe()

    def write_slowly() -> None:
        for part in (b"one ", b"two ", b"three"):
            os.write(writer, part)
        os.close(writer)

    thread = threading.Thread(target=write_slowly)
    thread.start()
    with os.fdopen(reader, "rb", buffering=0) as stream:
        given = read_input(stream, input_type=str, limit=1000, folder=tmp_path)
    thread.join()
    assert given.content == b"one two three"


def test_a_closed_stream_is_an_input_error(tmp_path: Path) -> None:
    import io

    stream = io.BytesIO(b"x")
    stream.close()
    with pytest.raises(InputError, match="can't be read"):
        read_input(stream, input_type=str, limit=1000, folder=tmp_path)


def test_text_with_a_lone_surrogate_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lone surrogate at character 3"):
        read_input(Text("caf\ud800"), input_type=str, limit=1000, folder=tmp_path)


class LeavingLoader(FakeLoader):
    """Ends the program, whatever it is asked."""

    def recognises(self, head: bytes, name: str) -> float:
        raise SystemExit("bye")

    def load(self, source: Source) -> Any:
        raise KeyboardInterrupt


def by_acme(hook: str, name: str) -> PluginInfo:
    return PluginInfo(name="acme", package="acme-notes", version="1.0")


def test_a_loader_that_raises_while_it_looks_is_named() -> None:
    with pytest.raises(PluginError, match="the loader odd of acme-notes 1.0 raised SystemExit: bye") as caught:
        pick_loader(a_file(), {"odd": LeavingLoader()}, None, Note, plugin_of=by_acme)
    assert (caught.value.version, caught.value.hook) == ("1.0", "pipekit_loaders")


def test_a_loader_that_raises_while_it_looks_is_left_out_where_somebody_is_told() -> None:
    told: list[PipekitError] = []
    loaders = {"odd": LeavingLoader(), "vague": FakeLoader(float("nan")), "notes": FakeLoader(0.1)}
    assert pick_loader(a_file(), loaders, None, Note, left_out=told.append) == "notes"
    assert [str(error).split(" raised")[0] for error in told] == [
        "note.txt: the loader odd",
        "note.txt: the loader vague",
    ]


def test_where_every_loader_raises_nobody_recognises_the_input() -> None:
    with pytest.raises(InputError, match="no loader recognises it"):
        pick_loader(a_file(), {"odd": LeavingLoader()}, None, Note, left_out=lambda _: None)


def test_a_loader_that_raises_while_it_loads_is_named_with_its_plugin() -> None:
    with pytest.raises(PluginError, match="the loader odd of acme-notes 1.0 raised KeyboardInterrupt") as caught:
        load_value(a_file(), LeavingLoader(), Note, called="odd", plugin=by_acme("", ""))
    assert (caught.value.code, caught.value.where) == (9, "note.txt")


def test_a_loader_that_finds_other_bytes_than_it_reads_is_not_to_blame() -> None:
    class Strict(FakeLoader):
        def load(self, source: Source) -> Any:
            return Note(source.content.decode("ascii"))

    with pytest.raises(InputError, match="is no Note"):
        load_value(a_file("é".encode()), Strict(), Note)


@frozen
class Report:
    title: str
    warnings: Any = ()


@pytest.mark.parametrize(
    ("own", "said", "told"),
    [
        ((), ["replaced 2 characters"], ["replaced 2 characters"]),
        (("left out a line",), ["left out a line"], ["left out a line"]),
        (["left out a line"], [], ["left out a line"]),
        (3, [], []),
        ("none", [], []),
        ([1, 2], [], []),
    ],
)
def test_a_loader_says_what_it_mended_and_a_field_of_the_values_own_is_not_taken_for_it(
    own: object, said: Sequence[str], told: Sequence[str]
) -> None:
    class Mending(FakeLoader):
        def load(self, source: Source) -> Any:
            for text in said:
                source.warn(text)
            return Report("a", own)

    heard: list[str] = []
    load_value(a_file(), Mending(), Report, warn=heard.append)
    assert heard == told


def test_a_ready_value_may_be_of_a_type_with_parameters(tmp_path: Path) -> None:
    kind: type[object] = tuple[int, ...]
    given = read_input((1, 2), input_type=kind, limit=100, folder=tmp_path)
    assert (given.kind, given.content, given.value) == ("value", b"[1,2]", (1, 2))
    assert load_value(given, None, kind) == ((1, 2), [1, 2])
    with pytest.raises(UsageError, match="not list"):
        read_input([1, 2], input_type=kind, limit=100, folder=tmp_path)
