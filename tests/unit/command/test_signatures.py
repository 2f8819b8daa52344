"""What a function must be like to become a command, and what is said when it is not."""

import enum
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, TypedDict

import msgspec
import pytest

from isaacd.command import Argument, Command, Input, Option, Words
from isaacd.context import Context
from isaacd.errors import PluginFailed

Positive = Annotated[int, msgspec.Meta(gt=0)]
Name = NewType("Name", str)


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Point(msgspec.Struct):
    x: int
    places: list[Path] = []


class Tree(msgspec.Struct):
    children: list["Tree"] = []


@dataclass
class Held:
    by: socket.socket


class Pair(NamedTuple):
    a: int
    b: str


class Keys(TypedDict):
    a: int


def made(function: Callable[..., Any]) -> Command:
    return Command(function, name="test", plugin="test")


def test_every_kind_of_type_is_taken_apart() -> None:
    def every(
        context: Context,
        a: int,
        b: Literal["x", "y"],
        c: Annotated[Positive, "How many."],
        d: list[Mood],
        e: Mood | None = None,
        f: tuple[Path, ...] = (),
        g: Annotated[str | None, Argument("Who.")] = None,
        h: Annotated[str, "Inside."] | None = None,
        i: tuple[int, str] = (1, "x"),
        j: Name = Name("n"),
        k: frozenset[int] = frozenset(),
        m: dict[str, Any] | None = None,
        n: list = [],  # type: ignore[type-arg] # noqa: B006
        *,
        o: bool = False,
    ) -> None:
        """Take it."""

    # The order of places on a command line would be ambiguous, so it is read as options here.
    every.__annotations__["d"] = Annotated[list[Mood], Option("Moods.")]
    every.__annotations__["g"] = Annotated[str | None, Option("Who.")]
    found = {item.name: item for item in made(every).parameters}
    assert {name for name, item in found.items() if item.many} == {"d", "f", "k", "n"}
    assert {name for name, item in found.items() if item.optional} == {"e", "g", "h", "m"}
    assert {name for name, item in found.items() if item.positional} == {"a", "b", "c"}
    assert {name for name, item in found.items() if item.required} == {"a", "b", "c", "d"}
    assert {name for name, item in found.items() if item.keyword_only} == {"o"}
    assert found["c"].marker.help == "How many."
    assert found["h"].marker.help == "Inside."
    kinds = {name: item.inner for name, item in found.items()}
    assert kinds["c"] is int
    assert kinds["d"] is kinds["e"] is Mood
    assert kinds["f"] is Path
    assert kinds["j"] is str
    assert kinds["i"] == tuple[int, str]


def test_structs_and_their_like_may_be_nested_and_recursive() -> None:
    def take(context: Context, point: Point, tree: Tree, pair: Pair, keys: Keys, raw: msgspec.Raw) -> object:
        """Take it."""

    assert len(made(take).parameters) == 5


def test_python_s_own_words_are_names_with_an_underscore_at_the_end() -> None:
    def copy(context: Context, from_: Annotated[str, Option("Whence.")], class_: str = "x") -> None:
        """Copy."""

    assert [(item.field, item.name, item.flag) for item in made(copy).parameters] == [
        ("from_", "from", "--from"),
        ("class_", "class", "--class"),
    ]


def test_an_option_can_have_another_name_than_the_parameter() -> None:
    def go(
        context: Context, dry: Annotated[bool, Option("Only look.", short="n", name="dry-run")] = False
    ) -> None:
        """Go."""

    (item,) = made(go).parameters
    assert (item.field, item.name, item.flag) == ("dry", "dry_run", "--dry-run")


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (socket.socket, "socket.socket"),
        (complex, "complex"),
        (Callable[[], int], "Callable"),
        (Iterator[str], "Iterator"),
        (list[socket.socket], "socket.socket"),
        (socket.socket | None, "socket.socket"),
        (dict[str, complex], "complex"),
        (Held, "socket.socket"),
        (Path | str, "union"),
        (list["Nowhere"], "Nowhere"),  # type: ignore[name-defined] # noqa: F821
    ],
)
def test_a_type_that_cannot_be_sent_is_refused_with_function_and_parameter(kind: Any, named: str) -> None:
    def take(context: Context, thing) -> None:  # type: ignore[no-untyped-def]
        """Take."""

    take.__annotations__["thing"] = kind
    with pytest.raises(PluginFailed) as caught:
        made(take)
    assert "test_signatures" in caught.value.message
    assert "take" in caught.value.message
    assert named in caught.value.message
    if kind != list["Nowhere"]:  # type: ignore[name-defined] # noqa: F821
        assert "`thing`" in caught.value.message
        assert caught.value.hint


