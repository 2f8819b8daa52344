"""Every bundled command is shown, completed and described the same whether its plugin is imported or not."""

import msgspec
import pytest

from isaacd.cli.complete import complete
from isaacd.clock import SystemClock
from isaacd.command import Catalog, Command
from isaacd.command.outline import Outline, outline_of
from isaacd.command.outlined import LazyCommand
from isaacd.errors import InvalidParams
from isaacd.plugin import BootLoader
from tests.fake_caller import Caller
from tests.fakes import FakeServices

SERVICES = FakeServices()
LOADED = BootLoader(
    user_dir=SERVICES.paths.data_dir / "plugins", disabled=(), clock=SystemClock(), log=SERVICES.log
).load_all()
PLUGINS = [item.plugin for item in LOADED if item.plugin is not None]
COMMANDS = {command.name: command for plugin in PLUGINS for command in plugin.commands}


def written_and_read(command: Command) -> Outline:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(outline_of(command)), type=Outline)


def lazy(command: Command) -> LazyCommand:
    async def find() -> Command:
        return command

    return LazyCommand(written_and_read(command), find)


@pytest.fixture(scope="module")
def callers() -> tuple[Caller, Caller]:
    real, known = Caller(*PLUGINS), Caller()
    known.catalog = Catalog(lazy(command) for command in COMMANDS.values())
    known.catalog.summaries = real.catalog.summaries
    known.line = type(known.line)(known.catalog, lambda: None)
    return real, known


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_completion_and_schema_need_no_code(name: str, callers: tuple[Caller, Caller]) -> None:
    real, known = callers
    words = name.replace("_", "-").split(".")
    assert known.type(*words, "--help").out == real.type(*words, "--help").out
    assert known.type(*words, "--no-such").err == real.type(*words, "--no-such").err
    for start in ("", "-", "--", "a"):
        asked = [*words, start]
        assert complete(known.line.tree(), asked) == complete(real.line.tree(), asked)


def test_the_cards_are_the_same(callers: tuple[Caller, Caller]) -> None:
    real, known = callers
    encoded = msgspec.json.encode
    assert encoded(known.catalog.cards()) == encoded(real.catalog.cards())
    assert known.type("--help").out == real.type("--help").out


def test_a_value_that_does_not_fit_is_refused_before_the_code_is_needed() -> None:
    command = lazy(COMMANDS["greet"])
    call = command.decode(msgspec.Raw(msgspec.msgpack.encode([{"name": 3}])), "msgpack")
    with pytest.raises(InvalidParams, match="name"):
        command.seen(call.args)
