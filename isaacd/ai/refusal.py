"""What an HTTP answer that is no answer means, as an error that says what to do."""

import re
from collections.abc import Mapping

import msgspec

from isaacd.ai.keys import Key
from isaacd.ai.limits_headers import read_limits, wait_s
from isaacd.errors import (
    InvalidParams,
    IsaacError,
    NotFound,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
)

MAX_QUOTE = 300
# A configured header of fewer characters is hardly a secret, and may well be a word of the message.
_SECRET_CHARS = 8
# What says that money is the matter, whatever the status: waiting for seconds would not help.
_QUOTA = (
    "insufficient_quota",
    "billing_hard_limit_reached",
    "insufficient_balance",
    "insufficient_credits",
    "spend_limit",
    "credit_balance_exhausted",
    "credit balance is too low",
    "api usage limits",
    "monthly spending limit",
)
# Control characters, and the marks that turn the direction of text: a terminal would obey them.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class Peer(msgspec.Struct, frozen=True):
    """Who is called: the provider's configured name, its address as it may be shown, and what must not be shown.

    That is the key in use, and the values of the headers that the configuration adds.
    """

    name: str
    url: str
    key: Key | None = None
    header_values: tuple[str, ...] = ()

    def quote(self, text: str) -> str:
        """Return what the other side said, safe to print: one line, short, no control characters, no key."""
        if self.key is not None:
            text = text.replace(self.key.reveal(), "[key]")
        for value in self.header_values:
            if len(value) >= _SECRET_CHARS:
                text = text.replace(value, "[header]")
        text = " ".join(_UNSAFE.sub(" ", text).split())
        return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 3] + "..."


class Refusal(msgspec.Struct, frozen=True):
    """The body of an error, in the words of the other side."""

    message: str = ""
    type: str = ""
    code: str = ""
    status: int = 0

    def mentions(self, *words: str) -> bool:
        """Say whether its type, code or message holds one of `words`, whatever their case."""
        text = f"{self.type} {self.code} {self.message}".lower()
        return any(word in text for word in words)


def read_refusal(body: bytes) -> Refusal:
    """Read the error forms in use: an `error` object or string, `message`, `detail`, and a list of one of these."""
    try:
        data: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal(body.decode(errors="replace"))
    if isinstance(data, list) and data:
        data = data[0]
    if isinstance(data, dict) and data.get("error"):
        data = data["error"]
    if not isinstance(data, dict):
        return Refusal(data if isinstance(data, str) else body.decode(errors="replace"))
    message = next((data[key] for key in ("message", "detail", "error") if data.get(key)), "")
    code = data.get("code")
    if not code and isinstance(details := data.get("details"), dict):
        code = details.get("error_code")
    return Refusal(
        message if isinstance(message, str) else msgspec.json.encode(message).decode(),
        str(data.get("type") or ""),
        str(code or ""),
        code if isinstance(code, int) and 400 <= code <= 599 else 0,
    )


def refused(
    peer: Peer, status: int, headers: Mapping[str, str], body: bytes, *, model: str | None, now: float
) -> IsaacError:
    """Turn a status of 300 and more into an error; `headers` need a look-up that ignores case.

    `now` is the wall time in seconds, against which a Retry-After date counts. A RateLimited without Retry-After
    takes its wait from the headers of the limits, which are in its `detail` too. `x-should-retry` decides whether
    the error is `retryable`, except where money is the matter.
    """
    if 300 <= status < 400:
        return _redirected(peer, headers.get("location", ""))
    page = "html" in headers.get("content-type", "")
    refusal = Refusal() if page else read_refusal(body)
    error = judge(peer, refusal, status, model=model)
    if isinstance(error, RateLimited | ProviderUnavailable):
        error.retry_after_ms = retry_after_ms(headers, now)
    if isinstance(error, RateLimited):
        _add_limits(error, headers, now)
    advice = headers.get("x-should-retry", "").strip().lower()
    if advice in ("true", "false") and not isinstance(error, PermissionDenied):
        error.retryable = advice == "true"
    return error


def _add_limits(error: RateLimited, headers: Mapping[str, str], now: float) -> None:
    limits = read_limits(headers, now)
    told = {name: value for name, value in msgspec.structs.asdict(limits).items() if value is not None}
    if told:
        error.detail = {**(error.detail or {}), "limits": told}
    if error.retry_after_ms is None and (wait := wait_s(limits)) is not None:
        error.retry_after_ms = round(wait * 1000)