def _untyped(context: Context, x) -> None:  # type: ignore[no-untyped-def]
    """Take."""


def _unresolved(context: Context, x: "Nowhere") -> None:  # type: ignore[name-defined] # noqa: F821
    """Take."""


def _no_context() -> None:
    """Take."""


def _other_context(context: int) -> None:
    """Take."""


def _named_context(*, context: Context) -> None:
    """Take."""


def _starred(context: Context, *words: str) -> None:
    """Take."""


def _double_starred(context: Context, **words: str) -> None:
    """Take."""


def _by_place_only(context: Context, x: int, /) -> None:
    """Take."""


def _words_of_numbers(context: Context, x: Annotated[int, Words()]) -> None:
    """Take."""


def _words_in_a_list(context: Context, x: Annotated[list[str], Words()]) -> None:
    """Take."""


def _same_name_twice(context: Context, x: int = 1, x_: int = 2) -> None:
    """Take."""


def _meta(context: Context, meta_: int = 1) -> None:
    """Take."""


def _own_json(context: Context, json: bool = False) -> None:
    """Take."""


def _own_set(context: Context, x: Annotated[str, Option("X", name="set")]) -> None:
    """Take."""


def _capitals(context: Context, Name: str) -> None:  # noqa: N803
    """Take."""


def _leading_underscore(context: Context, _x: int = 1) -> None:
    """Take."""


def _long_short(context: Context, x: Annotated[int, Option(short="xy")] = 1) -> None:
    """Take."""


def _short_of_help(context: Context, x: Annotated[int, Option(short="h")] = 1) -> None:
    """Take."""


def _same_short(
    context: Context, x: Annotated[int, Option(short="a")] = 1, y: Annotated[int, Option(short="a")] = 1
) -> None:
    """Take."""


def _two_lists(context: Context, x: list[str], y: list[str]) -> None:
    """Take."""


def _after_words(context: Context, x: Annotated[str, Words()], y: str) -> None:
    """Take."""


def _required_after_optional(
    context: Context, x: Annotated[str | None, Argument()] = None, *, y: str
) -> None:
    """Take."""


def _yields(context: Context) -> Iterator[str]:
    """Take."""
    yield "x"


def _undocumented(context: Context) -> None:
    pass


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_untyped, "`x` needs a type"),
        (_unresolved, "Nowhere"),
        (_no_context, "context: Context"),
        (_other_context, "`context`, must be a Context"),
        (_named_context, "context: Context"),
        (_starred, "`*words: str`"),
        (_double_starred, "`**words: str`"),
        (_by_place_only, "`x: int`"),
        (_words_of_numbers, "`x` is Words"),
        (_words_in_a_list, "`x` is Words"),
        (_same_name_twice, "`x_` has the same name as `x`"),
        (_meta, "`meta_` has the same name as"),
        (_own_json, "--json already"),
        (_own_set, "--set already"),
        (_capitals, "`Name` needs a name of a-z"),
        (_leading_underscore, "`_x` needs a name"),
        (_long_short, "'xy'"),
        (_short_of_help, "`x` has the short form -h"),
        (_same_short, "`y` has the short form -a, as `x` has"),
        (_two_lists, "`y` has no place"),
        (_after_words, "`y` has no place"),
        (_required_after_optional, "`y` is required"),
    ],
)
def test_what_cannot_be_offered_is_refused_with_function_and_parameter(
    function: Callable[..., Any], words: str
) -> None:
    with pytest.raises(PluginFailed) as caught:
        made(function)
    assert function.__name__ in caught.value.message
    assert words in caught.value.message


@pytest.mark.parametrize(("function", "words"), [(_yields, "async def"), (_undocumented, "docstring")])
def test_a_command_has_help_and_waits_for_nothing(function: Callable[..., Any], words: str) -> None:
    with pytest.raises(PluginFailed, match=words):
        made(function)


def test_the_kind_of_function_decides_how_it_runs() -> None:
    def inline(context: Context) -> None:
        """Answer."""

    async def task(context: Context) -> None:
        """Answer."""

    async def stream(context: Context) -> AsyncIterator[str]:
        """Answer."""
        yield ""

    assert [made(item).mode for item in (inline, task, stream)] == ["inline", "task", "stream"]


def test_methods_become_commands_without_their_self() -> None:
    class Room:
        def enter(self, context: Context, name: Input) -> str:
            """Enter."""
            return str(name)

    assert [item.name for item in made(Room().enter).parameters] == ["name"]
