"""Values of SQLite as JSON: bytes become `{"base64": ...}`, everything else stays what it is."""

import base64
import binascii
from typing import Any

from isaacd.errors import InvalidParams


def to_json(value: Any) -> Any:
    """Return a value as JSON has it."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def from_json(value: Any) -> Any:
    """Return a value as SQLite has it; raises InvalidParams for one that neither of them knows."""
    if isinstance(value, dict) and set(value) == {"base64"}:
        try:
            return base64.b64decode(value["base64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise InvalidParams("a value in it is no base64", hint="nothing was changed") from None
    if value is None or (isinstance(value, (str, int, float)) and _fits(value)):
        return value
    raise InvalidParams(
        f"a value in it is neither text nor number: {str(value)[:60]}", hint="nothing was changed"
    )


def _fits(value: object) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63
