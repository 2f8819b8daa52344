"""HTTP to a provider: one session, one POST at a time and place, and every way to fail as an error that says why."""

import importlib
from base64 import b64encode
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from isaacd.ai.address import Address
from isaacd.ai.faults import unreachable
from isaacd.ai.keys import Key, find_key
from isaacd.ai.provider import Host
from isaacd.ai.refusal import Peer, judge, read_refusal, refused
from isaacd.ai.sse import ServerSentEvent, SSEDecoder
from isaacd.clock import Clock, SystemClock
from isaacd.config import ProviderConfig
from isaacd.errors import ConfigInvalid, IsaacError, ProviderUnavailable

if TYPE_CHECKING:
    import aiohttp

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
# After the last event a server only has to end its response; then the connection can serve the next call.
DRAIN_S = 0.2
ERROR_BODY_S = 5.0
KEEP_ALIVE_S = 60.0
_HEADERS = {"User-Agent": "isaacd", "Accept-Encoding": "identity"}
_KEY_HEADERS = frozenset(("authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"))
_OUR_HEADERS = frozenset(("content-type", "content-length", "transfer-encoding"))


def bearer(key: str) -> dict[str, str]:
    """Return the header that carries `key` as RFC 6750 says."""
    return {"Authorization": f"Bearer {key}"}


class HttpReply:
    """A successful answer whose body is still to be read, as bytes, as a whole or as server-sent events."""

    def __init__(
        self,
        response: "aiohttp.ClientResponse",
        peer: Peer,
        model: str | None,
        explain: Callable[[Exception], IsaacError],
    ) -> None:
        self._response = response
        self._peer = peer
        self._model = model
        self._explain = explain
        self._received = 0
        self._ended = False
        self._decoder = SSEDecoder()
        self._events: deque[ServerSentEvent] = deque()
        self.content_type = response.content_type if "content-type" in response.headers else ""

    async def next_bytes(self) -> bytes:
        """Return the next bytes, b"" at the end; raises ProviderUnavailable when it breaks off or is too long."""
        try:
            chunk = await self._response.content.readany()
        except _network_errors() as error:
            raise self._explain(error) from None
        self._received += len(chunk)
        if self._received > MAX_RESPONSE_BYTES:
            raise ProviderUnavailable(
                f"the answer of provider {self._peer.name} is longer than {MAX_RESPONSE_BYTES // 2**20} MiB"
            )
        return chunk

    async def next_event(self) -> ServerSentEvent | None:
        """Return the next server-sent event, None at the end."""
        while not self._events:
            if self._ended:
                return None
            chunk = await self.next_bytes()
            self._ended = not chunk
            self._events.extend(self._decoder.receive_data(chunk) if chunk else self._decoder.close())
        return self._events.popleft()

    async def next_data(self) -> bytes | None:
        """Return the data of the next event, None at the end; a service that does not stream sends one, all of JSON.

        Raises ProviderUnavailable when the body is of another kind, such as the page of a proxy.
        """
        if self.content_type in ("text/event-stream", ""):
            event = await self.next_event()
            return None if event is None else event.data
        if self.content_type != "application/json" and not self.content_type.endswith("+json"):
            raise self._wrong_type()
        chunks = []
        while chunk := await self.next_bytes():
            chunks.append(chunk)
        return b"".join(chunks) or None

    async def drain(self) -> None:
        """Read what is left, if it comes at once, so that the connection can be used again."""
        with anyio.move_on_after(DRAIN_S), suppress(IsaacError):
            while await self.next_bytes():
                pass

    def refused(self, body: bytes) -> IsaacError:
        """Say what an error means that came as a part of the answer."""
        return judge(self._peer, read_refusal(body), 0, model=self._model)

    def broke_off(self) -> ProviderUnavailable:
        """Say that the answer ended before its end."""
        return ProviderUnavailable(
            f"provider {self._peer.name} broke off its answer",
            hint="what arrived so far is not the whole answer; ask again",
            detail={"provider": self._peer.name},
        )

    def malformed(self, data: bytes) -> ProviderUnavailable:
        """Say that `data` is not what this protocol sends."""
        return ProviderUnavailable(
            f"provider {self._peer.name} sent what cannot be understood",
            hint=f"does {self._peer.url} speak this protocol? Look at ai.providers.{self._peer.name}.kind",
            detail={
                "provider": self._peer.name,
                "data": self._peer.quote(data[:1000].decode(errors="replace")),
            },
        )

    def _wrong_type(self) -> ProviderUnavailable:
        """Say that the body is of a kind that no provider would send."""
        kind = self._peer.quote(self.content_type)
        return ProviderUnavailable(
            f"provider {self._peer.name} answered with {kind} instead of an event stream",
            hint=f"is {self._peer.url} right? A proxy or the login page of a network may have answered instead",
            detail={"provider": self._peer.name, "content_type": kind},
        )


