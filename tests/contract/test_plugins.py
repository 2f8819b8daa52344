"""Everything that bundled plugins register keeps the laws of its kind."""

from pathlib import Path

import pytest

from isaacd.clock import SystemClock
from isaacd.context import HOUSE_EVENTS
from isaacd.plugin import BootLoader, Plugin
from isaacd.testing import bench, check_event_handler, check_hooks, check_job, check_plugin
from tests.fakes import FakeServices

# What each event of the house brings.
TOLD: dict[str, dict[str, object]] = {
    "ask.answered": {
        "provider": "knowledge",
        "model": "knowledge",
        "caller": "isaacctl",
        "cached": False,
        "elapsed_ms": 12.5,
    },
    "config.changed": {"file": "/home/ada/.config/isaac/config.toml"},
    "daemon.ready": {"version": "1.0"},
    "daemon.stopping": {},
    "history.added": {
        "line": "ls -l",
        "cwd": "/home/ada",
        "exit": 0,
        "started": 1.75e9,
        "elapsed_ms": 3,
        "session": "s1",
    },
    "plugin.failed": {"name": "broken", "error": "ImportError: no"},
    "plugin.loaded": {"name": "greet", "version": "1"},
    "task.ended": {"id": "t1", "name": "make", "state": "done"},
}


def _load() -> list[Plugin]:
    services = FakeServices()
    loader = BootLoader(
        user_dir=services.paths.data_dir / "plugins", disabled=(), clock=SystemClock(), log=services.log
    )
    return [item.plugin for item in loader.load_all() if item.plugin is not None]


def test_every_event_of_the_house_is_tried() -> None:
    assert set(TOLD) == set(HOUSE_EVENTS)


PLUGINS = _load()
every_plugin = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda item: item.name)


@every_plugin
def test_a_plugin_and_all_that_it_offers_keep_the_laws(plugin: Plugin) -> None:
    check_plugin(plugin)


@pytest.mark.anyio
@every_plugin
async def test_what_runs_unasked_keeps_the_laws(plugin: Plugin, tmp_path: Path) -> None:
    async with bench(plugin, tmp_path) as bench_:
        await check_hooks(bench_)
        for job in plugin.jobs:
            await check_job(job, bench_)
        for handler in plugin.handlers:
            await check_event_handler(handler, bench_, TOLD[handler.event])
