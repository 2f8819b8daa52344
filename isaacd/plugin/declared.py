"""What a plugin declares besides commands, handlers of events, jobs and hooks of its own life, and whether it can be."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import msgspec

from isaacd.errors import PluginFailed
from isaacd.plugin.calling import Lane

HANDLER_TIMEOUT_S = 30.0
JOB_TIMEOUT_S = 600.0
HOOK_TIMEOUT_S = 10.0
MIN_PERIOD_S = 1.0
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
# Words that mean something else on the wire or on the command line.
RESERVED_NAMES = frozenset(
    (
        "backup bug_report call cancel cli commands daemon doctor export hello help import initialize isaacd logs mcp ping restart restore service "
        "shell_init start stop top version"
    ).split()
)


class Handler(msgspec.Struct, frozen=True, kw_only=True):
    """A function that is called with a context and each event of one name; a plain one has a thread, its `lane`."""

    name: str
    event: str
    function: Callable[..., Any]
    timeout_s: float = HANDLER_TIMEOUT_S
    lane: Lane = msgspec.field(default_factory=Lane)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A function that is called with a context every so often; `jitter` is a part of the period, 0 to 1."""

    name: str
    every_s: float
    function: Callable[..., Any]
    jitter: float = 0.1
    timeout_s: float = JOB_TIMEOUT_S
    lane: Lane = msgspec.field(default_factory=Lane)


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A function that is called with a context when the plugin begins or ends."""

    function: Callable[..., Any]
    timeout_s: float = HOOK_TIMEOUT_S


def check_function(where: str, function: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    """Raise PluginFailed unless `function` can be called with these arguments by place, and yields nothing."""
    shape = f"({', '.join(arguments)})"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise PluginFailed(f"{where} yields; write a function {shape} that returns")
    try:
        inspect.signature(function).bind(*arguments)
    except (TypeError, ValueError):
        raise PluginFailed(f"{where} must be a function {shape}") from None


def check_seconds(where: str, name: str, value: object) -> None:
    """Raise PluginFailed unless a time is a positive number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise PluginFailed(f"{where}: `{name}` must be a number of seconds above 0, not {value!r}")


def check_name(name: str) -> None:
    """Raise PluginFailed unless a plugin can have this name."""
    if name in RESERVED_NAMES:
        raise PluginFailed(f"a plugin cannot be called {name}: the word means something else already")
    if not NAME.match(name):
        raise PluginFailed(
            f"{name[:80]!r} is no name for a plugin: lower-case letters, digits and _, at most 40, a letter first",
            hint=_better_name(name),
        )


def _better_name(name: str) -> str | None:
    """Say what somebody who writes `My-Plugin.py` can call it instead."""
    better = re.sub(r"[^a-z0-9_]+", "_", name.lower()).lstrip("0123456789_")[:40]
    return f"call it {better}" if NAME.match(better) and better not in RESERVED_NAMES else None


def texts_of(plugin: str, name: str, texts: object) -> tuple[str, ...]:
    """Refuse a lone text, which is a sequence too: ("ask") is no tuple."""
    if not isinstance(texts, list | tuple) or not all(isinstance(item, str) for item in texts):
        raise PluginFailed(f'{plugin}: `{name}` must be a tuple of texts; write {name}=("...",)')
    return tuple(texts)


def capabilities_of(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return capabilities as they are shown; raises PluginFailed for one that there is not."""
    if not texts:
        return ()
    from isaacd.belongings.capabilities import parse_all

    return tuple(str(item) for item in parse_all(texts))


def settings_schema(plugin: str, settings: Any) -> dict[str, Any]:
    """Return the schema of a plugin's settings; raises PluginFailed for a class that cannot be settings."""
    from isaacd.config.plain_schema import Unfit, schema_of

    if not (isinstance(settings, type) and issubclass(settings, msgspec.Struct)):
        raise PluginFailed(f"{plugin}: `settings` must be a class that is a msgspec.Struct")
    try:
        return schema_of(settings)
    except Unfit as error:
        raise PluginFailed(f"{plugin}: {settings.__name__} cannot be settings: {error}") from None


def fits(pattern: re.Pattern[str], value: object) -> bool:
    """Say whether a value is a text that matches a pattern."""
    return isinstance(value, str) and pattern.match(value) is not None


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function, or whatever is called like one, is called."""
    return str(getattr(function, "__name__", type(function).__name__))
