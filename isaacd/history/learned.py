"""What the history teaches about typing mistakes: which programs this person runs, and how often."""

import math
from collections.abc import Iterable, Mapping

from isaacd.history.names import program_of

_KNOWN_RUNS = 3


class Learned:
    """Counts of programs in memory; asked for at every line that is routed, so each answer is one look-up."""

    def __init__(self) -> None:
        self._often: dict[str, float] = {}
        self._runs: dict[str, int] = {}
        self._most = 0
        self.is_ready = False

    def learn(self, counts: Mapping[str, int]) -> None:
        """Begin with these counts."""
        self.is_ready = True
        self._runs = dict(counts)
        self._most = max(self._runs.values(), default=0)
        self._often = {name: self._rate(runs) for name, runs in self._runs.items()}

    def add(self, commands: Iterable[str]) -> None:
        """Count commands that were run since."""
        for command in commands:
            name = program_of(command)
            if name:
                runs = self._runs[name] = self._runs.get(name, 0) + 1
                self._most = max(self._most, runs)
                self._often[name] = self._rate(runs)

    def commands(self) -> Mapping[str, float]:
        """Return no names: whether a program exists is for the PATH to say, not for what was once typed."""
        return {}

    def subcommands(self, tool: str) -> frozenset[str]:
        """Return none: what was typed behind a tool may have been a mistake as well."""
        return frozenset()

    def often(self, line: str) -> float:
        """Return how often a program was run, from 0 (less than three times) to 1 (more than any other)."""
        return self._often.get(line, 0.0)

    def _rate(self, runs: int) -> float:
        if runs < _KNOWN_RUNS:
            return 0.0
        return round(math.log1p(runs) / math.log1p(max(self._most, 20)), 3)
