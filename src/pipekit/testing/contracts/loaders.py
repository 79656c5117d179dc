"""What every loader must do with the bytes that people hand it, good ones and all others."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipekit.errors import InputError
from pipekit.interfaces import Loader, Source
from pipekit.serde import MisfitError, decode, encode, structure, unstructure
from pipekit.testing.contracts.contract import Contract
from pipekit.testing.contracts.isolation import watch_network

__all__ = ["LoaderContract"]

#: What `recognises` is shown of a file, in bytes.
_HEAD = 65_536
#: Files of other kinds, which any loader is asked about.
_OTHERS = (
    b"",
    b"\x00\x01\x02\x03",
    b"%PDF-1.7\n",
    b"PK\x03\x04\x14\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"{",
    b"<html>",
)
_SPOILT = 12


class LoaderContract(Contract):
    """Subclass it as ``TestAcmeLoader`` and write the fixtures ``loader``, ``good`` and ``bad``.

    ``good`` are sources that it reads, ``bad`` some that look like its own and can't be read: each at least one.
    """

    # --- what an author writes ---------------------------------------------------------------------------------------

    @pytest.fixture
    def loader(self) -> Loader[Any]:
        """The loader; made anew for each test."""
        pytest.fail(f"{type(self).__name__} needs a fixture `loader` that returns the loader to test")

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        """What it reads."""
        pytest.fail(f"{type(self).__name__} needs a fixture `good` that returns sources which the loader reads")

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        """What it refuses."""
        pytest.fail(f"{type(self).__name__} needs a fixture `bad` that returns sources which the loader refuses")

    # --- the tests ---------------------------------------------------------------------------------------------------

    def test_it_says_which_files_it_is_for(self, loader: Loader[Any]) -> None:
        """Endings with their dot, in lower case; and the type of what it gives."""
        assert not isinstance(loader.suffixes, str), "suffixes is a list of endings, not one text"
        for suffix in loader.suffixes:
            is_ending = suffix.startswith(".") and suffix == suffix.lower() and len(suffix) > 1
            assert is_ending, f"{suffix!r} is no ending"
        assert isinstance(loader.returns, type), "returns is a class: workflows are matched by it"

    def test_it_recognises_what_it_reads(self, loader: Loader[Any], good: Sequence[Source]) -> None:
        """From the beginning of a file, with a number above 0."""
        assert good, "good is empty"
        for source in good:
            sure = loader.recognises(source.content[:_HEAD], source.name)
            assert 0 < sure <= 1, f"{source.name}: {sure!r} sure"

    def test_it_can_be_asked_about_any_file(self, loader: Loader[Any], good: Sequence[Source]) -> None:
        """All loaders are asked about all files: one that raises would stop runs that have nothing to do with it."""
        heads = [*_OTHERS, *(source.content[:size] for source in good for size in (1, 7, 100)), _noise(0)]
        for head in heads:
            for name in ("", "x", "a.bin", *(f"x{suffix}" for suffix in loader.suffixes), "\u202e/../x\n"):
                sure: object = loader.recognises(head, name)
                is_share = isinstance(sure, (int, float)) and 0 <= sure <= 1
                assert is_share, f"{head[:20]!r}, {name!r}: {sure!r}"

    def test_it_gives_what_it_says(self, loader: Loader[Any], good: Sequence[Source]) -> None:
        """A value of the type ``returns``."""
        for source in good:
            assert isinstance(loader.load(source), loader.returns), source.name

    def test_what_it_gives_can_be_kept(self, loader: Loader[Any], good: Sequence[Source]) -> None:
        """The value goes into a file as JSON and comes back the same: a resumed run has to have the same input."""
        for source in good:
            value = loader.load(source)
            assert structure(decode(encode(unstructure(value))), loader.returns) == value, source.name

    def test_the_same_bytes_give_the_same(self, loader: Loader[Any], good: Sequence[Source]) -> None:
        """Twice, in any order, and in several threads at once: nothing of one file stays for the next."""
        first = [encode(unstructure(loader.load(source))) for source in good]
        again = [encode(unstructure(loader.load(source))) for source in reversed(good)]
        assert first == again[::-1], "read again, in another order, a source gives something else"
        with ThreadPoolExecutor(4) as pool:
            several = list(pool.map(lambda source: encode(unstructure(loader.load(source))), list(good) * 4))
        assert several == first * 4, "read in several threads at once, a source gives something else"

    def test_it_reads_the_bytes_and_nothing_else(
        self, loader: Loader[Any], good: Sequence[Source], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a source is called is a name to be shown: there need be no such file, and no network."""
        tried = watch_network(monkeypatch)
        for source in good:
            other = Source(name=f"no-such-folder/{source.name}", content=source.content, media_type=source.media_type)
            assert isinstance(loader.load(other), loader.returns)
        assert not tried, f"it reaches for the network: {tried}"

    def test_what_it_cannot_read_is_an_error_for_people(self, loader: Loader[Any], bad: Sequence[Source]) -> None:
        """An `InputError` that names the file and says what to do."""
        assert bad, "bad is empty"
        for source in bad:
            with pytest.raises(InputError) as caught:
                loader.load(source)
            error = caught.value
            assert error.file == source.name, f"{source.name}: the error names {error.file!r}"
            assert error.message.strip(), f"{source.name}: what is wrong?"
            assert error.hint.strip(), f"{source.name}: what is to be done next?"
            assert len(error.message) < 500, f"{source.name}: the message holds {len(error.message)} characters"
            assert (error.message + error.hint).replace("\n", "").isprintable(), f"{source.name}: it steers a terminal"

    def test_whatever_happens_to_a_file_is_told_or_mended(self, loader: Loader[Any], good: Sequence[Source]) -> None:
        """Cut off, damaged or full of noise, it is read as far as it goes or refused; and what is read can be kept."""
        for source in [spoilt for one in good for spoilt in _spoilt(one)]:
            try:
                value = loader.load(source)
            except InputError:
                continue
            except Exception as error:  # noqa: BLE001 - that is the fault to tell
                pytest.fail(f"{source.name}: {error!r} instead of an InputError")
            assert isinstance(value, loader.returns), f"{source.name}: gives {type(value).__name__}"
            try:
                encode(unstructure(value))
            except MisfitError as error:
                pytest.fail(f"{source.name}: what it gives can't be kept: {error}")

    def test_what_it_mended_is_told_in_sentences(self, loader: Loader[Any], good: Sequence[Source]) -> None:
        """Through `Source.warn`, or in ``warnings`` of the value."""
        for source in [*good, *(spoilt for one in good[:2] for spoilt in _spoilt(one))]:
            fresh = Source(name=source.name, content=source.content, media_type=source.media_type)
            try:
                value = loader.load(fresh)
            except InputError:
                continue
            told = [*fresh.warnings, *(getattr(value, "warnings", None) or ())]
            assert all(isinstance(one, str) and one.strip() for one in told), f"{source.name}: {told}"


def _noise(seed: int, size: int = 300) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - the same noise each time


def _spoilt(source: Source) -> Iterator[Source]:
    """A source cut off, with bytes changed, and with noise in it: the same each time."""
    chance = random.Random(len(source.content))  # noqa: S311 - the same damage each time
    content = source.content
    for number in range(_SPOILT):
        at = chance.randrange(len(content) + 1)
        yield _like(source, f"cut off at byte {at}", content[:at])
        changed = bytearray(content)
        for _ in range(1 + number):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield _like(source, f"with {1 + number} bytes changed (damage {number})", bytes(changed))
        noise = _noise(number, 40)
        yield _like(source, f"with noise at byte {at}", content[:at] + noise + content[at:])
    yield _like(source, "empty", b"")
    yield _like(source, "with an escaped half of a character", content + b'\n"\\ud800"\n')
    yield _like(source, "twice", content + content)


def _like(source: Source, what: str, content: bytes) -> Source:
    return Source(name=f"{source.name}, {what}", content=content, media_type=source.media_type)
