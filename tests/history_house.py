"""A history in a home of its own, and the records that its shells append."""

from collections.abc import Mapping
from pathlib import Path

from isaacctl.spool import append, record
from isaacd.config import ShellConfig
from isaacd.history.history import SPOOL, History
from isaacd.history.learned import Learned
from isaacd.log import open_log
from isaacd.paths import Paths
from tests.fakes import FakeClock

NOW = 1_764_560_000.0


class HistoryHouse:
    """The history of one home; `events` are what it has published."""

    def __init__(self, base: Path, *, use_fts: bool = True) -> None:
        environ = {"HOME": str(base), "XDG_RUNTIME_DIR": "/nowhere"}
        self.paths = Paths.from_environ(environ, 0, temporary=base)
        self.spool = self.paths.state_dir / SPOOL
        self.config = ShellConfig()
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self.learned = Learned()
        self.history = History(
            self.paths,
            config=lambda: self.config,
            publish=lambda name, data: self.events.append((name, data)),
            learned=self.learned,
            clock=FakeClock(NOW),
            log=open_log(base / "log", level="error"),
            use_fts=use_fts,
        )

    def run(
        self,
        command: str,
        *,
        at: float = NOW,
        duration_s: float | None = 0.5,
        exit_code: int | None = 0,
        session: str = "1.1",
        host: str = "box",
        shell: str = "bash",
        cwd: str = "/home/ada",
    ) -> None:
        """Append a command as a shell does."""
        data = record(
            command,
            started_us=int(at * 1e6),
            duration_us=None if duration_s is None else int(duration_s * 1e6),
            exit_code=exit_code,
            session=session,
            host=host,
            shell=shell,
            cwd=cwd,
        )
        assert append(str(self.spool), data)

    def files(self) -> dict[str, bytes]:
        """Return all that is in the home, by name."""
        found = self.paths.state_dir.parents[2].rglob("*")
        return {str(file): file.read_bytes() for file in found if file.is_file()}
