"""Replies outlive a run in a cache and in recordings, and a replay says loudly what it doesn't know."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from langchain_core.messages import HumanMessage, SystemMessage

from pipekit.errors import ConfigError, InputError, ProviderError, StorageError
from pipekit.interfaces import ModelOptions
from pipekit.llm.asked import Asked
from pipekit.llm.cache import ReplyCache, cache_file
from pipekit.llm.providers.replay import ReplayProvider, ReplaySettings
from pipekit.llm.recording import Recorder, Recording
from pipekit.llm.replies import Reply
from pipekit.state.record import Usage

resource: Any = importlib.import_module("resource") if hasattr(signal, "SIGXFSZ") else None
USAGE = Usage(calls=1, input_tokens=3, output_tokens=2, cost=None)


def asked(text: str = "<text 0123456789abcdef>\nhi\n</text 0123456789abcdef>", model: str = "a/m") -> Asked:
    return Asked.of("judge", model, [SystemMessage("be kind"), HumanMessage(text)], {"type": "object"}, 0.5)


def reply(text: str = "yes") -> Reply:
    return Reply(text=text, model="a/m", method="text", usage=USAGE)


# --- questions -------------------------------------------------------------------------------------------------------


def test_equal_questions_are_equal_whatever_their_delimiters() -> None:
    other = asked("<text fedcba9876543210>\nhi\n</text fedcba9876543210>")
    assert asked().digest == other.digest
    assert asked().digest != asked("<text fedcba9876543210>\nho\n</text fedcba9876543210>").digest
    assert asked().digest != evolve(asked(), temperature=0.6).digest


def test_a_recording_answers_for_any_model_and_way_of_asking() -> None:
    told = Asked.of("judge", "b/n", [HumanMessage("q shape")], None, None, shape=" shape")
    assert told.digest_for_any_model == Asked.of("judge", "a/m", [HumanMessage("q")], None, 1.0).digest_for_any_model


# --- the cache -------------------------------------------------------------------------------------------------------


def test_a_cache_answers_the_same_question_to_the_same_model_across_processes(tmp_path: Path) -> None:
    first = ReplyCache(tmp_path / "deep" / "replies.sqlite")
    assert first.find(asked()) is None
    first.keep(asked(), reply())
    first.close()
    second = ReplyCache(tmp_path / "deep" / "replies.sqlite")
    assert second.find(asked()) == reply()
    assert second.find(asked(model="b/m")) is None
    second.close()


def test_what_was_of_no_use_is_not_cached(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "replies.sqlite")
    cache.keep(asked(), evolve(reply(), problem="truncated"))
    assert cache.find(asked()) is None
    cache.close()


def test_a_broken_cache_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"this is no database" * 100)
    cache = ReplyCache(path)
    with caplog.at_level(logging.WARNING):
        cache.keep(asked(), reply())
        assert cache.find(asked()) is None
    assert str(path) in caplog.text
    cache.close()


def test_the_cache_lies_where_the_system_keeps_such_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_file() == tmp_path / "pipekit" / "replies.sqlite"


# --- recordings ------------------------------------------------------------------------------------------------------


def test_a_recording_gives_replies_in_their_order_and_the_last_one_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.jsonl", lambda text: text)
    for text in ("one", "two"):
        recorder.keep(asked(), reply(text))
    recorder.close()
    recording = Recording(tmp_path / "r.jsonl")
    found = [recording.next(asked(model="other/x")) for _ in range(3)]
    assert [one.text for one in found if one] == ["one", "two", "two"]
    assert recording.next(asked("else")) is None


def test_secrets_are_taken_out_of_a_recording(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.jsonl", lambda text: text.replace("canary", "***"))
    recorder.keep(asked("the key is canary"), reply("canary!"))
    recorder.close()
    assert "canary" not in (tmp_path / "r.jsonl").read_text()
    assert Recording(tmp_path / "r.jsonl").next(asked("the key is canary")) is not None


def recorded(path: Path, text: str) -> bytes:
    """Record a reply to a question of the same words; the line that came of it."""
    before = path.stat().st_size if path.exists() else 0
    recorder = Recorder(path, str)
    recorder.keep(asked(text), reply(text))
    recorder.close()
    return path.read_bytes()[before:]


def test_a_recording_that_was_cut_off_anywhere_gives_what_is_whole_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "r.jsonl"
    first = recorded(path, "one")
    for left in range(1, len(first) - 1):
        path.write_bytes(first + first[:left])
        caplog.clear()
        assert Recording(path).next(asked("one")) == reply("one")
        assert f"{path}:2" in caplog.text
        assert "cut off" in caplog.text
    path.write_bytes(first + first[:-1])  # whole but for its end
    caplog.clear()
    assert Recording(path).next(asked("one")) == reply("one")
    assert caplog.text == ""


@pytest.mark.parametrize("left", [1, 5, 14, 80, -3, -2, -1])
def test_a_recording_that_goes_on_after_a_line_that_was_cut_off_loses_that_line_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, left: int
) -> None:
    path = tmp_path / "r.jsonl"
    recorded(path, "one")
    with path.open("rb+") as file:
        whole = path.read_bytes()
        file.seek(0, 2)
        file.write(whole[:left])  # killed in the middle of a line
    for text in ("two", "three"):
        recorded(path, text)
    recording = Recording(path)
    assert [recording.next(asked(text)) for text in ("one", "two", "three")] == [
        reply(t) for t in ("one", "two", "three")
    ]
    assert ("cut off" in caplog.text) == (left != -1)


@pytest.mark.skipif(resource is None, reason="no limit on the size of files here")
def test_a_recording_that_goes_on_after_a_disk_was_full_loses_that_line_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "r.jsonl"
    size = len(recorded(path, "one"))
    recorder = Recorder(path, str)
    with files_no_larger_than(size + 20), pytest.raises(StorageError, match="can't be written"):
        recorder.keep(asked("two"), reply("two"))
    recorder.keep(asked("three"), reply("three"))
    recorder.close()
    recording = Recording(path)
    assert [recording.next(asked(text)) for text in ("one", "two", "three")] == [reply("one"), None, reply("three")]
    assert f"{path}:2" in caplog.text


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let nothing be written past ``size``, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_damaged_line_is_no_line_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    one = recorded(path, "one")
    for damaged in (one.replace(b"digest", b"dogest"), one[:-2] + b"]\n", b"hello\n", b'{"version":2,"digest":"\n'):
        path.write_bytes(damaged + one)
        with pytest.raises(InputError, match="line 1 is no line of a recording"):
            Recording(path)


def test_a_file_that_is_no_recording_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text("hello\nworld\n")
    with pytest.raises(InputError, match="line 1") as caught:
        Recording(tmp_path / "r.jsonl")
    assert caught.value.line == 1
    (tmp_path / "newer.jsonl").write_text(json.dumps({"version": 99}) + "\n\n")
    with pytest.raises(InputError, match="of version 99"):
        Recording(tmp_path / "newer.jsonl")
    with pytest.raises(InputError, match="can't be read"):
        Recording(tmp_path / "missing.jsonl")
    with pytest.raises(StorageError, match="can't be written"):
        Recorder(tmp_path / "no" / "folder.jsonl", str)


# --- the provider `replay` -------------------------------------------------------------------------------------------


def test_a_replay_answers_from_its_file_and_never_guesses(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.jsonl", str)
    recorder.keep(asked(), reply())
    recorder.close()
    provider = ReplayProvider(ReplaySettings(file="r.jsonl"), tmp_path)
    assert provider.answer(asked()) == reply()
    with pytest.raises(ProviderError, match="holds no reply to this question \\(judge\\): it was asked something else"):
        provider.answer(asked("other words"))
    with pytest.raises(ProviderError, match="it was never asked weigh"):
        provider.answer(evolve(asked(), task="weigh"))
    with pytest.raises(ProviderError, match="questions of steps only"):
        provider.chat_model("replay", ModelOptions())


def test_a_replay_without_a_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a recording"):
        ReplayProvider(ReplaySettings(), tmp_path)


def test_models_of_one_name_on_two_servers_share_no_replies(tmp_path: Path) -> None:
    """Somebody else's server could put its words into the mouth of a model that is trusted."""
    cache = ReplyCache(tmp_path / "replies.sqlite")
    cache.keep(evolve(asked(), server="theirs"), reply("evil"))
    assert cache.find(evolve(asked(), server="mine")) is None
    assert cache.find(evolve(asked(), server="theirs")) == reply("evil")
    cache.close()


