"""Fixtures and settings that every test may use."""

import signal

import pytest
from hypothesis import HealthCheck, settings

# How long something takes is measured in perf/; a busy machine must not fail a law.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# A shell starts what runs in its background with SIGINT ignored, and every process that a test starts would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
