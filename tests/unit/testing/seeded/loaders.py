"""Loaders of a small format, ``ACME 1`` and then a name, a bar and words on each line."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import frozen

from pipekit.errors import InputError
from pipekit.interfaces import Loader, Source
from pipekit.testing import LoaderContract


@frozen
class Talk:
    lines: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    number: float = 0.0


class GoodLoader:
    suffixes: Sequence[str] = (".acme",)
    returns: Any = Talk

    def recognises(self, head: bytes, name: str) -> float:
        return 0.9 if head.startswith(b"ACME 1\n") else 0.1 * name.endswith(".acme")

    def load(self, source: Source) -> Any:
        header, _, body = source.content.partition(b"\n")
        if header != b"ACME 1":
            raise self.refusal(source)
        text = self.text(body)
        return self.value(tuple(self.words(line) for line in text.split("\n") if line.strip()), "\ufffd" in text)

    def refusal(self, source: Source) -> Exception:
        return InputError("has no first line ACME 1", file=source.name, line=1, kind="acme", hint="export it again")

    def text(self, body: bytes) -> str:
        return body.decode("utf-8", "replace")

    def words(self, line: str) -> str:
        return line.partition("|")[2].strip() or line.strip()

    def value(self, lines: tuple[str, ...], mended: bool) -> Any:
        return Talk(lines, ("odd characters were replaced",) if mended else ())


class AcmeLoader(LoaderContract):
    __test__ = False
    caught_by: ClassVar[set[str]] = set()
    made: ClassVar[type] = GoodLoader

    @pytest.fixture
    def loader(self) -> Loader[Any]:
        loader: Loader[Any] = self.made()
        return loader

    @pytest.fixture
    def good(self) -> Sequence[Source]:
        long = "".join(f"Ada | sentence number {number}\n" for number in range(30))
        return [
            Source(name="a.acme", content=b"ACME 1\nAda | hello\nBen | g\xc3\xbcten Tag\n"),
            Source(name="b.acme", content=f"ACME 1\n{long}".encode()),
        ]

    @pytest.fixture
    def bad(self) -> Sequence[Source]:
        return [Source(name="a.acme", content=b"ACME 2\nAda | hello\n"), Source(name="b.acme", content=b"")]


class TestGood(AcmeLoader):
    __test__ = True


class TestSuffixWithoutDot(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_it_says_which_files_it_is_for"}

    class made(GoodLoader):
        suffixes = ("ACME",)


class TestSuffixesAreOneText(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_it_says_which_files_it_is_for"}

    class made(GoodLoader):
        suffixes = ".acme"


class TestSurerThanSure(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_it_recognises_what_it_reads", "test_it_can_be_asked_about_any_file"}

    class made(GoodLoader):
        def recognises(self, head: bytes, name: str) -> float:
            return 10 * super().recognises(head, name)


class TestBreaksOnAnEmptyHead(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_it_can_be_asked_about_any_file"}

    class made(GoodLoader):
        def recognises(self, head: bytes, name: str) -> float:
            return 0.9 if head[0] == ord("A") else 0.0


class TestBreaksOnBytesThatAreNoText(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_it_can_be_asked_about_any_file"}

    class made(GoodLoader):
        def recognises(self, head: bytes, name: str) -> float:
            return 0.9 if head.decode().startswith("ACME") else 0.0


class TestRecognisesNothing(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_it_recognises_what_it_reads"}

    class made(GoodLoader):
        def recognises(self, head: bytes, name: str) -> float:
            return 0.0


class TestGivesSomethingElse(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {
        "test_it_gives_what_it_says",
        "test_it_reads_the_bytes_and_nothing_else",
        "test_what_it_gives_can_be_kept",
        "test_whatever_happens_to_a_file_is_told_or_mended",
    }

    class made(GoodLoader):
        def value(self, lines: tuple[str, ...], mended: bool) -> Any:
            return {"lines": lines}


class TestGivesWhatNoFileTakes(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {
        "test_the_same_bytes_give_the_same",
        "test_what_it_gives_can_be_kept",
        "test_whatever_happens_to_a_file_is_told_or_mended",
    }

    class made(GoodLoader):
        def value(self, lines: tuple[str, ...], mended: bool) -> Any:
            return Talk(lines, number=float("nan"))


class TestChanceIsInTheValue(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_bytes_give_the_same"}

    class made(GoodLoader):
        def value(self, lines: tuple[str, ...], mended: bool) -> Any:
            return Talk(lines, number=random.random())


class TestKeepsLinesOfTheFileBefore(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_the_same_bytes_give_the_same"}

    class made(GoodLoader):
        def __init__(self) -> None:
            self.before: tuple[str, ...] = ()

        def value(self, lines: tuple[str, ...], mended: bool) -> Any:
            self.before = (*self.before, *lines)
            return Talk(self.before)


class TestReadsTheFileOfThatName(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {
        "test_it_gives_what_it_says",
        "test_it_reads_the_bytes_and_nothing_else",
        "test_the_same_bytes_give_the_same",
        "test_what_it_cannot_read_is_an_error_for_people",
        "test_what_it_gives_can_be_kept",
        "test_what_it_mended_is_told_in_sentences",
        "test_whatever_happens_to_a_file_is_told_or_mended",
    }

    class made(GoodLoader):
        def load(self, source: Source) -> Any:
            return super().load(Source(name=source.name, content=Path(source.name).read_bytes()))


class TestRaisesAnErrorOfItsOwn(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {
        "test_what_it_cannot_read_is_an_error_for_people",
        "test_what_it_mended_is_told_in_sentences",
        "test_whatever_happens_to_a_file_is_told_or_mended",
    }

    class made(GoodLoader):
        def refusal(self, source: Source) -> Exception:
            return ValueError("no ACME")


class TestItsErrorNamesNoFile(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_what_it_cannot_read_is_an_error_for_people"}

    class made(GoodLoader):
        def refusal(self, source: Source) -> Exception:
            return InputError("has no first line ACME 1", file="input", kind="acme", hint="export it again")


class TestItsErrorHoldsWhatTheFileHolds(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_what_it_cannot_read_is_an_error_for_people"}

    class made(GoodLoader):
        def refusal(self, source: Source) -> Exception:
            return InputError(f"is no ACME: \x1b[1m{source.content!r}", file=source.name, kind="acme", hint="again")


class TestBreaksOnALineWithoutABar(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {
        "test_what_it_mended_is_told_in_sentences",
        "test_whatever_happens_to_a_file_is_told_or_mended",
    }

    class made(GoodLoader):
        def words(self, line: str) -> str:
            return line.split("|")[1].strip()


class TestKeepsHalvesOfCharacters(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_whatever_happens_to_a_file_is_told_or_mended"}

    class made(GoodLoader):
        def text(self, body: bytes) -> str:
            return body.decode("utf-8", "surrogateescape")


class TestTellsNoSentences(AcmeLoader):
    __test__ = True
    caught_by: ClassVar = {"test_what_it_mended_is_told_in_sentences"}

    class made(GoodLoader):
        def value(self, lines: tuple[str, ...], mended: bool) -> Any:
            return Talk(lines, ("",) if mended else ())