@pytest.mark.parametrize("content", ["export PATH=/bin\n", "\n", "{}\n", '{"version": 99, "digest": "', "x" * 500])
def test_nothing_is_added_to_a_file_that_is_no_recording(tmp_path: Path, content: str) -> None:
    (tmp_path / "bashrc").write_text(content)
    with pytest.raises(StorageError, match="is no recording") as caught:
        Recorder(tmp_path / "bashrc", str)
    assert caught.value.path == str(tmp_path / "bashrc")
    assert "--record" in caught.value.hint
    assert (tmp_path / "bashrc").read_text() == content


@pytest.mark.parametrize("content", ["", '{"version":1,"digest":"ab', '{"version": 1, "digest": "00"'])
def test_a_recording_that_was_cut_off_goes_on_with_a_line_of_its_own(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.jsonl").write_text(content)
    recorder = Recorder(tmp_path / "r.jsonl", str)
    recorder.keep(asked(), reply())
    recorder.keep(asked("more"), reply("no"))
    recorder.close()
    assert Recording(tmp_path / "r.jsonl").next(asked()) == reply()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_recording_on_a_full_disk_says_so() -> None:
    recorder = Recorder(Path("/dev/full"), str)
    with pytest.raises(StorageError, match="the recording can't be written") as caught:
        recorder.keep(asked(), reply())
    assert caught.value.errno == 28
    recorder.close()
