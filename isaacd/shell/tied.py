"""Names that `declare -n a=b` ties together: what they may hold, whichever of both was set."""

from collections.abc import Mapping, Sequence

from isaacd.shell.syntax import Assignment, Word
from isaacd.shell.variables import value_of

MAX_NAMES = 32


class Tied:
    """Values of tied names, kept beside those that are certain: they say what could run, and never what could not."""

    def __init__(self) -> None:
        self._targets: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._targets)

    def tie(self, words: Sequence[Word], values: Mapping[str, str]) -> None:
        """Take `declare -n name=target`; what the target holds by then is kept."""
        for word in words[1:]:
            name, equals, target = (word.value or "-").partition("=")
            target = self._targets.get(target, target)
            if equals and name.isidentifier() and name != target and len(self._targets) < MAX_NAMES:
                self._targets[name] = target
                if target in values:
                    self._texts[target] = values[target]

    def assign(self, assignments: Sequence[Assignment], values: Mapping[str, str]) -> None:
        """Take what is assigned to a tied name, or to what it is tied to."""
        for item in assignments:
            name = self._targets.get(item.name, item.name)
            if name in self._targets.values() and item.words:
                value = value_of(item.words[0], values)
                if value is not None:
                    self._texts[name] = (self._texts.get(name, "") if item.adds else "") + value

    def values(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the variables as they may be."""
        names = {name: self._texts[target] for name, target in self._targets.items() if target in self._texts}
        return {**values, **self._texts, **names}
