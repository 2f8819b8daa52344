"""What a person has chosen about plugins: which are switched off, and which of several with one name is taken.

Kept in a file of its own beside the plugins, and laid under `[plugins] disabled` of config.toml, which is the person's own
text and never written to.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from isaacd.paths import keep_own, read_own
from isaacd.plugin.places import Found

FILE_NAME = "choices.json"
# Without it, nothing could be switched on again.
INDISPENSABLE = frozenset(["plugins"])


class Choices(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was chosen; `taken` maps the names of plugins to where each is to come from, as `label_of` says it."""

    version: int = 1
    disabled: tuple[str, ...] = ()
    taken: dict[str, str] = {}

    def with_disabled(self, name: str) -> "Choices":
        """Switch a plugin off."""
        return msgspec.structs.replace(self, disabled=tuple(sorted({*self.disabled, name})))

    def with_enabled(self, name: str) -> "Choices":
        """Switch a plugin on again."""
        return msgspec.structs.replace(self, disabled=tuple(item for item in self.disabled if item != name))

    def with_taken(self, name: str, label: str) -> "Choices":
        """Take one of several plugins with the same name."""
        return msgspec.structs.replace(self, taken={**self.taken, name: label})

    def without_source(self, label: str) -> "Choices":
        """Forget where plugins were to come from, if it was from there."""
        return msgspec.structs.replace(
            self, taken={name: other for name, other in self.taken.items() if other != label}
        )


def label_of(found: Found) -> str:
    """Say where a plugin comes from, in a way that outlasts its updates: `isaac`, `user`, a distribution or a path."""
    if found.source == "bundled":
        return "isaac"
    if found.source == "user":
        return "user"
    return found.distribution.partition(" ")[0] or str(found.origin)


def settle(found: Iterable[Found], taken: dict[str, str]) -> list[Found]:
    """Decide between plugins of one name: the one that is taken, else the first that can be used; it hides the others.

    The order stays.
    """
    every = list(found)
    first: dict[str, Found] = {}
    for one in every:
        if taken.get(one.name) == label_of(one):
            first.setdefault(one.name, one)
    for one in every:
        if one.refused is None:
            first.setdefault(one.name, one)
    settled = []
    for one in every:
        winner = first.get(one.name, one)
        settled.append(msgspec.structs.replace(one, hidden_by=None if winner is one else winner.origin))
    return settled


def read_choices(plugins_dir: Path) -> Choices:
    """Read what was chosen; a file that is not there, damaged, or that others can write to says nothing."""
    try:
        return msgspec.json.decode(read_own(plugins_dir / FILE_NAME), type=Choices)
    except (OSError, ValueError):
        return Choices()


def write_choices(plugins_dir: Path, choices: Choices) -> None:
    """Replace the file as a whole; raises StorageUnavailable."""
    keep_own(plugins_dir / FILE_NAME, msgspec.json.format(msgspec.json.encode(choices), indent=2) + b"\n")
