"""The arguments of a request on the wire: every form decodes alike, and every mistake is named."""

import enum
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.command import Command, Input
from isaacd.context import NO_META, Context
from isaacd.errors import InvalidParams

FORMS = ("msgpack", "json")


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Point(msgspec.Struct, frozen=True):
    x: int
    y: int = 0


def pick(
    context: Context,
    word: str,
    count: Annotated[int, msgspec.Meta(ge=1)] = 1,
    *,
    from_: str | None = None,
    level: Level = Level.LOW,
    kind: Literal["a", "b"] = "a",
    points: list[Point] = [],  # noqa: B006
    extra: dict[str, int] = {},  # noqa: B006
) -> None:
    """Pick something."""


def files(
    context: Context,
    one: Path,
    more: list[Path] = [],  # noqa: B006
    maybe: Path | None = None,
    text: Input | None = None,
) -> None:
    """Name files."""


def nothing(context: Context) -> None:
    """Do nothing."""


PICK = Command(pick, name="pick", plugin="test")
FILES = Command(files, name="files", plugin="test")
NOTHING = Command(nothing, name="nothing", plugin="test")


def decode(command: Command, params: object, form: Any = "msgpack") -> Any:
    encode = msgspec.msgpack.encode if form == "msgpack" else msgspec.json.encode
    return command.decode(msgspec.Raw(encode(params)), form)


def refusal(command: Command, params: object, form: Any = "msgpack") -> InvalidParams:
    with pytest.raises(InvalidParams) as caught:
        decode(command, params, form)
    return caught.value


@pytest.mark.parametrize("form", FORMS)
def test_named_and_positional_arguments_are_the_same(form: str) -> None:
    by_place = decode(PICK, ["w", 3, "f", 2, "b", [{"x": 1}], {"k": 1}], form).args
    named = {
        "word": "w",
        "count": 3,
        "from": "f",
        "level": 2,
        "kind": "b",
        "points": [{"x": 1}],
        "extra": {"k": 1},
    }
    by_name = decode(PICK, [named], form).args
    for item in PICK.parameters:
        assert getattr(by_place, item.field) == getattr(by_name, item.field)
    assert by_name.level is Level.HIGH
    assert by_name.points == [Point(1)]
    assert by_name.from_ == "f"
    if form == "json":
        assert decode(PICK, named, form).args == by_name


@pytest.mark.parametrize("form", FORMS)
def test_what_is_left_out_has_its_default_and_mutable_defaults_are_not_shared(form: str) -> None:
    first, second = (decode(PICK, [{"word": "w"}], form).args for _ in range(2))
    assert (first.count, first.from_, first.kind) == (1, None, "a")
    first.points.append(Point(1))
    assert second.points == []


@pytest.mark.parametrize("raw", [b"", b"\x90", b"\xc0", b"\xdc\x00\x00"])
def test_no_arguments_can_be_said_in_several_ways(raw: bytes) -> None:
    assert NOTHING.decode(msgspec.Raw(raw), "msgpack").meta is NO_META
    with pytest.raises(InvalidParams, match="missing argument `word`"):
        PICK.decode(msgspec.Raw(raw), "msgpack")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"null", b" [ ] "])
def test_no_arguments_can_be_said_in_several_ways_in_json(raw: bytes) -> None:
    assert NOTHING.decode(msgspec.Raw(raw.strip()), "json").meta == NO_META
    with pytest.raises(InvalidParams, match="missing argument `word`"):
        PICK.decode(msgspec.Raw(raw.strip()), "json")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "params",
    [
        [{"word": "w", "_meta": {"cwd": "/c", "deadline_ms": 5}}],
        ["w", {"_meta": {"cwd": "/c", "deadline_ms": 5}}],
        ["w", 1, {"_meta": {"cwd": "/c", "deadline_ms": 5, "from_the_future": [1]}}],
    ],
)
def test_meta_is_found_in_every_form_and_is_no_argument(params: object, form: str) -> None:
    call = decode(PICK, params, form)
    assert (call.meta.cwd, call.meta.deadline_ms) == ("/c", 5)
    assert (call.args.word, call.args.count) == ("w", 1)


