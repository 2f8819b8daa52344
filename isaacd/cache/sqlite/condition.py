"""How the file is doing, said once whenever that changes."""

from pathlib import Path

from isaacd.log import Log

_LONGEST_RETRY_S = 60.0


class Condition:
    """`state` is "ok" or one sentence; `failures` counts since it was last ok."""

    def __init__(self, file: Path, log: Log | None) -> None:
        self.state = "not open"
        self.writable = False
        self.errors = 0
        self.failures = 0
        self._file = file
        self._log = log
        self._complained = False

    def well(self) -> None:
        """The file can be read and written."""
        self.state, self.writable, self.failures = "ok", True, 0
        if self._complained and self._log is not None:
            self._log.info("cache file in use again", file=str(self._file))
        self._complained = False

    def ill(self, state: str) -> None:
        """The file cannot be written, perhaps not even read."""
        self.failures += 1
        changed = state != self.state
        self.state, self.writable = state, False
        if changed and self._log is not None:
            self._log.warning("cache file not written", reason=state, file=str(self._file))
        self._complained = True

    def retry_delay_s(self, first_s: float) -> float:
        """Return how long to wait before the next try."""
        return min(first_s * 2.0 ** min(self.failures, 30), _LONGEST_RETRY_S) if not self.writable else 0.0

    def rebuilt(self, reason: str, aside: Path) -> None:
        """Say that a damaged file was replaced."""
        if self._log is not None:
            self._log.warning("cache file damaged, rebuilt", reason=reason, moved_to=str(aside))

    def defect(self) -> None:
        """Say that something failed that is not the disk's fault; to be called while handling the exception."""
        if self._log is not None:
            self._log.exception("cache failed")

    def row_damaged(self) -> None:
        """Say that the contents of a row are not what was written."""
        if self._log is not None:
            self._log.warning("cache row damaged, dropped", file=str(self._file))
