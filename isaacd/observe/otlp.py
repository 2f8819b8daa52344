"""Traces as OpenTelemetry has them (OTLP 1.x over HTTP, in JSON), sent to a collector if one is configured."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from isaacd import __version__
from isaacd.log import Log
from isaacd.trace import Trace

if TYPE_CHECKING:
    import aiohttp

EVERY_S = 5.0
MAX_WAITING = 2048
_AT_ONCE = 512
_TIMEOUT_S = 10.0
# As opentelemetry-proto numbers them.
_SERVER, _INTERNAL = 2, 1
_OK, _ERROR = 1, 2

Post = Callable[[str, bytes], Awaitable[None]]


class Exporter:
    """Collects what has ended, and sends it now and then; when nobody takes it, the oldest are dropped and counted."""

    def __init__(self, endpoint: Callable[[], str | None], post: Post, log: Log) -> None:
        self._endpoint = endpoint
        self._post = post
        self._log = log
        self._waiting: deque[Trace] = deque(maxlen=MAX_WAITING)
        self._failing = False
        self.dropped = 0

    def ended(self, trace: Trace) -> None:
        """Take a request that has ended."""
        if self._endpoint():
            self.dropped += len(self._waiting) == MAX_WAITING
            self._waiting.append(trace)

    async def run(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Go on until cancelled."""
        while True:
            await sleep(EVERY_S)
            await self.send()

    async def send(self) -> None:
        """Send what waits; what cannot be sent waits on. Trouble is logged once, until it is over."""
        endpoint = self._endpoint()
        while self._waiting and endpoint:
            batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                await self._post(address(endpoint), msgspec.json.encode(document(batch)))
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, no request may suffer from it
                self._waiting.extendleft(reversed(batch[-(MAX_WAITING - len(self._waiting)) :]))
                if not self._failing:
                    self._failing = True
                    self._log.warning("traces cannot be sent", reason=f"{type(error).__name__}: {error}")
                return
            self._failing = False


class HttpPost:
    """Posts over HTTP; the library is imported with the first call."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str, body: bytes) -> None:
        """Send a document; raises what aiohttp raises, also for an answer that is an error."""
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S), trust_env=True
            )
        headers = {"Content-Type": "application/json", "User-Agent": f"isaacd/{__version__}"}
        async with self._session.post(url, data=body, headers=headers, raise_for_status=True):
            pass

    async def aclose(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()


def address(endpoint: str) -> str:
    """Return where traces go: an endpoint without a path means that of its signal, as OTEL_EXPORTER_OTLP_ENDPOINT."""
    base = endpoint.rstrip("/")
    return base if base.endswith("/v1/traces") else f"{base}/v1/traces"


def document(traces: list[Trace]) -> dict[str, Any]:
    """Return the body of a request: one span for each request, and one for each part of it."""
    spans = [span for trace in traces for span in _spans(trace)]
    resource = {
        "attributes": [_attribute("service.name", "isaacd"), _attribute("service.version", __version__)]
    }
    scope = {"scope": {"name": "isaacd", "version": __version__}, "spans": spans}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _spans(trace: Trace) -> list[dict[str, Any]]:
    trace_id, root = _trace_id(trace.id), _digest(f"{trace.id}/{trace.number}", 16)
    known = {
        "traceId": trace_id,
        "spanId": root,
        "name": trace.command or trace.method,
        "kind": _SERVER,
        **_times(trace, trace.begun, trace.ended),
        "attributes": [_attribute("rpc.method", trace.method), _attribute("isaac.trace", trace.id)],
        "status": {"code": _OK} if trace.outcome == "ok" else {"code": _ERROR, "message": trace.outcome},
    }
    found = [known]
    for number, part in enumerate(trace.spans):
        found.append(
            {
                "traceId": trace_id,
                "spanId": _digest(f"{trace.id}/{trace.number}/{number}", 16),
                "parentSpanId": root,
                "name": part.name,
                "kind": _INTERNAL,
                **_times(trace, part.begun, part.ended),
                "attributes": [_attribute(f"isaac.{name}", value) for name, value in part.detail.items()],
            }
        )
    return found


def _times(trace: Trace, begun: float, ended: float | None) -> dict[str, str]:
    start = trace.at + begun - trace.begun
    end = start + (0.0 if ended is None else ended - begun)
    return {"startTimeUnixNano": str(int(start * 1e9)), "endTimeUnixNano": str(int(end * 1e9))}


def _trace_id(name: str) -> str:
    """Return 16 bytes as hex: those of the caller, if it has given such, else made of the name."""
    is_hex = len(name) == 32 and set(name) <= set("0123456789abcdef")
    return name if is_hex else _digest(name, 32)


def _digest(text: str, chars: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:chars]


def _attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}