class HttpApi:
    """One provider's HTTP service; connections are kept, and shared by all requests.

    `variable` names the environment variable that holds the key when the configuration names none; `authorize` makes
    headers of a key. aiohttp is imported at the first call, in a thread, since it takes a fifth of a second.
    """

    def __init__(
        self,
        name: str,
        config: ProviderConfig,
        host: Host,
        *,
        base_url: str,
        variable: str | None = None,
        authorize: Callable[[str], Mapping[str, str]] = bearer,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self._config = config
        self._environ = host.environ
        self._address = Address.parse(base_url, f"ai.providers.{name}.base_url")
        self._variable = variable
        self._authorize = authorize
        self._clock = clock or SystemClock()
        self._headers = _checked_headers(name, config.headers)
        self._proxy = self._address.proxy(host.environ)
        self._via: dict[str, Any] = {}
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def post(
        self, path: str, body: bytes, *, model: str | None = None
    ) -> AsyncGenerator[HttpReply, None]:
        """Send `body` as JSON and lend the answer; leaving early closes the connection at once.

        Raises the error that a status of 300 and more stands for, and ProviderUnavailable when the network fails,
        also while the answer is read. `model` is only for the text of errors.
        """
        key = await self._key()
        peer = Peer(self.name, self._address.shown(path), key)
        headers = {**_HEADERS, **self._headers, "Content-Type": "application/json"}
        if key is not None:
            headers.update(self._authorize(key.reveal()))
        session = self._session or await self._open_session()

        def explain(error: Exception) -> IsaacError:
            return unreachable(peer, error, self._config, by_proxy=self._proxy is not None)

        try:
            response = await session.post(
                self._address.url(path), data=body, headers=headers, allow_redirects=False, **self._via
            )
        except _network_errors() as error:
            # Not chained: the exceptions of aiohttp hold the headers, and with them the key.
            raise explain(error) from None
        try:
            if response.status >= 300:
                told = await _read_some(response.content)
                raise refused(
                    peer, response.status, response.headers, told, model=model, now=self._clock.now()
                )
            yield HttpReply(response, peer, model, explain)
        finally:
            _let_go(response)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _key(self) -> Key | None:
        if self._config.api_key_file is None:
            key = find_key(self.name, self._config, self._environ, variable=self._variable)
        else:
            key = await anyio.to_thread.run_sync(find_key, self.name, self._config, self._environ)
        if key is not None:
            self._address.check_key_may_travel(self.name)
        return key

    async def _open_session(self) -> "aiohttp.ClientSession":
        http = await anyio.to_thread.run_sync(importlib.import_module, "aiohttp")
        if self._session is None:  # another call may have opened it meanwhile
            config = self._config
            self._via = _proxy_options(http, self._proxy)
            self._session = http.ClientSession(
                timeout=http.ClientTimeout(
                    total=None, connect=config.connect_timeout_s, sock_read=config.read_timeout_s
                ),
                connector=http.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
                cookie_jar=http.DummyCookieJar(),
                # Not trust_env: it would also send the passwords of ~/.netrc, and those clash with a key.
                trust_env=False,
            )
        return self._session


def _network_errors() -> tuple[type[Exception], ...]:
    import aiohttp

    return (aiohttp.ClientError, OSError)


def _proxy_options(http: ModuleType, proxy: str | None) -> dict[str, Any]:
    if proxy is None:
        return {}
    url = http.client.URL(proxy)
    if url.user is None:
        return {"proxy": url}
    # aiohttp makes Proxy-Authorization of this, for CONNECT as well as for plain requests.
    login = b64encode(f"{url.user}:{url.password or ''}".encode()).decode()
    return {"proxy": url.with_user(None), "proxy_headers": {"Authorization": f"Basic {login}"}}


def _checked_headers(name: str, headers: Mapping[str, str]) -> dict[str, str]:
    setting = f"ai.providers.{name}.headers"
    for header, value in headers.items():
        if header.lower() in _KEY_HEADERS:
            raise ConfigInvalid(
                f"{setting} must not hold {header}",
                hint="name the key's variable in api_key_env, or its api_key_file",
            )
        if header.lower() in _OUR_HEADERS or not header.isascii() or not header.replace("-", "").isalnum():
            raise ConfigInvalid(f"{setting} must not hold {header!r}")
        if not value.isprintable():
            raise ConfigInvalid(f"{setting}: the value of {header} holds control characters")
    return dict(headers)


async def _read_some(content: "aiohttp.StreamReader") -> bytes:
    """Read what there is of the body of an error; its status counts even if the body never comes."""
    told = b""
    with anyio.move_on_after(ERROR_BODY_S), suppress(*_network_errors()):
        while len(told) < MAX_ERROR_BYTES and (chunk := await content.readany()):
            told += chunk
    return told[:MAX_ERROR_BYTES]


def _let_go(response: "aiohttp.ClientResponse") -> None:
    if response.content.is_eof():
        response.release()
    else:
        response.close()
