"""The daemon's command line: `isaacd`, usually started by `isaacctl` or systemd."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from isaacd import __version__
from isaacd.errors import IsaacError

if TYPE_CHECKING:
    from isaacd.log import Log
    from isaacd.server.singleton import Singleton

# As in isaacd.backup, which is only imported where a restoration was interrupted.
_RESTORATION = "restore.json"
# So long may threads that plugins have left go on once everything is closed.
STAYING_S = 2.0
_MOST_NAMES = 10
_USAGE = """Usage: isaacd [OPTIONS]

Run the daemon of Isaac in the foreground. `isaacctl` starts it by itself when it is needed.

Options:
  --set KEY=VALUE   Change a setting, for example --set log.level=debug.
  --log-stderr      Log to standard error instead of the log file.
  --on-demand       Exit after a while without requests (daemon.idle_exit_s).
  --socket-fd N     A listening socket to take over, together with
  --lock-fd N       the lock that belongs to it.
  --version         Show the version.
  --help            Show this message.
"""


class _Options:
    def __init__(self) -> None:
        self.sets: list[str] = []
        self.log_stderr = False
        self.on_demand = False
        self.socket_fd: int | None = None
        self.lock_fd: int | None = None


def main(argv: Sequence[str] | None = None) -> None:
    """Run the daemon; exits with 0 after a clean stop, 2 for bad usage, 75 if another one runs, 77 or 78."""
    options = _parse(sys.argv[1:] if argv is None else argv)
    gc.disable()  # until the daemon is ready: imports leave no garbage, and looking for it costs 4 % of the time
    try:
        _run(options)
    except IsaacError as error:
        _fail(error.message, error.hint, _exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _parse(argv: Sequence[str]) -> _Options:
    """Read the few options by hand: click would cost a third of the time until the daemon is ready."""
    options = _Options()
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        name, found, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in ("--help", "-h"):
            sys.stdout.write(_USAGE)
            sys.exit(0)
        if name == "--version":
            sys.stdout.write(f"isaacd {__version__}\n")
            sys.exit(0)
        if name == "--log-stderr":
            options.log_stderr = True
        elif name == "--on-demand":
            options.on_demand = True
        elif name in ("--set", "--socket-fd", "--lock-fd"):
            if not found:
                if not rest:
                    _fail(f"{name} needs a value", "isaacd --help shows all options", 2)
                value = rest.pop(0)
            _take(options, name, value)
        else:
            _fail(f"unknown option {word!r}", "isaacd --help shows all options", 2)
    if (options.socket_fd is None) != (options.lock_fd is None):
        _fail("--socket-fd and --lock-fd belong together", None, 2)
    return options


def _take(options: _Options, name: str, value: str) -> None:
    if name == "--set":
        options.sets.append(value)
        return
    if not value.isdecimal():
        _fail(f"{name} needs the number of a descriptor, not {value!r}", None, 2)
    if name == "--socket-fd":
        options.socket_fd = int(value)
    else:
        options.lock_fd = int(value)


def _run(options: _Options) -> None:
    import anyio

    from isaacd.app import App, Launch
    from isaacd.clock import SystemClock
    from isaacd.config import ConfigSource
    from isaacd.log import open_log
    from isaacd.paths import Paths
    from isaacd.server.singleton import Singleton

    os.umask(0o077)
    environ = dict(os.environ)
    paths = Paths.from_environ(environ, os.geteuid())
    source = ConfigSource(paths.config_file, environ)
    if options.sets:
        source.with_overrides({}, options.sets)  # what is wrong with them is told before anything is begun
    os.chdir("/")
    log = open_log(
        paths.log_file,
        fallback=paths.runtime_dir / "isaacd.log",
        stderr=options.log_stderr,
        journal=_is_journal(environ),
    )
    supervisor = None
    if "NOTIFY_SOCKET" in environ or "LISTEN_FDS" in environ:
        from isaacd.server.supervisor import Supervisor

        supervisor = Supervisor.from_environ(environ, log)
    if options.socket_fd is not None and options.lock_fd is not None:
        singleton = Singleton.inherit(paths, options.socket_fd, options.lock_fd)
    elif supervisor is not None and supervisor.handed_over.listening is not None:
        singleton = Singleton.activated(paths, supervisor.handed_over.listening)
    else:
        singleton = Singleton.acquire(paths)

    if (paths.state_dir / _RESTORATION).exists():
        from isaacd.backup.restore import finish

        finish(paths)  # we have the lock, and nothing is open yet

    async def serve() -> bool:
        app = App(
            paths=paths,
            environ=environ,
            clock=SystemClock(),
            log=log,
            source=source,
            launch=Launch(on_demand=options.on_demand, sets=tuple(options.sets)),
            supervisor=supervisor,
        )
        app.load()
        gc.freeze()  # else the first collection looks at all of it, while the first client waits
        gc.enable()
        return await app.serve(singleton)

    try:
        if anyio.run(serve, backend_options={"use_uvloop": _has_uvloop()}):
            _follow(options, singleton, log)
    finally:
        singleton.release()
        _leave_whoever_stays(log)
        log.close()


def _leave_whoever_stays(log: "Log") -> None:
    """See that the process ends, though a plugin that is trusted has left threads which never do."""
    import threading

    ours = ("ThreadPoolExecutor", "asyncio_", "AnyIO")  # those end with the interpreter
    left = [
        thread.name
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread() and not thread.name.startswith(ours)
    ]
    if not left:
        return
    log.error("threads of plugins have not ended", count=len(left), names=left[:_MOST_NAMES])
    ending = sys.exc_info()[1]
    status = 0 if ending is None else 1
    if isinstance(ending, SystemExit) and isinstance(ending.code, int):
        status = ending.code
    timer = threading.Timer(STAYING_S, os._exit, (status,))
    timer.daemon = True
    timer.start()


def _follow(options: _Options, singleton: "Singleton", log: "Log") -> None:
    """Let the newer daemon that is installed now take this one's place; without it, the next client starts one."""
    from isaacd.server.upgrade import EXIT_RESTART, become

    if singleton.is_managed or not options.on_demand:
        sys.exit(EXIT_RESTART)
    socket_fd, lock_fd = singleton.descriptors()
    try:
        become(options.sets, socket_fd=socket_fd, lock_fd=lock_fd)
    except OSError as error:
        log.error("the newer version cannot be started", reason=str(error))


def _is_journal(environ: dict[str, str]) -> bool:
    if "JOURNAL_STREAM" not in environ:
        return False
    from isaacd.log.journal import is_our_journal

    return is_our_journal(environ)


def _has_uvloop() -> bool:
    import importlib.util

    return importlib.util.find_spec("uvloop") is not None


def _exit_code(error: IsaacError) -> int:
    from isaacd.cli.exits import exit_code
    from isaacd.server.singleton import AlreadyRunning

    return 75 if isinstance(error, AlreadyRunning) else exit_code(error)


def _fail(message: str, hint: str | None, code: int) -> None:
    sys.stderr.write(f"isaacd: {message}\n" + (f"  {hint}\n" if hint else ""))
    sys.exit(code)


if __name__ == "__main__":
    main()
