"""What is printed while a step runs goes to standard error, and standard output is what it was afterwards."""

from __future__ import annotations

import sys
import threading

import pytest

from pipekit.printing import printing_to_stderr


def test_what_is_printed_inside_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with printing_to_stderr():
        print("inside")
    print("outside")
    assert capsys.readouterr() == ("outside\n", "inside\n")


def test_overlapping_threads_leave_standard_output_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    inside, left = threading.Event(), threading.Event()

    def first() -> None:
        with printing_to_stderr():
            inside.set()
            left.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(5)
    with printing_to_stderr():
        left.set()
        thread.join()
        print("still inside")
    assert sys.stdout is before
    assert capsys.readouterr().err == "still inside\n"


def test_an_error_restores_it_too() -> None:
    before = sys.stdout
    with pytest.raises(ValueError), printing_to_stderr():
        raise ValueError
    assert sys.stdout is before
