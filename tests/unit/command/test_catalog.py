"""The catalog: one command a name, suggestions, and cards that programs can read."""

import enum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import pytest

from isaacd.command import Argument, Catalog, Command, Input, Option, Words
from isaacd.context import Context, Meta
from isaacd.errors import MethodNotFound, PluginFailed


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Point(msgspec.Struct):
    """A place."""

    x: Annotated[int, msgspec.Meta(ge=0)]
    next: "Point | None" = None


def every(
    context: Context,
    word: Annotated[str, Words("All of it.")],
    *,
    mood: Mood = Mood.GOOD,
    kind: Literal["a", "b"] = "a",
    file: Path = Path("/x"),
    files: list[Path] = [],  # noqa: B006
    points: list[Point] = [],  # noqa: B006
    text: Annotated[Input | None, "The text."] = None,
    size: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5,
    anything: Any = None,
    thing: object = None,
    keys: dict[str, int | None] = {},  # noqa: B006
    from_: Annotated[str, Option("Whence.")] = "",
    flag: bool = False,
    pair: tuple[int, str] = (1, "x"),
    request: Meta | None = None,
) -> None:
    """Take everything."""


def first(context: Context) -> str:
    """Be the first."""
    return ""


def command(function: Any = first, name: str = "first", plugin: str = "one", **settings: Any) -> Command:
    return Command(function, name=name, plugin=plugin, **settings)


def test_two_commands_of_one_name_are_refused_with_both_plugins_and_a_way_to_choose() -> None:
    catalog = Catalog([command()])
    with pytest.raises(PluginFailed) as caught:
        catalog.add(command(name="second", plugin="two"), command(plugin="two"))
    assert "plugins one and two both have a command first" in caught.value.message
    assert 'disabled = ["two"]' in (caught.value.hint or "")
    assert catalog.find("second") is None, "all or none"
    with pytest.raises(PluginFailed):
        Catalog([command(), command()])


def test_every_change_is_a_new_version() -> None:
    catalog = Catalog()
    versions = [catalog.version]
    catalog.add(command())
    versions.append(catalog.version)
    catalog.add(command(name="x"), command(name="y"))
    versions.append(catalog.version)
    assert len(set(versions)) == 3
    assert len(catalog) == 3


def test_an_unknown_command_brings_the_nearest() -> None:
    catalog = Catalog([command(name="status"), command(name="secret", hidden=True)])
    with pytest.raises(MethodNotFound) as caught:
        catalog.get("sttaus")
    assert caught.value.hint == "did you mean `status`?"
    with pytest.raises(MethodNotFound) as caught:
        catalog.get("secrte")
    assert "secret" not in (caught.value.hint or "")
    assert len(catalog.unknown("x" * 1_000_000).message) < 200


def test_cards_are_sorted_leave_out_the_hidden_and_can_be_sent() -> None:
    catalog = Catalog(
        [command(name="b"), command(name="a"), command(name="h", hidden=True), command(every, "c")]
    )
    cards = catalog.cards()
    assert [card.name for card in cards] == ["a", "b", "c"]
    assert (cards[0].summary, cards[0].mode, cards[0].plugin) == ("Be the first.", "inline", "one")
    msgspec.json.encode(cards)
    msgspec.msgpack.encode(cards)


def test_a_schema_describes_the_named_form() -> None:
    schema: Any = command(every, "every").schema
    properties = schema["properties"]
    assert schema["type"] == "object"
    assert schema["required"] == ["word"]
    assert schema["additionalProperties"] is False
    assert list(properties) == [item.name for item in command(every, "every").parameters]
    assert properties["word"] == {"type": "string", "description": "All of it."}
    assert properties["file"] == {"type": "string", "format": "path", "default": "/x"}
    assert properties["files"]["items"] == {"type": "string", "format": "path"}
    assert properties["size"] == {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.5}
    assert properties["from"]["description"] == "Whence."
    assert properties["thing"] == {"description": "any value", "default": None}
    assert schema["$defs"]["Mood"]["enum"] == ["bad", "good"]


