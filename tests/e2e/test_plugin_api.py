"""A plugin with everything that the API offers, in a real daemon: kill -9, restarts, mistakes in its settings."""

import json
import signal
from typing import Any

import pytest

from tests.daemon import PATIENT, Daemon, Home, a_home, eventually, running

COUNTER = '''
"""Count things."""

import os
from typing import Annotated

import msgspec
from isaacd.api import Argument, Context, Event, Plugin, Schema


class Settings(msgspec.Struct, frozen=True):
    """How counting is done."""

    step: Annotated[int, msgspec.Meta(ge=1, description="How much one more is.")] = 1
    label: Annotated[str, msgspec.Meta(description="What is counted.")] = "things"


plugin = Plugin(
    "counter",
    version="1.2",
    settings=Settings,
    capabilities=("state", "cache", "publish", "secrets:COUNTER_TOKEN"),
    events=("grown",),
)
ROWS = Schema(what="the rows of counter", number=1, versions=(("CREATE TABLE heard (n INTEGER)",),))


@plugin.command
async def counter(context: Context) -> int:
    """Count one more.

    Examples:
        isaacctl counter
    """
    step = context.settings(Settings).step

    async def more(transaction):
        count = await transaction.get("count", int, 0) + step
        transaction.set("count", count)
        return count

    count = await context.state.transaction(more)
    context.publish("grown", {"count": count})
    return count


@plugin.command
async def value(context: Context) -> dict[str, object]:
    """Show the count.

    Examples:
        isaacctl counter value
    """
    token = await context.secrets.get("COUNTER_TOKEN")
    return {
        "count": await context.state.get("count", int, 0),
        "label": context.settings(Settings).label,
        "heard": [n for (n,) in await context.database(ROWS).read("SELECT n FROM heard ORDER BY n")],
        "job": await context.state.get("job", int, 0),
        "token": None if token is None else token.reveal(),
        "shown": repr(token),
    }


@plugin.command
async def keep(context: Context, value: Annotated[str, Argument("What to keep.")]) -> str | None:
    """Keep a value in the cache, and return the one before.

    Examples:
        isaacctl counter keep this
    """
    before = await context.cache.get("kept", str)
    await context.cache.set("kept", value, ttl_s=3600)
    return before


@plugin.command
async def sneak(context: Context) -> str:
    """Use what was not declared.

    Examples:
        isaacctl counter sneak
    """
    return str(await context.secrets.get("OTHER_TOKEN"))


@plugin.on("counter.grown")
async def heard(context: Context, event: Event) -> None:
    await context.database(ROWS).execute("INSERT INTO heard VALUES (?)", (event.data["count"],))


@plugin.on("counter.grown")
def broken(context, event):
    raise RuntimeError("this handler is broken")


@plugin.every(86400, jitter=0)
async def daily(context):
    await context.state.set("job", await context.state.get("job", int, 0) + 1)
'''


@pytest.fixture
def home() -> Any:
    with a_home() as made:
        made.write_config(PATIENT)
        made.write_plugin("counter", COUNTER)
        yield made


def value(daemon: Daemon) -> dict[str, Any]:
    with daemon.caller() as caller:
        return dict(caller.call("counter.value"))


def grow(daemon: Daemon) -> int:
    with daemon.caller() as caller:
        return int(caller.call("counter"))


def test_what_was_acknowledged_survives_kill_9(home: Home) -> None:
    for start in range(3):
        with running(home=home) as daemon:
            for number in range(5):
                assert grow(daemon) == start * 5 + number + 1
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
    with running(home=home) as daemon:
        assert value(daemon)["count"] == 15


def test_events_reach_their_handlers_and_a_broken_one_is_logged_with_its_plugin(home: Home) -> None:
    with running(home=home) as daemon:
        for _ in range(3):
            grow(daemon)
        eventually(lambda: value(daemon)["heard"] == [1, 2, 3], "the handler to have heard everything")
        assert {line["plugin"] for line in daemon.logged("event handler failed", 3)} == {"counter"}
        assert grow(daemon) == 4


def test_a_daily_job_runs_once_for_all_starts_of_a_day(home: Home) -> None:
    with running(home=home) as daemon:
        eventually(lambda: value(daemon)["job"] == 1, "the job to run")
    for _ in range(2):
        with running(home=home) as daemon:
            daemon.logged("ready")
            assert value(daemon)["job"] == 1


