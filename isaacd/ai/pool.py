"""The providers that exist: each made once per configuration and environment, lent to requests, closed in the end."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
import msgspec

from isaacd.ai.choice import Choice
from isaacd.ai.provider import Host, LateFactory, Provider, ProviderFactory
from isaacd.errors import ConfigInvalid, IsaacError, PluginFailed

MAX_IDLE = 16
# The variables that can make one caller's provider differ from another's; those of the terminal do not.
_TELLING = ("_API_KEY", "_BASE_URL", "_PROXY")

Identity = tuple[str, bytes, tuple[tuple[str, str], ...]]


class _Entry:
    """One provider and the number of requests that use it now."""

    __slots__ = ("factory", "provider", "replaced", "users")

    def __init__(self, provider: Provider, factory: ProviderFactory) -> None:
        self.provider = provider
        self.factory = factory
        self.users = 0
        self.replaced = False


class ProviderPool:
    """Keeps providers, and with them their connections, from one request to the next.

    Two callers share a provider if its configuration and all keys in their environments are the same. Beyond
    `MAX_IDLE` providers the one unused for longest is closed.
    """

    def __init__(
        self, factories: Mapping[str, ProviderFactory], coming: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self.factories = factories
        self._coming = coming
        self._entries: dict[Identity, _Entry] = {}

    @asynccontextmanager
    async def lend(
        self, choice: Choice, host: Host, identity: Identity | None = None
    ) -> AsyncGenerator[Provider, None]:
        """Lend the provider of `choice`, made now if there is none yet; `identity` saves finding it out again."""
        if identity is None:
            identity = self.identity(choice, host.environ)
        factory = await self._factory(choice)
        entry = self._entries.pop(identity, None)
        if entry is not None and entry.factory is not factory:
            # Its plugin has newer code; requests under way keep the old.
            await _close_unused(entry)
            entry = None
        entry = entry or _Entry(self._make(factory, choice, host), factory)
        self._entries[identity] = entry  # the end of the dict is what was used last
        entry.users += 1
        try:
            yield entry.provider
        finally:
            entry.users -= 1
            if entry.replaced:
                await _close_unused(entry)
            if len(self._entries) > MAX_IDLE:
                await self._close_oldest()

    def identity(self, choice: Choice, environ: Mapping[str, str]) -> Identity:
        """Return what tells one provider from another: its name, its configuration, and all keys of the caller."""
        config = choice.config
        telling = sorted(
            (name, value)
            for name, value in environ.items()
            if name in ("HOME", config.api_key_env) or name.upper().endswith(_TELLING)
        )
        return choice.provider, msgspec.msgpack.encode(config), tuple(telling)

    async def aclose(self) -> None:
        """Close every provider; the pool may be used again."""
        entries, self._entries = self._entries, {}
        with anyio.CancelScope(shield=True):
            for entry in entries.values():
                await entry.provider.aclose()

    async def _close_oldest(self) -> None:
        oldest = next((key for key, entry in self._entries.items() if not entry.users), None)
        if oldest is not None:
            with anyio.CancelScope(shield=True):
                await self._entries.pop(oldest).provider.aclose()

    async def _factory(self, choice: Choice) -> ProviderFactory:
        """Return what makes providers of a kind; the first time, its plugin has to be imported."""
        factory = self.factories.get(choice.config.kind)
        if factory is None and self._coming is not None:
            await self._coming()
            factory = self.factories.get(choice.config.kind)
        if factory is None:
            kinds = ", ".join(sorted(self.factories)) or "none"
            raise ConfigInvalid(
                f"ai.providers.{choice.provider}.kind: no plugin offers the kind {choice.config.kind!r}",
                hint=f"there are: {kinds}",
            )
        return await factory.ready() if isinstance(factory, LateFactory) else factory

    def _make(self, factory: ProviderFactory, choice: Choice, host: Host) -> Provider:
        try:
            return factory(choice.provider, choice.config, host)
        except IsaacError:
            raise
        except Exception as error:
            raise provider_failed(choice, error) from error


async def _close_unused(entry: _Entry) -> None:
    """Close a provider that nobody will be lent any more, now or after its last request."""
    entry.replaced = True
    if not entry.users:
        with anyio.CancelScope(shield=True):
            await entry.provider.aclose()


def provider_failed(choice: Choice, error: Exception) -> PluginFailed:
    """Say that a provider raised what it should not have."""
    return PluginFailed(
        f"provider {choice.provider} failed: {type(error).__name__}",
        hint="`isaacctl logs` shows the details",
        detail={"provider": choice.provider, "kind": choice.config.kind},
    )
