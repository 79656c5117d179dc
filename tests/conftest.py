"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes to make or to try says something about the machine, and nothing about the code.
settings.register_profile("pipekit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pipekit")
