"""Fixtures and settings that every test may use."""

import pytest
from hypothesis import HealthCheck, settings

# How long something takes is measured in perf/; a busy machine must not fail a law.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