def judge(peer: Peer, refusal: Refusal, status: int, *, model: str | None) -> IsaacError:
    """Turn the error that the other side reported into ours; `status` 0 means that it came inside a stream."""
    quote = peer.quote(refusal.message)
    told = f": {quote}" if quote else ""
    detail: dict[str, object] = {"provider": peer.name}
    detail |= {"status": status} if status else {}
    detail |= {"code": peer.quote(refusal.code or refusal.type)} if refusal.code or refusal.type else {}
    status = status or refusal.status or _status_of(refusal)
    if status == 402 or refusal.mentions(*_QUOTA):
        return PermissionDenied(
            f"the account behind the key of provider {peer.name} has nothing left to spend{told}",
            hint="add credit or raise its limit at the provider, or choose another with --provider",
            detail=detail,
        )
    if status == 401 or (status == 403 and refusal.mentions("key", "auth", "credential", "token")):
        return _key_refused(peer, told, detail)
    if status == 403:
        return PermissionDenied(f"provider {peer.name} does not allow this{told}", detail=detail)
    if _is_unknown_model(status, refusal):
        return _unknown_model(peer, refusal, told, model, detail)
    if status == 404 or status == 405:
        return NotFound(
            f"provider {peer.name} has no {peer.url}{told}",
            hint=f"correct ai.providers.{peer.name}.base_url; most end in /v1",
            detail=detail,
        )
    if status == 429:
        return RateLimited(f"provider {peer.name} asks to be called less often{told}", detail=detail)
    if status in (408, 409, 425) or not 400 <= status < 500:
        how = f"failed ({status})" if status else "broke off with an error"
        overloaded = status in (503, 529) or refusal.mentions("overloaded")
        return ProviderUnavailable(
            f"provider {peer.name} {'is overloaded' if overloaded else how}{told}",
            hint="try again in a moment, or choose another with --provider",
            detail=detail,
        )
    return InvalidParams(f"provider {peer.name} refused the request ({status}){told}", detail=detail)


def retry_after_ms(headers: Mapping[str, str], now: float) -> int | None:
    """Return how long the other side asks to wait: `retry-after-ms`, else `Retry-After` in seconds or as a date."""
    wait_ms = _number(headers.get("retry-after-ms", ""))
    if wait_ms is None:
        value = headers.get("retry-after", "").strip()
        wait_s = _number(value)
        if wait_s is None and value:
            from email.utils import parsedate_to_datetime

            try:
                wait_s = parsedate_to_datetime(value).timestamp() - now
            except (ValueError, OverflowError):
                return None
        wait_ms = None if wait_s is None else wait_s * 1000
    return None if wait_ms is None else max(0, round(wait_ms))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None


def _status_of(refusal: Refusal) -> int:
    for status, words in (
        (401, ("invalid_api_key", "authentication_error")),
        (403, ("permission_error",)),
        (404, ("model_not_found", "not_found_error")),
        (429, ("rate_limit", "too_many_requests")),
        (
            400,
            ("invalid_request", "context_length_exceeded", "invalid_prompt", "image_", "_image", "_policy"),
        ),
    ):
        if any(word in refusal.code or word in refusal.type for word in words):
            return status
    return 0


def _is_unknown_model(status: int, refusal: Refusal) -> bool:
    if status not in (400, 404, 422):
        return False
    if refusal.code == "model_not_found":
        return True
    missing = refusal.mentions(
        "not found", "not_found", "not exist", "unknown", "invalid model", "not a valid model"
    )
    return missing and refusal.mentions("model")


def _unknown_model(
    peer: Peer, refusal: Refusal, told: str, model: str | None, detail: dict[str, object]
) -> NotFound:
    hint = f"choose one that it has with --model, or in ai.providers.{peer.name}.model"
    if refusal.mentions("pull"):
        hint = f"`ollama pull {model}` fetches it, or choose another with --model"
    return NotFound(
        f"provider {peer.name} has no model {model!r}{told}", hint=hint, detail={**detail, "model": model}
    )


def _key_refused(peer: Peer, told: str, detail: dict[str, object]) -> PermissionDenied:
    if peer.key is None:
        return PermissionDenied(
            f"provider {peer.name} wants a key, and none is configured{told}",
            hint=f"set ai.providers.{peer.name}.api_key_env to the name of a variable that holds it, or api_key_file",
            detail=detail,
        )
    return PermissionDenied(
        f"provider {peer.name} does not accept the key from {peer.key.origin}{told}",
        hint="check that the key is whole, still valid and meant for this provider",
        detail=detail,
    )


def _redirected(peer: Peer, location: str) -> ProviderUnavailable:
    error = ProviderUnavailable(
        f"provider {peer.name} at {peer.url} redirects to {peer.quote(location.partition('?')[0]) or 'nowhere'}",
        hint=f"questions and keys are not sent on; correct ai.providers.{peer.name}.base_url "
        "(a login page of the network may also be in the way)",
    )
    error.retryable = False  # the same address redirects again
    return error
