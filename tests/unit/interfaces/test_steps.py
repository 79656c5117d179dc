"""What ``@step`` takes, and what it says when it is given something else."""

from __future__ import annotations

from typing import Any

import pytest

from pipekit import step


def test_a_name_by_position_is_refused_with_the_way_to_write_it() -> None:
    wrong: Any = step
    with pytest.raises(TypeError, match=r"not of 'my-name'; a name is given by keyword: @step\(name='my-name'\)"):
        wrong("my-name")


def test_what_is_no_function_makes_no_step() -> None:
    wrong: Any = step
    with pytest.raises(TypeError, match="a step is made of a function, not of 3$"):
        wrong(3)
