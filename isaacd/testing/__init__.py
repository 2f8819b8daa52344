"""Conformance checks for everything that a plugin can offer: what the daemon relies on, made testable."""

from isaacd.cache.conformance import check_store
from isaacd.cache.policy.conformance import check_policy
from isaacd.testing.bench import Bench, bench
from isaacd.testing.command import check_command
from isaacd.testing.memory import MemoryProfile, deep_size, profile_memory
from isaacd.testing.plugin import check_plugin, check_settings
from isaacd.testing.provider import check_provider, collect_pieces, text_of
from isaacd.testing.rule import check_rule
from isaacd.testing.unasked import check_event_handler, check_hooks, check_job

__all__ = [
    "Bench",
    "MemoryProfile",
    "bench",
    "check_command",
    "check_event_handler",
    "check_hooks",
    "check_job",
    "check_plugin",
    "check_policy",
    "check_provider",
    "check_rule",
    "check_settings",
    "check_store",
    "collect_pieces",
    "deep_size",
    "profile_memory",
    "text_of",
]
