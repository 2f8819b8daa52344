"""Laws of a plugin as a whole, and of its settings."""

import msgspec

from isaacd.cache.policy.conformance import check_policy
from isaacd.config.plain_schema import schema_of
from isaacd.plugin import Plugin
from isaacd.testing.command import check_command
from isaacd.testing.rule import check_rule

MAX_SUMMARY_CHARS = 80


def check_plugin(plugin: Plugin) -> None:
    """Check everything of a plugin that can be checked without running it in a daemon; raises AssertionError.

    Its providers, jobs and handlers need something to run with: see `check_provider`, `check_job` and
    `check_event_handler`.
    """
    assert plugin.summary.endswith("."), f"{plugin.name}: the summary is a sentence, with a full stop"
    assert "\n" not in plugin.summary, f"{plugin.name}: the summary is one line"
    assert len(plugin.summary) <= MAX_SUMMARY_CHARS, f"{plugin.name}: the summary is too long"
    assert plugin.version, f"{plugin.name} has no version"
    for command in plugin.commands:
        check_command(command)
    for rule in plugin.rewrites:
        check_rule(rule)
    for factory in plugin.policies.values():
        check_policy(factory)
    for provider in plugin.providers:
        kind = getattr(provider, "kind", None)
        assert isinstance(kind, str), f'{plugin.name}: a provider has a `kind = "..."`'
        assert kind, f'{plugin.name}: a provider has a `kind = "..."`'
    if plugin.settings is not None:
        check_settings(plugin.settings)


def check_settings(settings: type[msgspec.Struct]) -> None:
    """Check that a Struct can be settings, and explains itself; raises AssertionError, or ValueError for what cannot be."""
    schema = schema_of(settings)
    for name, struct in schema["$defs"].items():
        assert struct.get("description"), f"{name} needs a docstring: the template of config.toml shows it"
        for key, field in struct["properties"].items():
            nested = "$ref" in field or "$ref" in field.get("additionalProperties", {})
            told = field.get("description", "")
            assert nested or told.endswith("."), (
                f"{name}.{key} is not explained: Annotated[..., msgspec.Meta(description=...)]"
            )
    assert msgspec.convert({}, settings) == settings(), "no settings at all are the defaults"
