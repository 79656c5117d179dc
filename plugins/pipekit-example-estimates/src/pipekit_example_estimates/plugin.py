"""The hooks. Everything else is imported inside them, so that an installed plugin costs nothing until it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipekit import hookimpl

if TYPE_CHECKING:
    from pipekit import Step
    from pipekit.hookspecs import Factory

pipekit_api = 1


@hookimpl
def pipekit_steps() -> Iterable[Step[..., Any, Any]]:
    """``estimate-points``."""
    from pipekit_example_estimates.estimating import estimate_points

    return [estimate_points]


@hookimpl
def pipekit_output_formats() -> Mapping[str, Factory]:
    """``estimates``."""
    from pipekit_example_estimates.estimates_csv import EstimatesCsv

    return {"estimates": EstimatesCsv}
