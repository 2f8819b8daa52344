"""Answers as bytes: heads, bodies, chunks, and errors in the shape that OpenAI's clients read."""

import math
import time
from collections.abc import Iterable

import msgspec

from isaacd.errors import IsaacError
from isaacd.faces.http.refused import RefusedError

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
EVENTS = "text/event-stream; charset=utf-8"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
Fields = Iterable[tuple[str, str]]

_REASONS = {
    200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 417: "Expectation Failed", 421: "Misdirected Request",
    422: "Unprocessable Content", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 505: "HTTP Version Not Supported",
}  # fmt: skip
# The types that OpenAI's clients know, by status.
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_STATUS = {
    "parse_error": 400, "invalid_request": 400, "invalid_params": 400, "method_not_found": 404, "not_found": 404,
    "permission_denied": 403, "deadline_exceeded": 504, "overloaded": 503, "provider_unavailable": 502,
    "rate_limited": 429, "budget_exceeded": 429, "frame_too_large": 413, "storage_unavailable": 503, "shutting_down": 503,
    "server_cancelled": 503, "config_invalid": 500, "content_modified": 409, "quota_exceeded": 429,
}  # fmt: skip
_SHORT_WAIT_MS = 1000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def head(status: int, fields: Fields, *, keeps: bool) -> bytes:
    """Return the head of an answer; `keeps` says that the connection goes on."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    ending = "" if keeps else "Connection: close\r\n"
    return f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n{lines}{ending}\r\n".encode(
        "latin-1", "replace"
    )


def whole(
    status: int, kind: str, body: bytes, more: Fields = (), *, keeps: bool, bodiless: bool = False
) -> bytes:
    """Return a whole answer; one to HEAD has no body, but says how long it would be."""
    if status == 204:  # which never has a body
        return head(status, more, keeps=keeps)
    fields = [("Content-Type", kind), ("Content-Length", str(len(body))), *more]
    return head(status, fields, keeps=keeps) + (b"" if bodiless else body)


def chunk(data: bytes) -> bytes:
    """Return a part of an answer whose length nobody knows yet."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(data: bytes) -> bytes:
    """Return one event of a stream, as a chunk."""
    return b"%x\r\ndata: %b\n\n\r\n" % (len(data) + 8, data)


def date_of(now: float) -> str:
    """Write a wall time as fields do (RFC 9110, 5.6.7), whatever the locale."""
    at = time.gmtime(now)
    day, month = _DAYS[at.tm_wday], _MONTHS[at.tm_mon - 1]
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"


def error_body(message: str, kind: str, param: str | None, code: str | None) -> bytes:
    """Return an error in OpenAI's shape."""
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def refusal_body(error: RefusedError) -> bytes:
    """Return what a refused request is told."""
    kind = _TYPES.get(error.status, "invalid_request_error")
    return error_body(error.message, kind, error.param, error.code)


def status_of(error: IsaacError) -> int:
    """Return the status that says what went wrong."""
    return _STATUS.get(error.name, 500)


def failure_body(error: IsaacError) -> bytes:
    """Return an error of the house; its hint is a part of what is told."""
    status = status_of(error)
    usual = "invalid_request_error" if status < 500 else "api_error"
    kind = "insufficient_quota" if error.name == "budget_exceeded" else _TYPES.get(status, usual)
    told = error.message if error.hint is None else f"{error.message} ({error.hint})"
    code = "model_not_found" if error.name == "not_found" else error.name
    return error_body(told, kind, None, code)


def failure_fields(error: IsaacError) -> list[tuple[str, str]]:
    """Return the fields that say when to try again, and whether that makes sense."""
    wait_ms = error.retry_after_ms
    if wait_ms is None and error.name in ("shutting_down", "server_cancelled"):
        wait_ms = _SHORT_WAIT_MS
    if wait_ms is not None:
        return [("Retry-After", str(math.ceil(wait_ms / 1000))), ("retry-after-ms", str(wait_ms))]
    # OpenAI's clients repeat what fails with 429 or from 500 on, unless they are told that it is in vain.
    return [] if error.retryable else [("x-should-retry", "false")]