def test_settings_come_from_the_file_the_environment_and_the_command_line(home: Home) -> None:
    home.write_config('[plugins.settings.counter]\nstep = 10\nlabel = "sheep"\n')
    with running(home=home) as daemon:
        assert grow(daemon) == 10
        assert value(daemon)["label"] == "sheep"
        shown = home.isaacctl("counter", "--set", "plugins.settings.counter.step=5")
        assert (shown.returncode, shown.stdout) == (0, "15\n")
        home.environ["ISAAC_PLUGINS_SETTINGS_COUNTER_STEP"] = "3"
        assert home.isaacctl("counter").stdout == "18\n"
        rows = json.loads(home.isaacctl("config", "show", "plugins.settings", "--json").stdout)
        assert [(row["key"], row["value"]) for row in rows] == [
            ("plugins.settings.counter.step", 3),
            ("plugins.settings.counter.label", "sheep"),
        ]
        assert "environment ISAAC_PLUGINS_SETTINGS_COUNTER_STEP" in rows[0]["origin"]
        assert rows[1]["origin"].endswith("config.toml:3")
        bad = home.isaacctl("counter", "--set", "plugins.settings.counter.stepp=5")
        assert bad.returncode == 78
        assert "did you mean step?" in bad.stderr


def test_a_mistake_in_settings_is_told_with_file_line_and_suggestion(home: Home) -> None:
    home.write_config('[log]\nlevel = "debug"\n[plugins.settings.counter]\nstepp = 10\n')
    with running(home=home) as daemon:
        shown = home.isaacctl("config", "check")
        assert shown.returncode == 78
        assert "config.toml:4: unknown key plugins.settings.counter.stepp; did you mean step?" in shown.stderr
        assert grow(daemon) == 1, "the rest goes on"
        home.write_config("[plugins.settings.countre]\nstep = 2\n")
        assert (
            "unknown key plugins.settings.countre; did you mean counter?"
            in home.isaacctl("config", "check").stderr
        )
        home.write_config("[plugins.settings.counter]\nstep = 0\n")
        assert "config.toml:2: plugins.settings.counter.step must be a whole number from 1" in (
            home.isaacctl("config", "check").stderr
        )
        home.write_config("[plugins.settings.counter]\nstep = 2\n")
        assert home.isaacctl("config", "check").returncode == 0
        assert grow(daemon) == 3


def test_secrets_are_found_where_keys_are_kept_and_only_declared_ones(home: Home) -> None:
    home.environ["COUNTER_TOKEN"] = "a-secret-of-the-daemon"
    with running(home=home) as daemon:
        found = value(daemon)
        assert found["token"] == "a-secret-of-the-daemon"
        assert "a-secret" not in found["shown"]
        with daemon.caller() as caller:
            told = caller.fail("counter.sneak")
        assert told.startswith(
            "permission_denied: the plugin counter uses the secret OTHER_TOKEN without having said so"
        )
        assert "a-secret" not in home.log.read_text()
        home.environ["COUNTER_TOKEN"] = "the-callers-own"
        assert json.loads(home.isaacctl("counter", "value", "--json").stdout)["token"] == "the-callers-own"
    del home.environ["COUNTER_TOKEN"]
    with running(home=home) as daemon:
        assert value(daemon)["token"] is None
        assert secret(home, "COUNTER_TOKEN") == ("plugin counter", "nowhere: isaacctl keys set COUNTER_TOKEN")
        assert home.isaacctl("keys", "set", "COUNTER_TOKEN", input=b"a-kept-one\n").returncode == 0
        assert value(daemon)["token"] == "a-kept-one"
        kind, origin = secret(home, "COUNTER_TOKEN")
        assert (kind, origin.endswith("keys/COUNTER_TOKEN")) == ("plugin counter", True)


def secret(home: Home, name: str) -> tuple[str, str]:
    """Return whose a secret is and where it comes from, as `keys` tells it."""
    told = home.isaacctl("keys", "--json").stdout
    assert "a-kept-one" not in told
    return next((row["kind"], row["key"]) for row in json.loads(told) if row["provider"] == name)


def test_a_cached_value_outlives_the_daemon(home: Home) -> None:
    with running(home=home) as daemon, daemon.caller() as caller:
        assert caller.call("counter.keep", "one") is None
        assert caller.call("counter.keep", "two") == "one"
    with running(home=home) as daemon, daemon.caller() as caller:
        assert caller.call("counter.keep", "three") == "two"


