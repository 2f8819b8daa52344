"""The small plugins: greet, status and plugins, as a person and as a program see them."""

import time

import msgspec
import pytest

from isaac_plugins import greet, plugins, status
from isaacd.ai.health import ProviderHealth
from isaacd.context import TTY, PluginCard
from tests.fake_caller import Caller

COLOUR = {"TERM": "xterm"}
CARD = PluginCard(
    name="greet",
    summary="Greet.",
    version="1",
    origin="/g.py",
    state="loaded",
    import_ms=0.1234,
    commands=("greet",),
)


@pytest.fixture
def caller() -> Caller:
    return Caller(greet.plugin, plugins.plugin, status.plugin)


def test_greet_greets(caller: Caller) -> None:
    assert caller.type("greet").out == "hello world\n"
    assert caller.type("greet", "--name", "Ada Lovelace").out == "hello Ada Lovelace\n"


def test_status_tells_people_how_the_daemon_does(caller: Caller) -> None:
    assert caller.type("status").out.splitlines() == [
        "isaacd is running",
        "  version      0 (Python 3)",
        "  process      1, up 3 s, 1.0 MiB",
        "  requests     2 answered or under way, 0 running now",
        "  connections  1",
        "  plugins      0",
        "  socket       /s",
        "  log          /l",
    ]
    assert "\x1b[32mrunning\x1b[0m" in caller.type("status", tty=TTY(stdout=True), env=COLOUR).out


def test_status_tells_people_how_the_providers_are(caller: Caller) -> None:
    daemon = caller.services.daemon
    providers = (
        ProviderHealth(provider="a", kind="k", model="m\x1b[2J", breaker="open", retry_at=0.0),
        ProviderHealth(provider="b", kind="k", model=None, breaker="closed"),
        ProviderHealth(
            provider="c", kind="k", model="m", breaker="half-open", in_flight=1, concurrency_limit=4
        ),
    )
    card = msgspec.structs.replace(daemon.status(), providers=providers)
    daemon.status = lambda: card  # type: ignore[method-assign]
    told = [" ".join(line.split()) for line in caller.type("status").out.splitlines()[-3:]]
    at = time.strftime("%H:%M:%S", time.localtime(0))
    assert told == [
        f"provider a/m[2J: circuit open, left alone until {at}",
        "provider b: well",
        "provider c/m: circuit half-open, 1 of 4 under way, 0 waiting",
    ]


def test_status_tells_programs_everything(caller: Caller) -> None:
    card = msgspec.json.encode(caller.services.daemon.status())
    assert caller.type("status", "--json").json == msgspec.json.decode(card)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3661, "1 h 1 min"),
        (90000, "1 d 1 h"),
        (86401, "1 d 1 s"),
    ],
)
def test_a_time_is_told_in_its_two_largest_parts(seconds: float, text: str) -> None:
    assert status._duration(seconds) == text


def test_plugins_are_listed_with_what_went_wrong(caller: Caller) -> None:
    failed = msgspec.structs.replace(CARD, name="bad", state="failed", error="SyntaxError: no", commands=())
    caller.services.daemon.cards = [failed, CARD]
    assert caller.type("plugins").out.splitlines() == [
        "name   state   import ms  summary",
        "bad    failed  0.12       SyntaxError: no",
        "greet  loaded  0.12       Greet.",
    ]
    assert [row["name"] for row in caller.type("plugins", "--json").json] == ["bad", "greet"]


def test_one_plugin_is_told_in_full_the_one_in_use_before_the_hidden(caller: Caller) -> None:
    hidden = msgspec.structs.replace(CARD, state="hidden", origin="/other.py")
    caller.services.daemon.cards = [CARD, hidden]
    told = caller.type("plugins", "info", "greet", "--json").json
    assert (told["origin"], told["state"], told["commands"]) == ("/g.py", "loaded", ["greet"])
    assert (told["trusted"], told["trust"]) == (False, "nobody has said so")


def test_a_plugin_that_is_not_there_brings_the_nearest(caller: Caller) -> None:
    caller.services.daemon.cards = [CARD]
    shown = caller.type("plugins", "info", "gret")
    assert (shown.exit, shown.err) == (
        1,
        "error: there is no plugin 'gret'\n  did you mean isaacctl plugins info greet?\n",
    )
    assert "there are: greet" in caller.type("plugins", "info", "zzz").err
