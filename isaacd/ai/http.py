"""HTTP to a provider: one session for all calls, and every way to fail as an error that says why."""

import asyncio
import importlib
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from isaacd.ai.address import Address
from isaacd.ai.faults import unreachable
from isaacd.ai.keys import KEY_FOLDER, Key, find_key, find_keyring_key, find_stored_key
from isaacd.ai.provider import Host
from isaacd.ai.refusal import Peer, refused
from isaacd.ai.reply import HttpReply
from isaacd.clock import Clock, SystemClock
from isaacd.config import ProviderConfig
from isaacd.errors import ConfigInvalid, IsaacError

if TYPE_CHECKING:
    import aiohttp

MAX_ERROR_BYTES = 64 * 1024
ERROR_BODY_S = 5.0
KEEP_ALIVE_S = 60.0
_HEADERS = {"User-Agent": "isaacd", "Accept-Encoding": "identity"}
_JSON = {"Content-Type": "application/json"}
_KEY_HEADERS = frozenset(("authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"))
_OUR_HEADERS = frozenset(("content-type", "content-length", "transfer-encoding"))


def bearer(key: str) -> dict[str, str]:
    """Return the header that carries `key` as RFC 6750 says."""
    return {"Authorization": f"Bearer {key}"}


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
        self._host = self._address.host
        self._variable = variable
        self._key_folder = host.paths.config_dir / KEY_FOLDER
        self._keyring_key: Key | None = None
        self._asked_keyring = False
        self._authorize = authorize
        self._clock = clock or SystemClock()
        self._headers = _checked_headers(name, config.headers)
        self._configured = frozenset(header.lower() for header in config.headers)
        self._json_headers = self._merged(_JSON)
        self._proxy = self._address.proxy(host.environ)
        self._via: dict[str, Any] = {}
        self._session: aiohttp.ClientSession | None = None

    @property
    def host(self) -> str:
        """The host that is called, in lower case."""
        return self._host

    def post(
        self,
        path: str,
        body: bytes,
        *,
        model: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AbstractAsyncContextManager[HttpReply]:
        """Send `body` as JSON and lend the answer; leaving early closes the connection at once.

        Raises the error that a status of 300 and more stands for, and ProviderUnavailable when the network fails,
        also while the answer is read. `model` is only for the text of errors; `headers` give way to those that the
        configuration names.
        """
        return self._call("POST", path, body, {**headers, **_JSON} if headers else _JSON, model=model)

    def get(
        self, path: str, *, model: str | None = None, max_bytes: int | None = None
    ) -> AbstractAsyncContextManager[HttpReply]:
        """Ask for `path` and lend the answer, of at most `max_bytes`; raises what `post` raises."""
        return self._call("GET", path, None, {}, model=model, max_bytes=max_bytes)

    def delete(self, path: str) -> AbstractAsyncContextManager[HttpReply]:
        """Delete `path` and lend the answer; raises what `post` raises."""
        return self._call("DELETE", path, None, {})

    @asynccontextmanager
    async def upload(
        self, path: str, fields: Mapping[str, str], filename: str, data: bytes
    ) -> AsyncGenerator[HttpReply, None]:
        """Send a form of `fields`, and `data` as its `file`, and lend the answer; raises what `post` raises."""
        http = await _load_aiohttp()
        form = http.FormData(default_to_multipart=True)
        for field, value in fields.items():
            form.add_field(field, value)
        form.add_field("file", data, filename=filename, content_type="application/octet-stream")
        async with self._call("POST", path, form, {}) as reply:
            yield reply

    @asynccontextmanager
    async def _call(
        self,
        method: str,
        path: str,
        body: "bytes | aiohttp.FormData | None",
        headers: Mapping[str, str],
        *,
        model: str | None = None,
        max_bytes: int | None = None,
    ) -> AsyncGenerator[HttpReply, None]:
        key = await self._key()
        peer = Peer(self.name, self._address.shown(path), key, tuple(self._headers.values()))
        sent = self._all_headers(headers, key)
        session = self._session or await self._open_session()

        def explain(error: Exception) -> IsaacError:
            return unreachable(peer, error, self._config, by_proxy=self._proxy is not None)

        try:
            # The time-out of the socket begins anew with every byte; this one bounds the whole head.
            async with asyncio.timeout(self._config.connect_timeout_s + self._config.read_timeout_s):
                response = await session.request(
                    method,
                    self._address.url(path),
                    data=body,
                    headers=sent,
                    allow_redirects=False,
                    **self._via,
                )
        except _network_errors() as error:
            # Not chained: the exceptions of aiohttp hold the headers, and with them the key.
            raise explain(error) from None
        try:
            now = self._clock.now()
            if response.status >= 300:
                told = await _read_some(response.content)
                raise refused(peer, response.status, response.headers, told, model=model, now=now)
            yield HttpReply(
                response,
                peer,
                model,
                explain,
                now=now,
                max_bytes=max_bytes,
                line_timeout_s=self._config.read_timeout_s,
                monotonic=self._clock.monotonic,
            )
        finally:
            _let_go(response)

    def _all_headers(self, headers: Mapping[str, str], key: Key | None) -> dict[str, str]:
        sent = self._merged(headers) if headers is not _JSON else self._json_headers.copy()
        if key is not None:
            sent.update(self._authorize(key.reveal()))
        return sent

    def _merged(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Lay what is configured over the headers of a call."""
        ours = {
            name: value
            for name, value in {**_HEADERS, **headers}.items()
            if name.lower() not in self._configured
        }
        return ours | self._headers

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
        key = key or find_stored_key(self.name, self._environ, self._key_folder, variable=self._variable)
        if key is None and not self._address.is_local:
            key = await self._key_of_keyring()
        if key is not None:
            self._address.check_key_may_travel(self.name)
        return key

    async def _key_of_keyring(self) -> Key | None:
        """Ask the keyring once: it may take long, and what it does not have it will hardly get meanwhile."""
        if not self._asked_keyring:
            self._keyring_key = await anyio.to_thread.run_sync(find_keyring_key, self.name)
            self._asked_keyring = True
        return self._keyring_key

    async def _open_session(self) -> "aiohttp.ClientSession":
        http = await _load_aiohttp()
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


async def _load_aiohttp() -> ModuleType:
    return await anyio.to_thread.run_sync(importlib.import_module, "aiohttp")


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