POLICY = '''
"""Offer a policy."""

from isaacd.api import Plugin

plugin = Plugin("newest", version="1")


@plugin.policy("newest-out")
class NewestOut:
    def __init__(self, capacity):
        self.capacity, self.keys = capacity, []

    def touch(self, key, times=1):
        if times > 10_000:
            raise RuntimeError

    def admit(self, key, worth=1.0):
        leaving = self.keys.pop() if len(self.keys) >= self.capacity else None
        self.keys.append(key)
        return leaving

    def remove(self, key):
        if key in self.keys:
            self.keys.remove(key)
'''


def known(daemon: Daemon) -> set[str]:
    with daemon.caller() as caller:
        return {row["name"] for row in caller.call("plugins") if row["state"] in ("ready", "loaded")}


def test_a_policy_of_a_plugin_is_chosen_by_name_and_an_unknown_one_refused(home: Home) -> None:
    home.write_plugin("newest", POLICY)
    home.write_config('[cache]\npolicy = "newest-out"\n')
    with running(home=home) as daemon:
        eventually(lambda: "newest" in known(daemon), "the plugin to be described")
        assert home.isaacctl("config", "check").returncode == 0
        told = {row["what"]: row for row in json.loads(home.isaacctl("cache", "doctor", "--json").stdout)}
        assert "start" not in told, told
        cards = json.loads(home.isaacctl("plugins", "--json").stdout)
        assert [card["state"] for card in cards if card["name"] == "newest"] == ["loaded"]
        home.write_config('[cache]\npolicy = "newest-uot"\n')
        shown = home.isaacctl("config", "check")
        assert shown.returncode == 78
        assert "config.toml:2: cache.policy must be one of" in shown.stderr
        assert "did you mean newest-out?" in shown.stderr
        assert daemon.process.poll() is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('Plugin("future", api="2")', "the plugin future needs version 2 of the plugin API"),
        ('Plugin("future", api="1.999")', "the plugin future needs version 1.999 of the plugin API"),
        ('Plugin("future", capabilities=("asc",))', "there is no capability 'asc'"),
        ('Plugin("future", requires=("other>>2",))', "names no plugin to require"),
        ('Plugin("future"); plugin.on("histroy.added")', "there is no event 'histroy.added'"),
    ],
)
def test_what_a_plugin_demands_in_vain_is_refused_by_name(home: Home, text: str, reason: str) -> None:
    home.write_plugin("future", f'"""Be new."""\nfrom isaacd.api import Plugin\nplugin = {text}\n')
    with running(home=home):
        card = json.loads(home.isaacctl("plugins", "info", "future", "--json").stdout)
        assert card["state"] == "failed"
        assert reason in card["error"], card


ASKER = '''
"""Ask."""

from isaacd.api import Context, Plugin

plugin = Plugin("asker", version="1", capabilities=("ask",))


@plugin.command
async def asker(context: Context) -> list[str]:
    """Ask something.

    Examples:
        isaacctl asker
    """
    answer = await context.ask("find files larger than 100 MB")
    return [answer.provider, answer.text.splitlines()[0]]
'''


@pytest.mark.parametrize("trusted", [True, False])
def test_a_plugin_asks_whether_it_is_trusted_or_not(home: Home, trusted: bool) -> None:
    home.write_plugin("asker", ASKER, trusted=trusted)
    home.grant("asker", "ask")
    home.write_plugin(
        "mute", ASKER.replace("asker", "mute").replace('capabilities=("ask",)', ""), trusted=trusted
    )
    with running(home=home) as daemon, daemon.caller() as caller:
        assert caller.call("asker") == ["knowledge", "find . -type f -size +100M"]
        assert "the plugin mute uses context." in caller.fail("mute")


EARS = '''
"""Hear everything."""

from isaacd.api import Context, Event, Plugin

plugin = Plugin("ears", version="1", capabilities=("state",))


async def hear(context: Context, event: Event) -> None:
    async def step(transaction):
        heard = await transaction.get("heard", list, [])
        transaction.set("heard", [*heard, [event.name, event.data]])

    await context.state.transaction(step)


for name in ("ask.answered", "config.changed", "daemon.ready", "daemon.stopping", "plugin.loaded"):
    plugin.on(name)(hear)


@plugin.command
async def ears(context: Context) -> list[object]:
    """Show what was heard.

    Examples:
        isaacctl ears
    """
    return await context.state.get("heard", list, [])
'''


