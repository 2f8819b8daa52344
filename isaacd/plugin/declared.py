"""What a plugin declares besides commands: handlers of events, jobs, and hooks of its own life."""

import inspect
from collections.abc import Callable
from typing import Any

import msgspec

from isaacd.errors import PluginFailed
from isaacd.plugin.calling import Lane

HANDLER_TIMEOUT_S = 30.0
JOB_TIMEOUT_S = 600.0
HOOK_TIMEOUT_S = 10.0
MIN_PERIOD_S = 1.0


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