def test_every_reference_of_a_schema_resolves_and_nothing_is_left_over() -> None:
    schema: Any = command(every, "every").schema
    used = {ref.removeprefix("#/$defs/") for ref in _references(schema)}
    assert used == set(schema["$defs"])
    assert {"Point", "Mood", "Meta", "TTY"} <= used, "a parameter's own Meta stays"
    assert "$defs" not in command().schema
    assert command(every, "every", lenient=True).schema.get("additionalProperties") is None


def test_an_argument_can_be_optional_and_positional() -> None:
    def show(context: Context, key: Annotated[str | None, Argument("Which.")] = None) -> None:
        """Show."""

    schema: Any = command(show, "show").schema
    assert schema["properties"]["key"]["description"] == "Which."
    assert schema["required"] == []


class Odd(NamedTuple):
    a: Any = object()


def test_what_has_no_schema_is_described_loosely() -> None:
    def odd(
        context: Context, odd: Annotated[Odd, "Odd."], file: Path, files: tuple[Path, ...] = (Path("x"),)
    ) -> None:
        """Be odd."""

    assert command(odd, "odd").schema == {
        "type": "object",
        "properties": {"odd": {"description": "Odd."}, "file": {}, "files": {}},
        "required": ["odd", "file"],
    }


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {value for key, value in node.items() if key == "$ref"}.union(*map(_references, node.values()))
    return set().union(*map(_references, node)) if isinstance(node, list) else set()


def named(name):
    def handler(context: Context) -> None:
        """Do nothing."""

    return Command(handler, name=name, plugin=name)


class Later:
    """Supplies one command, when it is opened."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.opened = []

    def open(self):
        self.opened.append(1)
        self.catalog.add(named("late"))

    def missing(self, name):
        return named(name) if name == "coming" else None

    def waiting(self, word):
        return None

    def refusal(self, word):
        return None


def test_what_was_left_for_later_comes_once_and_with_the_first_look_for_a_command():
    catalog = Catalog([named("own")])
    later = Later(catalog)
    catalog.later(lambda: later, {"ping"})
    assert catalog.find("ping") is None
    assert later.opened == []
    assert catalog.find("late") is not None
    assert catalog.get("own").name == "own"
    assert [item.name for item in catalog] == ["own", "late"]
    assert later.opened == [1]


def test_a_command_that_may_still_come_is_stood_for():
    catalog = Catalog()
    catalog.later(lambda: Later(catalog), ())
    assert catalog.get("coming").name == "coming"
    with pytest.raises(MethodNotFound):
        catalog.get("nowhere")


def test_a_plugin_s_commands_are_exchanged_as_a_whole_or_not_at_all():
    catalog = Catalog([named("a"), named("b")])
    find, version = catalog.find, catalog.version
    catalog.put("a", [Command(lambda_of("Do."), name="a.x", plugin="a")])
    assert [item.name for item in catalog] == ["b", "a.x"]
    assert (find("a"), catalog.version) == (None, version + 1)
    with pytest.raises(PluginFailed, match="the plugins b and a both have a command b"):
        catalog.put("a", [named("c"), Command(lambda_of("Do."), name="b", plugin="a")])
    assert [item.name for item in catalog] == ["b", "a.x"]
    other = Command(lambda_of("Do."), name="a.x", plugin="a")
    catalog.swap([other, named("unknown")])
    assert (find("a.x"), len(catalog), catalog.version) == (other, 2, version + 1)


def lambda_of(doc):
    def handler(context: Context) -> None: ...

    handler.__doc__ = doc
    return handler


@pytest.mark.parametrize("look", [list, len, Catalog.cards, lambda catalog: catalog.get("late")])
def test_every_way_to_look_sees_what_was_left_for_later(look):
    catalog = Catalog()
    catalog.later(lambda: Later(catalog), ())
    look(catalog)
    assert catalog.version == 2
