from __future__ import annotations

import math

import pytest

from pipekit.config.scalars import Scalar, resolve_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("5", 5),
        ("-17", -17),
        ("007", 7),
        ("0o17", 15),
        ("0xff", 255),
        ("0.3", 0.3),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", math.inf),
        ("-.inf", -math.inf),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(text: str, value: Scalar) -> None:
    resolved = resolve_scalar(text)

    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "y", "2026-01-01", "1_000", "12:30", "tRUE", "٣", "1.2.3", "-"]
)
def test_what_older_yaml_takes_for_something_else_is_text(text: str) -> None:
    assert resolve_scalar(text) == text


def test_thousands_of_digits_are_text_and_no_crash() -> None:
    assert resolve_scalar("9" * 5000) == "9" * 5000


def test_not_a_number_is_a_float_that_settings_will_refuse() -> None:
    resolved = resolve_scalar(".nan")

    assert isinstance(resolved, float)
    assert math.isnan(resolved)
