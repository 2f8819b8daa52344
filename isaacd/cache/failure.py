"""Errors as values, for callers that ask to keep them."""

import msgspec

from isaacd.errors import InternalError, IsaacError

ERROR_KIND = "error"


class _Failure(msgspec.Struct, frozen=True):
    code: int
    message: str
    hint: str | None
    detail: dict[str, object] | None
    retry_after_ms: int | None


def failure_value(error: IsaacError) -> object:
    """Return what is kept of an error."""
    return _Failure(type(error).code, error.message, error.hint, error.detail, error.retry_after_ms)


def kept_error(raw: bytes) -> IsaacError:
    """Return a new error like the one that was kept; raises msgspec.DecodeError if the bytes hold none."""
    failure = msgspec.msgpack.decode(raw, type=_Failure)
    return _class_of(failure.code)(
        failure.message, hint=failure.hint, detail=failure.detail, retry_after_ms=failure.retry_after_ms
    )


def _class_of(code: int) -> type[IsaacError]:
    waiting = [IsaacError]
    for kind in waiting:
        if kind.code == code and kind is not IsaacError:
            return kind
        waiting.extend(kind.__subclasses__())
    return InternalError
