"""From a line's fields to its bytes: structlog's processors, with redaction as the last but one."""

import sys
from collections.abc import Callable, MutableMapping
from time import gmtime, strftime
from types import ModuleType
from typing import Any

import msgspec

from isaacd.redact import redact

_UNWANTED = ("rich", "twisted", "better_exceptions")


def make_pipeline(now: Callable[[], float]) -> Callable[[str, str, dict[str, object]], bytes]:
    """Build the function that makes one line, its newline included, of a level, an event and its fields."""
    structlog = import_structlog()

    def finish(_: object, level: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        head = {"ts": timestamp(now()), "level": level, "event": redact(fields.pop("event"))}
        shown = redact({name: value for name, value in fields.items() if name not in head})
        return {**head, **shown} if isinstance(shown, dict) else head

    def encode(fields: object, **_: object) -> bytes:
        return msgspec.json.encode(fields) + b"\n"

    processors = [
        structlog.processors.format_exc_info,
        finish,
        structlog.processors.JSONRenderer(serializer=encode),
    ]

    def line(level: str, event: str, fields: dict[str, object]) -> bytes:
        logger = structlog.BoundLoggerBase(None, processors, fields)
        (made,), _ = logger._process_event(level, event, {})  # noqa: SLF001 - structlog's hook for wrapper classes
        assert isinstance(made, bytes)
        return made

    return line


def timestamp(seconds: float) -> str:
    """Write seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    milliseconds = int(seconds * 1000)
    return f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(milliseconds // 1000))}.{milliseconds % 1000:03d}Z"


def import_structlog() -> ModuleType:
    """Import structlog without the terminal and networking libraries that it would pull in where they are installed.

    `structlog/__init__.py` imports `structlog.dev`, which imports rich if it can: 54 ms and 6.6 MiB instead of 11 ms
    and 1.5 MiB, for a renderer that the daemon never uses. structlog has no switch for it. None in `sys.modules` is
    the import system's documented way to make one import fail; a module that is there already is left alone.
    """
    if "structlog" in sys.modules:
        return sys.modules["structlog"]
    blocked = [name for name in _UNWANTED if name not in sys.modules]
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(blocked))
    try:
        import structlog
    finally:
        for name in blocked:
            del modules[name]
    return structlog
