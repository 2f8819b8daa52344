"""What a log line says of the request it belongs to, carried along by the task that serves it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_NONE: Mapping[str, object] = MappingProxyType({})
_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("isaacd_log_fields", default=_NONE)


@contextmanager
def request_fields(**fields: object) -> Iterator[None]:
    """Add `fields` (such as `request=7, method="ask"`) to every line logged inside, by tasks started inside too."""
    token = _FIELDS.set({**_FIELDS.get(), **fields})
    try:
        yield
    finally:
        _FIELDS.reset(token)


def current_fields() -> Mapping[str, object]:
    """Return the fields of the request being served here, if one is."""
    return _FIELDS.get()
