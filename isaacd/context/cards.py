"""What the outside may know of the daemon, its plugins and its commands."""

from typing import Literal

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
    """What the outside may know of a plugin; `import_ms` is the wall time of its import.

    `state` is ready (known, and imported with its first use), loaded, waiting (about to be described), failed, disabled
    or hidden. `source` is bundled, site, entry or user. `isolation` says what keeps it from harming others, "" as long
    as its code was not needed. `error` is why it cannot be used, `trouble` why newer code of it is not in force.
    """

    name: str
    summary: str
    version: str
    origin: str
    state: str
    import_ms: float
    commands: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    error: str | None = None
    trouble: str | None = None
    hint: str | None = None
    source: str = ""
    distribution: str = ""
    isolation: str = ""
    activation: str = "use"
    api: str = ""
    requires: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    routes: int = 0
    events: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    setup_ms: float = 0.0


class PluginChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the files of plugins has led to, by their names; `failed` has the reasons."""

    reloaded: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: dict[str, str] = {}


class StepCard(msgspec.Struct, frozen=True, kw_only=True):
    """One step on a plugin's way: discovery, import, load or setup; `at_ms` counts from the daemon's start.

    `memory_kib` is by how much the whole process grew meanwhile.
    """

    name: str
    at_ms: float
    took_ms: float
    memory_kib: int = 0


class PluginSteps(msgspec.Struct, frozen=True, kw_only=True):
    """What one plugin has cost so far."""

    name: str
    state: str
    steps: tuple[StepCard, ...] = ()


class PluginTimes(msgspec.Struct, frozen=True, kw_only=True):
    """What all plugins have cost so far, and how they are loaded (`plugins.load`)."""

    load: str
    plugins: tuple[PluginSteps, ...] = ()


class PluginTrust(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a plugin, or with an empty `name` a folder, is trusted to run inside the daemon, and why.

    `scopes` are those that it wants, `granted` those that it has; one that is trusted has all of them.
    """

    name: str
    origin: str
    trusted: bool
    reason: str
    scopes: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()


class PluginFinding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong about plugins on this machine, and how to mend it."""

    severity: Literal["error", "warning"]
    about: str
    message: str
    hint: str


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A result with an exit code of its own: a check that found something has worked, and yet is no success."""

    exit_code: int = 0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A result whose rows have been sent as events: on a command line they are all that is shown of it."""


class PluginDiagnosis(Ending, frozen=True, kw_only=True):
    """What a look at all plugins has found; `isolation` is what keeps those in that are not trusted."""

    plugins: int
    isolation: str
    findings: tuple[PluginFinding, ...] = ()


class CommandTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How often a command ran since the daemon's start, how often it failed, and how long it took on average."""

    command: str
    count: int
    failed: int
    mean_ms: float


class HouseCard(msgspec.Struct, frozen=True, kw_only=True):
    """What else there is to know of a daemon: how late its event loop was, plugins by state, what it has open.

    `tasks` are those of the event loop; `commands` are those that took the most time altogether, `rooms` the parts in use. `cache_*` count the answers that
    were kept, or were not, since the start; `lines_dropped` are of the log.
    """

    loop_lag_ms: float
    worst_loop_lag_ms: float
    peak_rss_kib: int
    threads: int
    tasks: int
    open_files: int
    plugins: dict[str, int]
    commands: tuple[CommandTimes, ...]
    rooms: tuple[str, ...]
    cache_hits: int
    cache_misses: int
    lines_dropped: int


class MemoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the daemon's memory, in KiB (1024 bytes).

    `group` is room (what a room of the daemon holds), plugin or code (modules with their classes and functions), rest
    (Python objects that none of those leads to), mapped (resident, by what the kernel has mapped there) or process (one
    that the daemon has started: its PSS). `objects` counts Python's.
    """

    group: str
    name: str
    kib: float
    objects: int = 0


class MemoryCard(msgspec.Struct, frozen=True, kw_only=True):
    """Where the daemon's memory is, in KiB; all measured at one moment.

    Of `rss_kib`, which is resident, `pss_kib` counts pages that other processes share in parts, and `private_kib` are this
    one's alone. `python_kib` is what all rows of rooms, plugins, code and the rest weigh together, `sqlite_kib` what SQLite
    has allocated itself; `unaccounted_kib` is what is left of the heap: room that is free and kept, and what C code
    holds. `blocks` are those of Python's allocator, `took_ms` is how long the measurement took, mostly in another process.
    """

    rss_kib: int
    pss_kib: int
    private_kib: int
    swapped_kib: int
    python_kib: float
    sqlite_kib: float
    unaccounted_kib: float
    blocks: int
    took_ms: float
    rows: tuple[MemoryRow, ...]


class DaemonCard(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon's state at one moment; times in seconds, memory in KiB.

    `providers` are the AI providers that were called since its start. `http` is where HTTP is spoken over TCP, or why it is
    not although the configuration wants it.
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
    http: str = ""
    providers: tuple[ProviderHealth, ...] = ()
    house: HouseCard | None = None
    memory: MemoryCard | None = None