@pytest.mark.parametrize("form", FORMS)
def test_meta_that_is_wrong_is_named(form: str) -> None:
    assert (
        "_meta.deadline_ms: expected" in refusal(PICK, ["w", {"_meta": {"deadline_ms": "x"}}], form).message
    )
    assert (
        "_meta.deadline_ms: expected"
        in refusal(PICK, [{"word": "w", "_meta": {"deadline_ms": "x"}}], form).message
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("params", "message", "hint"),
    [
        ([{"wrod": "w"}], "pick: unknown argument `wrod`", "did you mean `word`?"),
        ([{"word": "w", "zzz": 1}], "pick: unknown argument `zzz`", "it takes `word`, `count`, `from`"),
        ([{"count": 1}], "pick: missing argument `word`", None),
        ([{"word": 1}], "pick: word: expected `str`, got `int`", None),
        ([1], "pick: word: expected `str`, got `int`", None),
        ([{"word": "w", "count": 0}], "pick: count: expected `int` >= 1", None),
        (["w", 0], "pick: count: expected `int` >= 1", None),
        ([{"word": "w", "level": 7}], "pick: level: invalid enum value 7", None),
        ([{"word": "w", "kind": "c"}], "pick: kind: invalid enum value 'c'", None),
        (
            [{"word": "w", "points": [{"x": 1}, {"y": 1}]}],
            "pick: points[1]: object missing required field `x`",
            None,
        ),
        (["w", 1, None, 1, "a", [{"x": "1"}]], "pick: points[0].x: expected `int`, got `str`", None),
        (["w", 1, None, 1, "a", [], {}, 8], "pick takes at most 7 arguments, not 8", None),
    ],
)
def test_a_mistake_is_said_with_the_name_of_the_argument(
    form: str, params: object, message: str, hint: str | None
) -> None:
    error = refusal(PICK, params, form)
    assert error.message == message
    assert hint is None or (error.hint or "").startswith(hint)


def test_a_very_long_unknown_name_costs_nothing_and_is_cut() -> None:
    error = refusal(PICK, [{"x" * 100_000: 1}])
    assert len(error.message) < 200


def test_paths_lie_in_the_caller_s_directory_and_home() -> None:
    meta = {"cwd": "/srv/dir", "env": {"HOME": "/home/ada"}}
    args = decode(FILES, [{"one": "a/b", "more": ["/x", "~/y", "~other"], "maybe": "..", "_meta": meta}]).args
    assert args.one == Path("/srv/dir/a/b")
    assert args.more == [Path("/x"), Path("/home/ada/y"), Path("/srv/dir/~other")]
    assert args.maybe == Path("/srv/dir/..")
    assert decode(FILES, ["a"]).args.one == Path("a")


def test_a_path_and_a_text_must_be_text() -> None:
    assert refusal(FILES, [1]).message.startswith("files: one: expected `str`")
    assert refusal(FILES, [{"one": "a", "text": [1]}]).message.startswith("files: text: expected `str`")
    assert type(decode(FILES, [{"one": "a", "text": "the text itself"}]).args.text) is Input


def test_lenient_commands_ignore_what_they_do_not_know() -> None:
    lenient = Command(pick, name="pick", plugin="test", lenient=True)
    assert decode(lenient, [{"word": "w", "from_the_future": 1}]).args.word == "w"


@given(st.binary(max_size=60), st.sampled_from(FORMS))
def test_whatever_the_bytes_only_invalid_params_is_raised(data: bytes, form: Any) -> None:
    module = msgspec.msgpack if form == "msgpack" else msgspec.json
    try:
        raw = module.decode(data, type=msgspec.Raw)
    except msgspec.DecodeError:
        return  # params are cut out of a message that is whole
    for command in (PICK, FILES, NOTHING):
        with suppress(InvalidParams):
            command.decode(raw, form)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.text(max_size=5)
        | st.binary(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["word", "_meta", "x"]), inner)
        ),
        max_leaves=12,
    )
)
def test_whatever_the_values_only_invalid_params_is_raised(value: object) -> None:
    for command in (PICK, FILES, NOTHING):
        with suppress(InvalidParams):
            command.decode(msgspec.Raw(msgspec.msgpack.encode(value)), "msgpack")
