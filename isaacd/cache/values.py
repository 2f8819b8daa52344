"""Values as objects: from bytes, and which of them several callers may share."""

import datetime
import decimal
import enum
import uuid
from typing import Any, Final, Literal

import msgspec

_PLAIN = frozenset({str, bytes, int, float, bool, type(None)})
_IMMUTABLE = (
    str, bytes, int, float, bool, type(None), enum.Enum, uuid.UUID, decimal.Decimal,
    datetime.date, datetime.time, datetime.timedelta,
)  # fmt: skip


class Missing(enum.Enum):
    """The type of `MISSING`: None is a value that can be kept, so a miss needs a sign of its own."""

    MISSING = "missing"


MISSING: Final[Literal[Missing.MISSING]] = Missing.MISSING


def decode(raw: bytes, shape: Any) -> Any:
    """Return the value as `shape`, or MISSING if the bytes do not hold one: a wrong answer is worse than none."""
    try:
        return msgspec.msgpack.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MISSING


def is_immutable(value: object) -> bool:
    """Say whether no caller can change the value or anything in it."""
    if type(value) in _PLAIN:
        return True
    if isinstance(value, tuple | frozenset):
        return all(map(is_immutable, value))
    if isinstance(value, msgspec.Struct):
        return value.__struct_config__.frozen and all(
            is_immutable(getattr(value, name)) for name in value.__struct_fields__
        )
    return isinstance(value, _IMMUTABLE)
