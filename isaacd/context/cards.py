"""What the outside may know of the daemon, its plugins and its commands."""

import msgspec

from isaacd.ai.health import ProviderHealth


class CommandCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside may know of a command; `schema` is the JSON Schema of its arguments."""

    name: str
    summary: str
    mode: str
    plugin: str
    schema: dict[str, object]
    hidden: bool = False


class ToolCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside may know of a command that a model may call; `name` is what models call it.

    `tier` is that of `isaacd.safety.tier`, and `demand` what has to happen before it runs.
    """

    name: str
    command: str
    tier: str
    demand: str
    summary: str


class PluginCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the outside may know of a plugin; `import_ms` is the wall time of its import."""

    name: str
    summary: str
    version: str
    origin: str
    state: str
    import_ms: float
    commands: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    error: str | None = None


class DaemonCard(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon's state at one moment; times in seconds, memory in KiB.

    `providers` are the AI providers that were called since its start.
    """

    version: str
    pid: int
    uptime_s: float
    socket: str
    log: str
    python: str
    rss_kib: int
    connections: int
    requests: int
    in_flight: int
    plugins: int
    draining: bool = False
    providers: tuple[ProviderHealth, ...] = ()
