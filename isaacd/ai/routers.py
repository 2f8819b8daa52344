"""The routers of one daemon: one for each way to look things up offline, which nearly always means one."""

from collections.abc import Awaitable, Callable, Mapping

from isaacd.ai.health import ProviderHealth
from isaacd.ai.keys import KEY_FOLDER, stored_names, with_stored
from isaacd.ai.meter import Meter
from isaacd.ai.provider import Host, ProviderFactory
from isaacd.ai.router import AIRouter
from isaacd.clock import Clock
from isaacd.config import Config, KnowledgeConfig
from isaacd.log import Log
from isaacd.paths import Paths


class Routers:
    """Made when they are first asked through; `factories` may grow while kinds of providers are `coming`."""

    def __init__(
        self,
        factories: Mapping[str, ProviderFactory],
        *,
        environ: Mapping[str, str],
        paths: Paths,
        clock: Clock,
        log: Log,
        coming: Callable[[], Awaitable[None]],
    ) -> None:
        self._factories = factories
        self._environ = environ
        self._paths = paths
        self._clock = clock
        self._log = log
        self._coming = coming
        self._made: dict[KnowledgeConfig, AIRouter] = {}

    def seen_by(self, config: Config, environ: Mapping[str, str], caller: str, meter: Meter) -> AIRouter:
        """Return the router as this configuration, these keys and those in files show it to a caller."""
        router = self._made.get(config.knowledge)
        if router is None:
            host = Host(self._environ, self._paths, self._log, config.knowledge)
            router = AIRouter(config.ai, self._factories, host, clock=self._clock, coming=self._coming)
            self._made[config.knowledge] = router
        stored = stored_names(environ, self._paths.config_dir / KEY_FOLDER)
        ai = with_stored(config.ai, self._factories, stored)
        return router.seen_by(ai, environ, caller=caller, meter=meter)

    def health(self) -> list[ProviderHealth]:
        """Return the state of every provider that was asked."""
        return [item for router in self._made.values() for item in router.health()]

    async def aclose(self) -> None:
        """Let go of all providers."""
        for router in self._made.values():
            await router.aclose()
