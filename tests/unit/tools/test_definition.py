"""Commands described for models: names that providers take, and schemas without references."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.api import Argument, Context, Option, Plugin, Tier
from isaacd.command import Command
from isaacd.tools.definition import MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS, definition, named


class Leaf(msgspec.Struct):
    name: str
    size: int = 1


class Tree(msgspec.Struct):
    leaf: Leaf
    below: list["Tree"] = []


def find(
    context: Context,
    query: Annotated[str, Argument("What to look for.")],
    *,
    limit: Annotated[int, Option("At most this many.")] = 3,
    order: Literal["name", "size"] = "name",
    root: Path | None = None,
    either: str | int | None = None,
    leaf: Leaf | None = None,
    tree: Tree | None = None,
) -> str:
    """Find things.

    All of them, if need be.

    Examples:
        isaacctl find me
    """
    return query


def command(name: str, handler: Any = find) -> Command:
    return Command(handler, name=name, plugin="test", tool=Tier.READ)


def test_a_tool_says_what_it_does_and_what_it_takes() -> None:
    tool = definition("find", command("find"))
    assert tool.description == "Find things.\n\nAll of them, if need be."
    assert tool.parameters["type"] == "object"
    assert tool.parameters["required"] == ["query"]
    assert tool.parameters["additionalProperties"] is False
    properties: Any = tool.parameters["properties"]
    assert properties["query"] == {"type": "string", "description": "What to look for."}
    assert properties["limit"] == {"type": "integer", "description": "At most this many.", "default": 3}
    assert properties["order"] == {"enum": ["name", "size"], "default": "name"}


def test_what_may_be_left_out_needs_no_null() -> None:
    properties: Any = definition("find", command("find")).parameters["properties"]
    assert properties["root"] == {"type": "string"}
    assert {"type": "null"} not in properties["either"]["anyOf"]
    assert {"type": "integer"} in properties["either"]["anyOf"]


def test_definitions_stand_in_the_place_of_references() -> None:
    parameters = definition("find", command("find")).parameters
    assert "$ref" not in json.dumps(parameters)
    assert "$defs" not in json.dumps(parameters)
    properties: Any = parameters["properties"]
    assert properties["leaf"]["properties"]["name"] == {"type": "string"}
    assert properties["tree"]["properties"]["below"]["items"] == {}  # one that contains itself


def test_parameters_may_be_called_like_keywords_of_schemas() -> None:
    def odd(context: Context, title: str, format: str, properties: int = 0) -> str:  # noqa: A002
        """Take odd names."""
        return title

    properties: Any = definition("odd", command("odd", odd)).parameters["properties"]
    assert list(properties) == ["title", "format", "properties"]


def test_a_command_without_parameters_takes_an_empty_object() -> None:
    def bare(context: Context) -> str:
        """Take nothing."""
        return ""

    assert definition("bare", command("bare", bare)).parameters == {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }


def test_a_long_docstring_is_told_by_its_first_line() -> None:
    def wordy(context: Context) -> str:
        return ""

    wordy.__doc__ = "Say much.\n\n" + "word " * MAX_DESCRIPTION_CHARS
    assert definition("wordy", command("wordy", wordy)).description == "Say much."


def test_names_are_what_providers_take() -> None:
    assert list(named([command("knowledge.search")])) == ["knowledge_search"]


def test_two_names_that_would_be_equal_are_numbered_whatever_their_order() -> None:
    one, other = command("a.b_c"), command("a_b.c")
    assert named([one, other]) == named([other, one]) == {"a_b_c": one, "a_b_c_2": other}


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,80}", fullmatch=True), unique=True))
def test_every_command_gets_a_name_of_its_own(names: list[str]) -> None:
    found = named(command(name) for name in names)
    assert sorted(item.name for item in found.values()) == sorted(names)
    assert all(len(name) <= MAX_NAME_CHARS for name in found)
    assert all(msgspec.json.encode(name).isascii() for name in found)


def test_only_a_tier_declares_a_tool() -> None:
    plugin = Plugin("greet")
    with pytest.raises(Exception, match="must be a Tier"):
        plugin.command(tool="1")(find)  # type: ignore[call-overload]
    plugin.command(tool=Tier.REVERSIBLE)(find)
    plugin.command(name="plain")(find)
    assert [item.tool for item in plugin.commands] == [Tier.REVERSIBLE, None]
