"""Law: what a person types and what a program sends give the handler the same values."""

import enum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from isaacd.cli.run import CommandLine
from isaacd.cli.tree import Parsed
from isaacd.command import Argument, Catalog, Command, Option, Words
from isaacd.context import Context, Meta, Terminal


class Mood(enum.StrEnum):
    GOOD = "good"
    BAD = "bad"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Point(msgspec.Struct):
    x: int
    label: str = ""


def take(
    context: Context,
    word: str,
    number: Annotated[int, msgspec.Meta(ge=-1000)],
    mood: Annotated[Mood, Argument("How.")] = Mood.GOOD,
    *,
    level: Annotated[Level, Option("How high.", short="l")] = Level.LOW,
    kind: Literal["a", "b", 3] = "a",
    size: float = 1.0,
    loud: bool = False,
    quiet: bool = True,
    sure: bool | None = None,
    path: Path = Path("x"),
    paths: list[Path] = [],  # noqa: B006
    words: tuple[str, ...] = (),
    numbers: set[int] = set(),  # noqa: B006
    point: Point | None = None,
    points: list[Point] = [],  # noqa: B006
    keys: dict[str, int] = {},  # noqa: B006
    numbered: dict[int, str] = {},  # noqa: B006
    pair: tuple[int, str] = (0, ""),
    either: str | int = "",
    anything: Any = None,
    from_: Annotated[str | None, Option("Whence.", name="from-here")] = None,
) -> None:
    """Take everything."""


def say(context: Context, words: Annotated[str, Words("What.")], *, loud: bool = False) -> None:
    """Say it."""


TAKE, SAY = Command(take, name="take", plugin="test"), Command(say, name="say", plugin="test")
TREE = CommandLine(Catalog([TAKE, SAY]), lambda: None).tree()
META = Meta(cwd="/here")

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
plain = texts.filter(lambda text: not text.startswith("-"))
whole = st.integers(-1000, 2**63)
anything = st.recursive(
    st.none() | st.booleans() | whole | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=4,
)
# For each parameter the values that a program sends; a command line has them as `spell` says.
wire_values = st.fixed_dictionaries(
    {"word": plain, "number": whole},
    optional={
        "mood": st.sampled_from(["good", "bad"]),
        "level": st.sampled_from([1, 2]),
        "kind": st.sampled_from(["a", "b", 3]),
        "size": st.floats(allow_nan=False, allow_infinity=False),
        "loud": st.booleans(),
        "quiet": st.booleans(),
        "sure": st.booleans(),
        "path": texts,
        "paths": st.lists(texts, min_size=1, max_size=3),
        "words": st.lists(texts, min_size=1, max_size=3),
        "numbers": st.lists(whole, min_size=1, max_size=3, unique=True),
        "point": st.fixed_dictionaries({"x": whole}, optional={"label": texts}),
        "points": st.lists(st.fixed_dictionaries({"x": whole}), min_size=1, max_size=2),
        "keys": st.dictionaries(texts, whole, max_size=3),
        "numbered": st.dictionaries(whole, texts, max_size=3),
        "pair": st.tuples(whole, texts),
        "either": whole | texts.filter(lambda text: spell(text) is not None and not _is_json(text)),
        "anything": anything.filter(lambda value: value is not None and not isinstance(value, str)),
        "from_here": texts,
    },
)


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return False
    return True


def spell(value: Any) -> str:
    """Write one value as a person would."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value)
    return msgspec.json.encode(value).decode()


def typed(values: dict[str, Any]) -> list[str]:
    """Write a call of `take` as a command line."""
    places = ["word", "number", "mood"]
    options: list[str] = []
    for name, value in values.items():
        flag = f"--{name.replace('_', '-')}"
        if name in places:
            continue
        if isinstance(value, bool) and name in ("loud", "quiet", "sure"):
            options += [flag] if value else [f"--no-{name}"] if name != "loud" else []
        elif isinstance(value, list) and name in ("paths", "words", "numbers", "points"):
            options += [word for item in value for word in (flag, spell(item))]
        else:
            options.append(f"{flag}={spell(value)}")
    return ["take", *options, *(spell(values[name]) for name in places if name in values)]


def parsed(argv: list[str]) -> Any:
    found = TREE.parse(argv, Terminal())
    assert isinstance(found, Parsed)
    return found.command.bind(found.values, META).args


@given(wire_values)
def test_a_typed_call_and_a_sent_one_decode_alike(values: dict[str, Any]) -> None:
    sent = [{**values, "_meta": {"cwd": "/here"}}]
    from_wire = TAKE.decode(msgspec.Raw(msgspec.msgpack.encode(sent)), "msgpack").args
    from_json = TAKE.decode(msgspec.Raw(msgspec.json.encode(sent)), "json").args
    from_line = parsed(typed(values))
    for item in TAKE.parameters:
        on_wire, on_line = getattr(from_wire, item.field), getattr(from_line, item.field)
        assert on_wire == on_line == getattr(from_json, item.field), item.name
        assert type(on_wire) is type(on_line), item.name


@given(st.lists(plain.filter(lambda word: "\0" not in word), min_size=1), st.booleans())
def test_words_are_one_text_however_they_are_quoted(words: list[str], loud: bool) -> None:
    flag = ["--loud"] if loud else []
    from_line = parsed(["say", *flag, *words])
    assert from_line.words == " ".join(words)
    assert parsed(["say", " ".join(words), *flag]) == from_line
    assert parsed(["say", *flag, "--", *words]) == from_line


@given(st.lists(texts, min_size=1))
def test_after_two_dashes_every_word_is_one(words: list[str]) -> None:
    assert parsed(["say", "--", *words]).words == " ".join(words)
