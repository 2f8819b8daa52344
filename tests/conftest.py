"""Fixtures and settings that every test may use."""

import os
import signal
import sys
import threading
from asyncio.base_subprocess import BaseSubprocessTransport
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from hypothesis import HealthCheck, settings

from isaacd.plugin import code

BUNDLED = str(Path(__file__).parents[1] / "plugins")

# How long something takes is measured in perf/; a busy machine must not fail a law.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# A shell starts what runs in its background with these ignored, and every process that a test starts would inherit it.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)

# A test that waits for ever is a failure with a name, and not a run without an end; 0 is no limit.
LIMIT_S = float(os.environ.get("ISAAC_TEST_LIMIT_S", "600"))


def _give_up(*_: object) -> None:
    """End the test; one that has swallowed that, as a loop may, ends with its process, and is named by xdist."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    pytest.fail(f"not over after {LIMIT_S:g} s")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S, 30)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_transports: WeakSet[BaseSubprocessTransport] = WeakSet()
_init = BaseSubprocessTransport.__init__


def _noted(self: BaseSubprocessTransport, *arguments: Any, **options: Any) -> None:
    _transports.add(self)
    _init(self, *arguments, **options)


BaseSubprocessTransport.__init__ = _noted  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def processes_left_behind() -> Iterator[None]:
    """Fail the test that began a process and did not wait for it; else some later one fails, whose loop is not asked."""
    yield
    assert [one for one in _transports if not one._closed] == []  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name.startswith("waitpid-"):  # asyncio's, on Python 3.11
            thread.join(30)
            assert not thread.is_alive(), f"{thread.name} waits for a process"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def plugins_left_behind() -> Iterator[None]:
    """Take the plugins that a test imported away with it: the next one has others of the same names."""
    finder = code._FINDER
    path, finders, modules = list(sys.path), list(sys.meta_path), set(sys.modules)
    codes, numbers = dict(finder._codes), dict(finder._numbers)
    yield
    sys.path[:], sys.meta_path[:] = path, finders
    finder._codes, finder._numbers = codes, numbers
    for name in [
        name for name in tuple(sys.modules) if name.startswith("isaac_plugins.") and name not in modules
    ]:
        file = getattr(sys.modules[name], "__file__", None)
        if file is None or not file.startswith(BUNDLED):
            del sys.modules[name]
            if (namespace := sys.modules.get("isaac_plugins")) is not None:
                vars(namespace).pop(name.split(".")[1], None)
