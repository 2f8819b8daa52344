"""Every key of config.toml: its type, its limits, its default and what it is for."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from isaacd.config.about import about
from isaacd.config.ai import AIConfig, BatchConfig, BudgetConfig, ChatConfig, HistoryConfig, ToolsConfig
from isaacd.config.http import HttpConfig
from isaacd.config.isolation import IsolationConfig
from isaacd.config.jobs import JobsConfig
from isaacd.config.routing import RoutingConfig, RunConfig
from isaacd.config.shell import ShellConfig

LogLevel = Literal["debug", "info", "warning", "error"]


class LogConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What the daemon writes down about itself."""

    level: Annotated[LogLevel, Meta(description="The least important lines that are still logged.")] = "info"


class DaemonConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The life of the daemon."""

    idle_exit_s: Annotated[
        float,
        Meta(
            ge=0,
            le=31_536_000,
            description="Seconds without a request after which a daemon that was started on demand exits; 0 is never.",
        ),
    ] = 10800.0


class ObserveConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the daemon sends what it observes of itself; nowhere, unless you say so."""

    otlp_endpoint: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^https?://[^\s@]+$",
                extra={"expected": "an address that begins with http:// or https://, without a password"},
            ),
        ]
        | None,
        about(
            "An OpenTelemetry collector that gets the times of requests, over HTTP.", "http://127.0.0.1:4318"
        ),
    ] = None


class LimitsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the daemon waits for its clients."""

    first_byte_s: Annotated[
        float,
        Meta(
            gt=0, le=86_400, description="Seconds that a new connection may stay silent before it is closed."
        ),
    ] = 5.0
    stalled_peer_s: Annotated[
        float,
        Meta(
            gt=0,
            le=86_400,
            description="Seconds that a client may leave its output unread before it is closed.",
        ),
    ] = 30.0
    drain_s: Annotated[
        float,
        Meta(
            ge=0, le=86_400, description="Seconds that running requests get to finish when the daemon stops."
        ),
    ] = 10.0


class KnowledgeConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The offline answers."""

    tldr_url: Annotated[
        str,
        Meta(
            pattern=r"^https://[^\s]+$",
            description="The archive of tldr pages that `isaacctl knowledge update` fetches.",
        ),
    ] = "https://github.com/tldr-pages/tldr/releases/latest/download/tldr-pages.en.zip"
    tldr_dirs: Annotated[
        tuple[str, ...],
        Meta(description="Further folders of tldr pages, beside the caches of the usual tldr clients."),
    ] = ()
    whatis: Annotated[
        bool,
        Meta(description="Whether the names and summaries of this machine's manual pages are searched too."),
    ] = True


# Plugins may add more: `isaacd.config.offered`.
POLICIES = ("lru", "sieve", "s3fifo", "adaptive-s3fifo", "arc", "wtinylfu", "gdsf")
_POLICY_WORDS = f"one of {', '.join(POLICIES)}, or a policy of a plugin"


class CacheConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The answers that are kept, so that nobody is asked twice."""

    enabled: Annotated[bool, Meta(description="Whether answers are kept and looked up at all.")] = True
    l1_entries: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Answers kept in memory, ready for use.")
    ] = 100
    l2_entries: Annotated[int, Meta(ge=1, le=1_000_000, description="Answers kept in memory, encoded.")] = (
        1000
    )
    l1_policy: Annotated[
        str,
        Meta(
            description="Which of the answers in memory are kept ready for use.",
            extra={"expected": _POLICY_WORDS},
        ),
    ] = "lru"
    policy: Annotated[
        str,
        Meta(
            description="Which of the encoded answers go when there is no room.",
            extra={"expected": _POLICY_WORDS},
        ),
    ] = "adaptive-s3fifo"
    max_bytes: Annotated[
        int, Meta(ge=65_536, le=1 << 40, description="How large the file of answers may grow.")
    ] = 256 * 1024 * 1024
    max_age_days: Annotated[
        float,
        Meta(ge=0, le=3650, description="Days that an answer is kept; 0 keeps it until there is no room."),
    ] = 30.0
    redis_url: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^(?:rediss?|unix)://[^\s]+$",
                extra={"expected": "an address that begins with redis://, rediss:// or unix://"},
            ),
        ]
        | None,
        about(
            "A Redis or Valkey server that shares answers with a team. Needs the extra `redis`.",
            "redis://127.0.0.1:6379/0",
        ),
    ] = None
    provider_independent: Annotated[
        bool, Meta(description="Whether one provider's answer may stand for another's, for the same model.")
    ] = False
    slots: Annotated[
        bool,
        Meta(
            description="Whether an explanation of a command serves for others that differ only in names and addresses."
        ),
    ] = True
    knowledge: Annotated[
        bool,
        Meta(
            description="Whether Isaac explains a command by itself when it knows every word of it, instead of asking."
        ),
    ] = True
    sampled: Annotated[bool, Meta(description="Whether answers at a temperature above 0 are kept too.")] = (
        False
    )
    learn: Annotated[
        bool,
        Meta(
            description="Whether hashes of what was asked are remembered, to have those answers ready at the next start."
        ),
    ] = True


Load = Literal["lazy", "sequential", "concurrent", "threaded"]


class PluginsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Which plugins are loaded, and when."""

    load: Annotated[
        Load,
        Meta(
            description="When plugins are imported: with their first use (`lazy`), or all at the start: one after another (`sequential`), with set-ups side by side (`concurrent`), or in threads (`threaded`)."
        ),
    ] = "lazy"
    choose: Annotated[
        dict[str, str],
        about(
            "Which of several plugins with one name is used: `isaac`, `user`, or the name of a distribution.",
            {"notes": "user"},
            expected="a table of names and places",
        ),
    ] = {}
    import_timeout_s: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds that the import of a plugin may take before it is given up."),
    ] = 10.0
    wait_s: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="Seconds that a request waits for plugins that are still being looked at, after the last of them became known.",
        ),
    ] = 10.0
    disabled: Annotated[
        tuple[str, ...],
        Meta(description="Names of plugins that are found but not loaded."),
    ] = ()
    settings: Annotated[
        dict[str, dict[str, object]],
        about(
            "Settings of plugins, each in a table of its own: `[plugins.settings.NAME]`.",
            {"greet": {}},
            expected="a table with the plugin's own keys",
        ),
    ] = {}
    isolation: IsolationConfig = IsolationConfig()


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of config.toml."""

    log: LogConfig = LogConfig()
    daemon: DaemonConfig = DaemonConfig()
    observe: ObserveConfig = ObserveConfig()
    limits: LimitsConfig = LimitsConfig()
    ai: AIConfig = AIConfig()
    budget: BudgetConfig = BudgetConfig()
    history: HistoryConfig = HistoryConfig()
    run: RunConfig = RunConfig()
    chat: ChatConfig = ChatConfig()
    batch: BatchConfig = BatchConfig()
    jobs: JobsConfig = JobsConfig()
    tools: ToolsConfig = ToolsConfig()
    routing: RoutingConfig = RoutingConfig()
    shell: ShellConfig = ShellConfig()
    cache: CacheConfig = CacheConfig()
    knowledge: KnowledgeConfig = KnowledgeConfig()
    http: HttpConfig = HttpConfig()
    plugins: PluginsConfig = PluginsConfig()
