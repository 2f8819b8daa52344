"""The configuration: one TOML file, the environment and `--set`, checked and laid over each other."""

from isaacd.config.ai import (
    AIConfig,
    BatchConfig,
    BreakerConfig,
    BudgetConfig,
    ChatConfig,
    HistoryConfig,
    PriceConfig,
    ProviderConfig,
    RetryConfig,
    Strategy,
    ToolsConfig,
)
from isaacd.config.http import HttpConfig, address_of, is_loopback
from isaacd.config.jobs import JobsConfig
from isaacd.config.loaded import ConfigRow, Loaded, load
from isaacd.config.offered import UNKNOWN, Offered
from isaacd.config.problem import Origin, Problem
from isaacd.config.routing import RoutingConfig, RoutingRuleConfig
from isaacd.config.schema import (
    POLICIES,
    CacheConfig,
    Config,
    DaemonConfig,
    KnowledgeConfig,
    LimitsConfig,
    LogConfig,
    PluginsConfig,
)
from isaacd.config.shell import ShellConfig
from isaacd.config.source import ConfigSource

__all__ = [
    "POLICIES",
    "UNKNOWN",
    "AIConfig",
    "BatchConfig",
    "BreakerConfig",
    "BudgetConfig",
    "CacheConfig",
    "ChatConfig",
    "Config",
    "ConfigRow",
    "ConfigSource",
    "DaemonConfig",
    "HistoryConfig",
    "HttpConfig",
    "JobsConfig",
    "KnowledgeConfig",
    "LimitsConfig",
    "Loaded",
    "LogConfig",
    "Offered",
    "Origin",
    "PluginsConfig",
    "PriceConfig",
    "Problem",
    "ProviderConfig",
    "RetryConfig",
    "RoutingConfig",
    "RoutingRuleConfig",
    "ShellConfig",
    "Strategy",
    "ToolsConfig",
    "address_of",
    "is_loopback",
    "load",
]
