"""Every command of every bundled plugin keeps the laws that help, completion and programs rely on."""

import re
import shlex
from typing import Any, get_args, get_origin

import msgspec
import pytest

from isaacd.cli.help import split_doc
from isaacd.cli.parameters import click_parameters
from isaacd.cli.render import width_of
from isaacd.cli.tree import Parsed
from isaacd.cli.values import Value
from isaacd.clock import SystemClock
from isaacd.command import Command
from isaacd.context import TTY, Terminal
from isaacd.plugin import BootLoader, LoadedPlugin, Plugin
from tests.fake_caller import Caller
from tests.fakes import FakeServices


def _load() -> list[LoadedPlugin]:
    services = FakeServices()
    loader = BootLoader(
        user_dir=services.paths.data_dir / "plugins", disabled=(), clock=SystemClock(), log=services.log
    )
    return loader.load_all()


FOUND = _load()
PLUGINS = [item.plugin for item in FOUND if item.plugin is not None]
# A hidden command is for programs of ours, and cannot be typed.
COMMANDS = [command for plugin in PLUGINS for command in plugin.commands if not command.hidden]
every_plugin = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda item: item.name)
every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda item: item.name)


@pytest.fixture(scope="module")
def caller() -> Caller:
    return Caller(*PLUGINS)


def argv_of(command: Command) -> list[str]:
    return command.name.replace("_", "-").split(".")


def test_every_bundled_plugin_loads() -> None:
    assert {item.name: item.error for item in FOUND if item.state != "loaded"} == {}
    assert {"ask", "config", "greet", "knowledge", "openai_compatible", "plugins", "status"} <= {
        item.name for item in FOUND
    }


@every_plugin
def test_a_plugin_says_in_one_line_what_it_is_for(plugin: Plugin) -> None:
    assert plugin.summary.endswith(".")
    assert "\n" not in plugin.summary
    assert len(plugin.summary) <= 80
    assert plugin.version


@every_command
def test_a_command_says_what_it_does_in_one_line(command: Command) -> None:
    assert command.summary.endswith(".")
    assert len(command.summary) <= 100
    assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?", command.name)
    assert command.name.partition(".")[0] == command.plugin


@every_command
def test_every_example_is_a_line_that_is_understood(command: Command, caller: Caller) -> None:
    _, examples = split_doc(command.doc)
    assert examples, "an example says more than a paragraph"
    lines = [
        part.strip() for line in examples for part in re.split(r"\||\$\(|\)", line) if "isaacctl" in part
    ]
    assert any(shlex.split(line)[1:][: len(argv_of(command))] == argv_of(command) for line in lines)
    for line in lines:
        words = shlex.split(line.partition(" > ")[0])
        parsed = caller.line.tree().parse(words[words.index("isaacctl") + 1 :], Terminal())
        assert isinstance(parsed, Parsed)


@every_command
def test_every_parameter_is_explained(command: Command) -> None:
    for item in command.parameters:
        assert item.marker.help or command.plugin == "greet", item.name
        assert not item.marker.help or item.marker.help.endswith((".", "?")), item.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", item.name)


@every_command
def test_a_program_can_read_the_schema(command: Command) -> None:
    schema: Any = msgspec.json.decode(msgspec.json.encode(command.schema))
    assert schema["type"] == "object"
    assert set(schema["properties"]) == {item.name for item in command.parameters}
    assert set(schema["required"]) == {item.name for item in command.parameters if item.required}
    text = msgspec.json.encode(schema).decode()
    for reference in re.findall(r'"\$ref":"#/\$defs/([^"]+)"', text):
        assert reference in schema["$defs"]


@every_command
def test_the_result_can_be_written_as_json(command: Command) -> None:
    results = [item for item in _results(command) if item is not str]
    assert command.returns is not Any, "a command says what it returns"
    for kind in results:
        # A schema can be made of a type only if its values can be encoded.
        msgspec.json.schema(kind, schema_hook=lambda _: {"type": "string"})


def _results(command: Command) -> list[Any]:
    """Return the types of a result; those of a stream are what it yields."""
    kind = command.returns
    if command.mode != "stream":
        return [kind]
    (yielded, *_) = get_args(kind)
    return list(get_args(yielded)) if get_origin(yielded) is not None or get_args(yielded) else [yielded]


@every_command
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_help_is_whole_at_every_width(command: Command, caller: Caller, columns: int) -> None:
    shown = caller.type(*argv_of(command), "--help", tty=TTY(stdout=True, columns=columns))
    assert (shown.exit, shown.err) == (0, "")
    assert command.summary.split()[0] in shown.out
    for param in click_parameters(command):
        assert str(param.name).upper().replace("_", "-") in shown.out or param.opts[0] in shown.out
    unwrapped = set(split_doc(command.doc)[1])
    assert all(
        width_of(line) <= max(columns, 50) for line in shown.out.splitlines() if line.strip() not in unwrapped
    )


@every_command
def test_json_is_an_option_of_every_command(command: Command, caller: Caller) -> None:
    assert "--json" in caller.type(*argv_of(command), "--help").out
    shown = caller.type(*argv_of(command), "--no-such-option", "--json")
    assert (shown.exit, shown.err) == (2, "")
    assert shown.json["error"]["name"] == "invalid_params"


@every_command
def test_every_choice_and_kind_of_value_has_a_form_on_the_command_line(command: Command) -> None:
    for param in click_parameters(command):
        assert not isinstance(param.type, Value) or param.type.metavar


@pytest.mark.parametrize("argv", [["status"], ["plugins"], ["greet"], ["config", "path"], ["config", "show"]])
def test_what_needs_nothing_answers_people_and_programs(argv: list[str], caller: Caller) -> None:
    for shown in (
        caller.type(*argv),
        caller.type(*argv, tty=TTY(stdout=True, columns=60)),
        caller.type(*argv, "--json"),
    ):
        assert (shown.exit, shown.err) == (0, "")
    msgspec.json.decode(caller.type(*argv, "--json").out)
