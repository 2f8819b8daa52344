"""Laws of what a plugin declares: kept as it was said, the functions unchanged, and mistakes refused where they are made."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
import pytest

from isaacd.cache.policy.lru import LRU
from isaacd.context import HOUSE_EVENTS
from isaacd.errors import PluginFailed
from isaacd.plugin import Plugin


async def with_context(context: Any) -> None:
    """Work."""


async def with_event(context: Any, event: Any) -> None:
    """Handle."""


def test_what_is_declared_is_kept_and_the_functions_are_unchanged() -> None:
    plugin = Plugin(
        "notes",
        requires=("find >= 2", "grep"),
        capabilities=["state", "ask", "state"],
        activation="event",
        events=("added",),
    )
    assert plugin.on("history.added")(with_event) is with_event
    assert plugin.on("find.done", timeout_s=5)(with_event) is with_event
    assert plugin.on("notes.added")(with_event) is with_event
    assert plugin.every(3600, jitter=0, name="hourly")(with_context) is with_context
    assert plugin.setup(with_context) is with_context
    assert plugin.teardown(timeout_s=1)(with_context) is with_context
    assert plugin.policy("first-out")(LRU) is LRU
    assert plugin.requires == ("find>=2", "grep")
    assert plugin.capabilities == ("state", "ask")
    assert [(item.event, item.name, item.timeout_s) for item in plugin.handlers] == [
        ("history.added", "with_event", 30.0),
        ("find.done", "with_event", 5),
        ("notes.added", "with_event", 30.0),
    ]
    assert [(item.name, item.every_s, item.jitter) for item in plugin.jobs] == [("hourly", 3600.0, 0)]
    assert plugin.begin is not None
    assert plugin.end is not None
    assert plugin.end.timeout_s == 1
    assert plugin.policies == {"first-out": LRU}


@pytest.mark.parametrize(
    ("declare", "told"),
    [
        (lambda: Plugin("p", activation="now"), "`activation` must be one of use, start, event"),  # type: ignore[arg-type]
        (lambda: Plugin("p", capabilities="ask"), "`capabilities` must be a tuple of texts"),
        (lambda: Plugin("p", requires="notes"), "`requires` must be a tuple of texts"),
        (lambda: Plugin("p", requires=("notes =1",)), "names no plugin to require"),
        (lambda: Plugin("p", capabilities=("sate",)), "there is no capability 'sate'"),
        (lambda: Plugin("p", events=("Added",)), "'Added' is no name for an event"),
        (lambda: Plugin("p", events=("p.added",)), "'p.added' is no name for an event"),
        (lambda: Plugin("p", api="7"), "needs version 7 of the plugin API"),
        (lambda: Plugin("p").every(0), "`seconds` must be a number of seconds above 0"),
        (lambda: Plugin("p").every(0.5), "cannot run more often than every 1 s"),
        (lambda: Plugin("p").every(True), "`seconds` must be a number"),
        (lambda: Plugin("p").every("5"), "`seconds` must be a number"),  # type: ignore[arg-type]
        (lambda: Plugin("p").every(float("nan")), "`seconds` must be a number"),
        (lambda: Plugin("p").every(5, jitter=2), "`jitter` must be a part of the period"),
        (lambda: Plugin("p").every(5, timeout_s=-1), "`timeout_s` must be a number"),
        (lambda: Plugin("p").every(5)(with_event), "with_event must be a function \\(context\\)"),
        (
            lambda: Plugin("p").on("history.added")(with_context),
            "must be a function \\(context, event\\)",
        ),
        (lambda: Plugin("p").on("history.added", timeout_s=0), "`timeout_s` must be a number"),
        (lambda: Plugin("p").policy("First"), "'First' is no name for a cache policy"),
        (lambda: Plugin("p").policy(LRU), "is no name for a cache policy"),  # type: ignore[arg-type]
        (lambda: Plugin("p").setup(with_event), "must be a function \\(context\\)"),
    ],
)
def test_a_mistake_is_refused_where_it_is_made(declare: Callable[[], object], told: str) -> None:
    with pytest.raises(PluginFailed, match=told):
        declare()


@pytest.mark.parametrize(
    ("event", "hint"),
    [
        ("histroy.added", 'did you mean "history.added"?'),
        ("history.add", 'did you mean "history.added"?'),
        ("notes.aded", 'did you mean "notes.added"?'),
        ("elsewhere.done", "write it into `requires`"),
        ("", "there are: "),
        ("find.", "there are: "),
    ],
)
def test_an_unknown_event_is_refused_with_a_suggestion(event: str, hint: str) -> None:
    plugin = Plugin("notes", events=("added",), requires=("find",))
    with pytest.raises(PluginFailed, match="there is no event") as refused:
        plugin.on(event)
    assert hint in str(refused.value.hint)
    for known in (*HOUSE_EVENTS, "notes.added", "find.anything"):
        plugin.on(known)


def test_two_of_one_name_are_refused() -> None:
    plugin = Plugin("p")
    plugin.every(5)(with_context)
    plugin.on("history.added")(with_event)
    plugin.setup(with_context)
    plugin.policy("x")(LRU)
    for again, told in (
        (lambda: plugin.every(9)(with_context), "two jobs with_context"),
        (lambda: plugin.on("history.added")(with_event), "two handlers with_event of history.added"),
        (lambda: plugin.setup(with_context), "two functions for setup"),
        (lambda: plugin.policy("x"), "two cache policies x"),
    ):
        with pytest.raises(PluginFailed, match=told):
            again()


def test_a_job_or_handler_that_yields_is_refused() -> None:
    async def pieces(context: Any) -> Any:
        yield "x"

    with pytest.raises(PluginFailed, match="pieces yields"):
        Plugin("p").every(5)(pieces)


class Inner(msgspec.Struct, frozen=True):
    """Inside."""

    deep: int = 1


class Good(msgspec.Struct, frozen=True):
    """All kinds of settings."""

    text: Annotated[str, msgspec.Meta(description="A text.", pattern="^[a-z]*$")] = "x"
    number: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    part: float = 0.5
    yes: bool = False
    choice: Literal["b", "a"] = "b"
    words: tuple[str, ...] = ("one",)
    maybe: int | None = None
    names: dict[str, int] = {}
    inner: Inner = Inner()
    several: dict[str, Inner] = {}
    token: Annotated[str, msgspec.Meta(extra_json_schema={"writeOnly": True})] = ""


def test_settings_are_a_struct_whose_schema_makes_the_same_struct_again() -> None:
    from isaacd.config.plain_schema import struct_of

    plugin = Plugin("p", settings=Good)
    assert plugin.settings is Good
    assert plugin.settings_schema is not None
    plain = msgspec.json.decode(msgspec.json.encode(plugin.settings_schema))
    made = struct_of(plain)
    assert msgspec.to_builtins(made()) == msgspec.to_builtins(Good())
    assert made.__doc__ == "All kinds of settings."


def _struct(name: str, *fields: Any) -> Any:
    return msgspec.defstruct(name, list(fields))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (3, "`settings` must be a class that is a msgspec.Struct"),
        (dict, "`settings` must be a class that is a msgspec.Struct"),
        (_struct("S", ("x", int)), "settings.x: every setting needs a default"),
        (_struct("S", ("x", Any, 1)), "settings.x: a setting can be str, int"),
        (_struct("S", ("x", bytes, b"")), "S cannot be settings"),
        (_struct("S", ("x", object, None)), "S cannot be settings"),
        (_struct("S", ("x", int | str, 1)), "settings.x: a setting has one type"),
        (_struct("S", ("x", tuple[int, ...], ())), "settings.x: a list holds texts"),
        (_struct("S", ("X", int, 1)), "settings.X: a setting has a name of a-z"),
        (_struct("S", ("x", Literal[1, 2], 1)), "settings.x: a choice is one of several texts"),
    ],
)
def test_settings_that_no_file_can_hold_are_refused_with_the_field(settings: Any, told: str) -> None:
    with pytest.raises(PluginFailed, match=told):
        Plugin("p", settings=settings)
