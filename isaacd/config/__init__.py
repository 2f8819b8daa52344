"""The configuration: one TOML file, the environment and `--set`, checked and laid over each other."""

from isaacd.config.loaded import ConfigRow, Loaded, load
from isaacd.config.problem import Origin, Problem
from isaacd.config.schema import (
    AIConfig,
    CacheConfig,
    Config,
    DaemonConfig,
    KnowledgeConfig,
    LimitsConfig,
    LogConfig,
    PluginsConfig,
    ProviderConfig,
)
from isaacd.config.source import ConfigSource

__all__ = [
    "AIConfig",
    "CacheConfig",
    "Config",
    "ConfigRow",
    "ConfigSource",
    "DaemonConfig",
    "KnowledgeConfig",
    "LimitsConfig",
    "Loaded",
    "LogConfig",
    "Origin",
    "PluginsConfig",
    "Problem",
    "ProviderConfig",
    "load",
]
