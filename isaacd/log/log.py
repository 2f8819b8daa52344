"""The facade that all rooms log through: a level check first, everything else only for lines that are written."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from isaacd.log.request import current_fields
from isaacd.log.sink import MAX_LOG_BYTES, Sink, open_sink
from isaacd.trace import current

Level = Literal["debug", "info", "warning", "error"]
_CONCEALED = b"[redacted]"
_SHORTEST_SECRET = 6
_MOST_CONCEALED = 100
_RANK: dict[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class _Core:
    """What all `Log`s of one `open_log` share: the threshold, the sink and, from the first line on, the pipeline."""

    __slots__ = ("_now", "_pipeline", "concealed", "dropped", "sink", "threshold")

    def __init__(self, sink: Sink, level: Level, now: Callable[[], float]) -> None:
        self.sink = sink
        self.threshold = _RANK[level]
        self.dropped = 0
        self.concealed: dict[bytes, None] = {}  # as it would stand in a line, the newest last
        self._now = now
        self._pipeline: Callable[[str, str, dict[str, object]], bytes] | None = None

    def emit(self, level: Level, event: str, fields: dict[str, object]) -> None:
        try:
            if self._pipeline is None:
                # structlog costs more than 10 ms to import; the daemon is ready before it pays that.
                from isaacd.log.pipeline import make_pipeline

                self._pipeline = make_pipeline(self._now)
            trace = current()
            known = current_fields() if trace is None else {"trace": trace.id, **current_fields()}
            line = self._pipeline(level, event, {**known, **fields})
            for secret in self.concealed:
                line = line.replace(secret, _CONCEALED)
            if self.dropped:
                self.sink.write(self._pipeline("warning", "log lines dropped", {"dropped": self.dropped}))
                self.dropped = 0
            self.sink.write(line)
        except Exception:  # noqa: BLE001 - a full disk, no descriptors, no memory: whoever logs must not fail with us
            self.dropped += 1


class Log:
    """Writes events with fields; never raises, whatever the fields or the disk are like.

    `event` is a short constant name; what varies goes into fields. A field named `error` may be an exception.
    """

    __slots__ = ("_core", "_fields")

    def __init__(self, core: _Core, fields: dict[str, object] | None = None) -> None:
        self._core = core
        self._fields = fields or {}

    def debug(self, event: str, /, **fields: object) -> None:
        """Log what only a developer wants to know."""
        if self._core.threshold <= 10:
            self._core.emit("debug", event, {**self._fields, **fields})

    def info(self, event: str, /, **fields: object) -> None:
        """Log what happened as it should."""
        if self._core.threshold <= 20:
            self._core.emit("info", event, {**self._fields, **fields})

    def warning(self, event: str, /, **fields: object) -> None:
        """Log what went wrong without harm so far."""
        if self._core.threshold <= 30:
            self._core.emit("warning", event, {**self._fields, **fields})

    def error(self, event: str, /, **fields: object) -> None:
        """Log what failed."""
        self._core.emit("error", event, {**self._fields, **fields})

    def exception(self, event: str, /, **fields: object) -> None:
        """Log what failed, with the traceback of the exception being handled."""
        self._core.emit("error", event, {"exc_info": True, **self._fields, **fields})

    def conceal(self, secret: str) -> None:
        """Leave this text out of every later line, whatever it stands in; one that is short is taken for a word.

        For what has been handed out as a secret: it need not look like one to be recognised.
        """
        if len(secret) >= _SHORTEST_SECRET:
            import msgspec

            # A secret that is no text cannot stand in a line as it is.
            written = msgspec.json.encode(secret.encode("utf-8", "replace").decode())[1:-1]
            concealed = self._core.concealed
            concealed.pop(written, None)
            concealed[written] = None
            if len(concealed) > _MOST_CONCEALED:
                del concealed[next(iter(concealed))]

    def bind(self, **fields: object) -> "Log":
        """Return a log that adds `fields` to every line."""
        return Log(self._core, {**self._fields, **fields})

    def enabled(self, level: Level) -> bool:
        """Tell whether lines of this level are written, for fields that are dear to compute."""
        return self._core.threshold <= _RANK[level]

    def set_level(self, level: Level) -> None:
        """Change the least important level that is written, for every log bound from the same opening."""
        self._core.threshold = _RANK[level]

    @property
    def place(self) -> str:
        """Where the lines go: the path of a file, or `stderr`."""
        return self._core.sink.place

    @property
    def dropped(self) -> int:
        """How many lines could not be written since the last one that could."""
        return self._core.dropped

    def reopen(self) -> None:
        """Open the file anew, after someone moved it away."""
        self._core.sink.reopen()

    def close(self) -> None:
        """Let go of the file; later lines are counted as dropped."""
        self._core.sink.close()


def open_log(
    file: Path,
    *,
    level: Level = "info",
    fallback: Path | None = None,
    stderr: bool = False,
    journal: bool = False,
    now: Callable[[], float] = time.time,
    max_bytes: int = MAX_LOG_BYTES,
) -> Log:
    """Open the log at `file`, or at `fallback` if that cannot be written, or at standard error as the last way out.

    A file is made with mode 0600, in a directory made with 0700; a symbolic link is not followed. At `max_bytes` it
    is renamed to `NAME.1`, over the one before. With `journal` the lines go to the journal of systemd instead. `now`
    gives seconds since the epoch. Never raises.
    """
    if journal and not stderr:
        from isaacd.log.journal import JournalSink

        return Log(_Core(JournalSink(), level, now))
    files = [] if stderr else [file] if fallback is None else [file, fallback]
    return Log(_Core(open_sink(files, max_bytes), level, now))
