"""Errors on the wire: our own written down, and a peer's understood."""

from typing import Annotated, Final

import msgspec

from isaacd import errors
from isaacd.errors import InternalError, IsaacError
from isaacd.wire.messages import Format, Response, WireError

_NIL: Final[dict[Format, bytes]] = {"msgpack": b"\xc0", "json": b"null"}
_CODE_BY_NAME: Final = {
    kind.name: kind.code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, IsaacError)
}


class _ErrorMap(msgspec.Struct):
    """Any error map, however little of it a peer fills in."""

    code: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] = InternalError.code
    message: str = ""
    data: object = None


def to_wire_error(error: IsaacError) -> WireError:
    """Return the error as it is sent; only what is known is in `data`."""
    data: dict[str, object] = {"name": error.name, "retryable": error.retryable}
    if error.retry_after_ms is not None:
        data["retry_after_ms"] = error.retry_after_ms
    if error.hint is not None:
        data["hint"] = error.hint
    if error.detail is not None:
        data["detail"] = error.detail
    return WireError(error.code, error.message, data)


def neovim_error(error: WireError) -> tuple[int, str]:
    """Return the pair that Neovim shows to its user: `[0, "NAME: message"]`, a hint on a line of its own."""
    name = error.data.get("name")
    hint = error.data.get("hint")
    text = f"{name}: {error.message}" if name else error.message
    return 0, f"{text}\n{hint}" if hint else text


def has_error(response: Response, form: Format) -> bool:
    """Tell whether a response carries an error rather than a result."""
    return bytes(response.error) != _NIL[form]


def read_error(raw: msgspec.Raw, form: Format) -> WireError:
    """Return the error that a response carries, from a map, from Neovim's pair or from plain text; never raise."""
    decode = msgspec.msgpack.decode if form == "msgpack" else msgspec.json.decode
    try:
        found: object = decode(raw, type=_ErrorMap | tuple[object, str] | str)
    except (ValueError, RecursionError):
        return WireError(InternalError.code, "the peer answered with an error that cannot be read")
    if isinstance(found, _ErrorMap):
        data = found.data if isinstance(found.data, dict) else {}
        return WireError(found.code, found.message, {k: v for k, v in data.items() if isinstance(k, str)})
    text = found if isinstance(found, str) else str(found[1]) if isinstance(found, tuple) else ""
    return _from_text(text)


def _from_text(text: str) -> WireError:
    name, separator, message = text.partition(": ")
    if separator and name in _CODE_BY_NAME:
        return WireError(_CODE_BY_NAME[name], message, {"name": name})
    return WireError(InternalError.code, text)
