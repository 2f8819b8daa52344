"""The manifest says of a plugin what the plugin says of itself, and survives being written down."""

import enum
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import msgspec
import pytest

from isaacd.api import Argument, Context, Input, Option, Plugin, Tier, Words
from isaacd.cli.parameters import click_parameters
from isaacd.cli.values import Value
from isaacd.plugin.manifest import Manifest, manifest_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def everything() -> Plugin:
    plugin = Plugin("every", summary="Offer everything.", version="1.2")

    @plugin.command(tool=Tier.READ, markdown=True)
    def every(
        context: Context,
        *,
        number: Annotated[int, Option("A number.", "n")] = 0,
        ratio: float = 0.5,
        flag: bool = False,
        turn: bool = True,
        maybe: bool | None = None,
        colour: Colour = Colour.BLUE,
        level: Level | None = None,
        mode: Literal["a", "b", 3] = "a",
        where: Path = Path("/tmp"),
        raw: bytes | None = None,
        data: dict[str, int] | None = None,
        anything: Any = None,
        either: str | int = 7,
        names: list[str] | None = None,
        numbers: Annotated[list[int], Option(name="many-numbers")] = [1, 2],  # noqa: B006
    ) -> str:
        """Do everything.

        Examples:
            isaacctl every
        """
        return ""

    @plugin.command(hidden=True)
    async def text(
        context: Context, file: Annotated[Input, Argument("A file.")], rest: Annotated[str, Words("Words.")]
    ) -> str:
        """Take text."""
        return ""

    @plugin.provider  # type: ignore[arg-type]
    class Echo:
        kind = "echo"
        key_variable = "ECHO_API_KEY"
        aliases = {"fast": "echo-1"}

    @plugin.route
    def rule(line: str) -> str | None:
        return None

    return plugin


def test_a_manifest_says_what_the_plugin_says() -> None:
    made = manifest_of(everything())
    assert (made.name, made.summary, made.version, made.routes) == ("every", "Offer everything.", "1.2", 1)
    assert [item.name for item in made.commands] == ["every", "every.text"]
    bare, text = made.commands
    assert (bare.mode, bare.tool, bare.markdown, bare.hidden) == ("inline", Tier.READ, True, False)
    assert (text.mode, text.hidden) == ("task", True)
    assert bare.doc.startswith("Do everything.")
    (kind,) = made.providers
    assert (kind.kind, kind.key_variable, kind.default_url) == ("echo", "ECHO_API_KEY", None)
    assert kind.aliases == {"fast": "echo-1"}


def test_a_manifest_survives_being_written_down() -> None:
    made = manifest_of(everything())
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Manifest) == made


def test_a_schema_is_kept_whole() -> None:
    plugin = everything()
    for command, outline in zip(plugin.commands, manifest_of(plugin).commands, strict=True):
        assert msgspec.json.decode(outline.schema) == msgspec.json.decode(msgspec.json.encode(command.schema))


def seen(param: click.Parameter) -> dict[str, Any]:
    """Return what a person can see of a parameter."""
    shown = {name: value for name, value in vars(param).items() if name not in ("type", "callback")}
    kind = param.type
    if isinstance(kind, Value):
        shown |= {"metavar of type": kind.metavar, "choices": kind.choices, "is_file": kind.is_file}
    else:
        shown["type"] = type(kind)
    return shown


@pytest.mark.parametrize("index", [0, 1])
def test_the_command_line_shows_a_parameter_the_same_without_its_code(index: int) -> None:
    plugin = everything()
    command, outline = plugin.commands[index], manifest_of(plugin).commands[index]
    ours = click_parameters(command)
    command.parameters = tuple(item.parameter() for item in outline.parameters)
    for with_code, without in zip(ours, click_parameters(command), strict=True):
        assert seen(with_code) == seen(without)
