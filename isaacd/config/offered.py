"""What plugins add to the configuration: tables of their own settings, and names of cache policies."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import msgspec

from isaacd.config.schema import POLICIES
from isaacd.config.tree import Leaf, Table, schema_tree, table_of, to_toml

_POLICY_KEYS = ("l1_policy", "policy")


class Offered:
    """What plugins offer; before that is `known`, everything that they could offer is taken as it is.

    `settings` has the JSON Schema of each plugin's settings, None for a plugin that cannot be asked now: disabled, or
    broken. Its table is left alone. `policies` are the names that plugins have for theirs.
    """

    def __init__(
        self, settings: Mapping[str, Mapping[str, Any] | None] | None = None, policies: Sequence[str] = ()
    ) -> None:
        self.known = settings is not None
        self._settings = dict(settings or {})
        self._policies = (*POLICIES, *(name for name in policies if name not in POLICIES))

    @cached_property
    def tree(self) -> Table:
        """The whole configuration with all of this in its place."""
        tree = schema_tree()
        if not self.known:
            return tree
        plugins, cache = tree.fields["plugins"], tree.fields["cache"]
        assert isinstance(plugins, Table)
        assert isinstance(cache, Table)
        settings = Table(
            {name: _table(schema) for name, schema in sorted(self._settings.items())},
            "Settings of plugins, each in a table of its own.",
        )
        return Table(
            {
                **tree.fields,
                "plugins": Table({**plugins.fields, "settings": settings}, plugins.summary),
                "cache": Table(
                    {name: self._policy(name, leaf) for name, leaf in cache.fields.items()}, cache.summary
                ),
            },
            tree.summary,
        )

    def decides(self, values: Mapping[str, Any]) -> bool:
        """Say whether something in a layer can only be judged by what plugins offer."""
        if not self.known:
            return False
        plugins, cache = values.get("plugins"), values.get("cache")
        if isinstance(plugins, dict) and plugins.get("settings"):
            return True
        return isinstance(cache, dict) and any(
            cache.get(key, POLICIES[0]) not in POLICIES for key in _POLICY_KEYS
        )

    def is_open(self, key: Sequence[str]) -> bool:
        """Say whether nobody can know yet what a key of a plugin's settings is: "plugins", "settings", NAME, ..."""
        if tuple(key[:2]) != ("plugins", "settings"):
            return False
        return not self.known or (len(key) > 2 and self._settings.get(key[2], {}) is None)

    def _policy(self, name: str, leaf: Any) -> Any:
        if name not in _POLICY_KEYS:
            return leaf
        words = "one of " + ", ".join(map(to_toml, self._policies))
        return msgspec.structs.replace(
            leaf, type=Literal[self._policies], choices=self._policies, words=words
        )


UNKNOWN = Offered()


def _table(schema: Mapping[str, Any] | None) -> Any:
    if schema is None:
        return Leaf(dict[str, Any], "a table")
    from isaacd.config.plain_schema import struct_of

    return table_of(struct_of(schema))
