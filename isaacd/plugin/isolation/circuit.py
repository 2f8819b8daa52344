"""How soon a plugin that has failed is started again: at once, then after longer and longer waits."""

from collections.abc import Callable

from isaacd.errors import PluginFailed

# A first crash costs nobody a wait; from the second in a row on, twice as long each time.
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 60.0
# Whoever calls shortly before the end of a wait gets it spent for them.
PATIENCE_S = 1.0
# After so long without a crash, all is forgotten.
_FORGOTTEN_S = 120.0


class Circuit:
    """Counts the crashes of one plugin in a row."""

    def __init__(self, name: str, monotonic: Callable[[], float]) -> None:
        self._name = name
        self._monotonic = monotonic
        self._crashes = 0
        self._last = 0.0
        self._cause = ""

    @property
    def crashes(self) -> int:
        """How many there were lately."""
        if self._crashes and self._monotonic() - self._last > _FORGOTTEN_S:
            self._crashes = 0
        return self._crashes

    def crashed(self, cause: str) -> None:
        """Count one more."""
        self._crashes = self.crashes + 1
        self._last = self._monotonic()
        self._cause = cause

    def worked(self) -> None:
        """Take note of a call that came to its end: what fails after it begins a row of its own."""
        self._crashes = 0

    def wait_s(self) -> float:
        """Return the seconds to wait before the next start, PATIENCE_S at most; raises PluginFailed if it is longer."""
        crashes = self.crashes
        if crashes < 2:
            return 0.0
        whole_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (crashes - 2))
        left_s = self._last + whole_s - self._monotonic()
        if left_s > PATIENCE_S:
            raise PluginFailed(
                f"the plugin {self._name} has failed {crashes} times in a row and is left alone for {left_s:.0f} s:"
                f" {self._cause}",
                hint=f"isaacctl logs tells more; isaacctl plugins disable {self._name} ends it",
                detail={"plugin": self._name, "cause": self._cause},
                retry_after_ms=int(left_s * 1000) + 1,
            )
        return max(0.0, left_s)