LISTENER = '''
"""Listen to counter."""

from isaacd.api import Context, Event, Plugin

plugin = Plugin("listener", requires=("counter>=1",))


@plugin.on("counter.grwon")
async def hear(context: Context, event: Event) -> None:
    pass
'''


def test_an_event_that_nobody_tells_is_refused_when_all_are_known(home: Home) -> None:
    home.write_plugin("listener", LISTENER)
    with running(home=home):
        card = json.loads(home.isaacctl("plugins", "info", "listener", "--json").stdout)
        assert "which the plugin counter does not tell; did you mean counter.grown?" in card["error"], card
    home.write_plugin("listener", LISTENER.replace("grwon", "grown").replace(">=1", ">=7"))
    with running(home=home):
        card = json.loads(home.isaacctl("plugins", "info", "listener", "--json").stdout)
        assert "it needs the plugin counter>=7, and there is counter 1.2" in card["error"], card


def test_a_plugin_that_is_known_late_hears_that_the_daemon_is_ready(home: Home) -> None:
    home.write_plugin("ears", "import time\ntime.sleep(1)\n" + EARS)
    with running(home=home) as daemon:
        daemon.logged("ready")
        with daemon.caller() as caller:
            eventually(
                lambda: "daemon.ready" in {name for name, _ in caller.call("ears")}, "the ready daemon"
            )


def test_the_house_tells_what_happens(home: Home) -> None:
    home.write_plugin("ears", EARS)

    def heard(daemon: Daemon) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        with daemon.caller() as caller:
            for name, data in caller.call("ears"):
                found.setdefault(name, []).append(data)
        return found

    with running(home=home) as daemon:
        eventually(lambda: "daemon.ready" in heard(daemon), "the ready daemon")
        assert home.isaacctl("ask", "find files larger than 100 MB").returncode == 0
        eventually(lambda: "ask.answered" in heard(daemon), "the answer")
        home.write_config('[log]\nlevel = "debug"\n')
        assert home.isaacctl("config", "show", "log.level").returncode == 0  # it is read when it is needed
        eventually(lambda: "config.changed" in heard(daemon), "the new configuration")
        told = heard(daemon)
        assert "counter" in {data["name"] for data in told["plugin.loaded"]}
        assert set(told["ask.answered"][0]) == {"provider", "model", "caller", "cached", "elapsed_ms"}
        assert told["ask.answered"][0]["caller"] == "isaacctl"
        assert told["config.changed"] == [{"file": str(home.config)}]
    with running(home=home) as daemon:
        assert heard(daemon)["daemon.stopping"] == [{}]


HOOKS = '''
"""Begin and end."""

from isaacd.api import Context, InvalidParams, Plugin

plugin = Plugin("hooks", version="1", capabilities=("state",))


@plugin.setup
async def begin(context: Context) -> None:
    await context.state.set("begun", await context.state.get("begun", int, 0) + 1)
    if await context.state.get("broken"):
        raise ValueError("nothing works today")


@plugin.teardown
async def end(context: Context) -> None:
    await context.state.set("ended", await context.state.get("ended", int, 0) + 1)


@plugin.command
async def hooks(context: Context) -> list[int]:
    """Show how often it began and ended.

    Examples:
        isaacctl hooks
    """
    return [await context.state.get("begun", int, 0), await context.state.get("ended", int, 0)]


@plugin.command
async def spoil(context: Context) -> None:
    """Let the next setup fail.

    Examples:
        isaacctl hooks spoil
    """
    await context.state.set("broken", True)
'''


def test_a_plugin_is_set_up_before_its_first_use_and_torn_down_at_the_end(home: Home) -> None:
    home.write_plugin("hooks", HOOKS)
    for start in range(2):
        with running(home=home) as daemon, daemon.caller() as caller:
            assert caller.call("hooks") == [start + 1, start]
            assert caller.call("hooks") == [start + 1, start], "once"
    with running(home=home) as daemon, daemon.caller() as caller:
        assert caller.call("hooks.spoil") is None
    with running(home=home) as daemon, daemon.caller() as caller:
        told = caller.fail("hooks")
        assert "the plugin hooks cannot be used: its setup failed: ValueError: nothing works today" in told
        assert caller.call("greet") == "hello world"
        assert {line["plugin"] for line in daemon.logged("plugin setup failed")} == {"hooks"}
