"""A real daemon in a process of its own, with a home of its own, for tests from outside."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from isaacd.plugin.grants import FILE_NAME as GRANTS_FILE
from isaacd.plugin.grants import Grants
from isaacd.plugin.trust import FILE_NAME, Trust
from isaacd.wire import Codec, NativeCodec, Notification, Response

DEADLINE_S = 90.0
# Nobody gives a plugin up that a busy machine gets to late; a test of these limits sets others.
PATIENT = "[plugins]\nwait_s = 90\nimport_timeout_s = 90\n[plugins.isolation]\nopen_s = 90\n"
# A connection that a test has opened may be silent for as long as what the test does before takes.
UNHURRIED = {"ISAAC_LIMITS_FIRST_BYTE_S": "90"}
T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, deadline_s: float = DEADLINE_S) -> T:
    """Look again and again until there is something true to see, and return it."""
    end = time.monotonic() + deadline_s
    while not (seen := look()):
        assert time.monotonic() < end, f"waited {deadline_s} s for {what}"
        time.sleep(0.01)
    return seen


class Caller:
    """A blocking client of one connection, in any of the daemon's languages."""

    def __init__(self, sock: socket.socket, codec: Codec | None = None) -> None:
        self.sock = sock
        self.sock.settimeout(DEADLINE_S)
        self.codec = codec or NativeCodec()
        self._numbers = iter(range(1, 2**31))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def ask(self, method: str, *params: object) -> int:
        """Send a request and return its id."""
        number = next(self._numbers)
        self.sock.sendall(self.codec.encode_request(number, method, list(params)))
        return number

    def notify(self, method: str, *params: object) -> None:
        self.sock.sendall(self.codec.encode_notification(method, list(params)))

    def next(self) -> tuple[Any, ...] | None:
        """Return ("reply", id, result), ("error", id, "name: message"), ("event", method, params), or None at the end."""
        while (message := self.codec.next_message()) is None:
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.codec.receive_data(data)
        decode: Any = msgspec.msgpack.decode if self.codec.format == "msgpack" else msgspec.json.decode
        if isinstance(message, Notification):
            return "event", message.method, decode(message.params)
        assert isinstance(message, Response)
        error = decode(message.error)
        return (
            ("reply", message.id, decode(message.result))
            if error is None
            else ("error", message.id, text_of(error))
        )

    def answer(self, number: int) -> tuple[Any, ...]:
        """Return the response to one request; what comes before it is dropped."""
        while (message := self.next()) is not None:
            if message[0] != "event" and message[1] == number:
                return message
        raise AssertionError(f"the connection ended without an answer to {number}")

    def call(self, method: str, *params: object) -> Any:
        """Send a request and return its result."""
        kind, _, result = self.answer(self.ask(method, *params))
        assert kind == "reply", result
        return result

    def fail(self, method: str, *params: object) -> str:
        """Send a request and return its error, `name: message`."""
        kind, _, error = self.answer(self.ask(method, *params))
        assert kind == "error", error
        return str(error)


def text_of(error: Any) -> str:
    """Return `name: message` of an error in either form."""
    return str(error[1]) if isinstance(error, list) else f"{error['data']['name']}: {error['message']}"


class Home:
    """A home directory under a short path, as sockets need, with everything of the product in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data/isaac"
        self.config = directory / "config/isaac/config.toml"
        self.socket = directory / "isaacd/isaacd.sock"
        self.lock = directory / "isaacd/isaacd.lock"
        self.log = directory / "state/isaac/isaacd.log"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "XDG_RUNTIME_DIR": str(directory),
            "XDG_CONFIG_HOME": str(directory / "config"),
            "XDG_DATA_HOME": str(directory / "data"),
            "XDG_STATE_HOME": str(directory / "state"),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "LANG": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.startswith(("COV_", "COVERAGE_"))},
        }

    def write_config(self, text: str) -> None:
        self.config.parent.mkdir(parents=True, exist_ok=True)
        # At once, as editors do: a daemon that looks in between would take half a file for the whole.
        beside = self.config.with_name("config.new")
        beside.write_text(text)
        beside.replace(self.config)

    def write_plugin(self, name: str, text: str, *, trusted: bool = True) -> Path:
        """Write a plugin; one that is `trusted` runs inside the daemon."""
        folder = self.data / "plugins/isaac_plugins"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.py"
        file.write_text(text)
        if trusted:
            self.trust.trust(name, file, now=0.0)
        return file

    def grant(self, name: str, *scopes: str) -> None:
        """Let a plugin of the user's folder, which is not trusted, have these scopes."""
        Grants(self.data / "plugins" / GRANTS_FILE).grant(name, "user", scopes, now=0.0)

    @property
    def trust(self) -> Trust:
        return Trust(self.data / "plugins" / FILE_NAME)

    def isaacctl(self, *argv: str, input: bytes | None = None) -> subprocess.CompletedProcess[str]:  # noqa: A002
        return subprocess.run(
            [sys.executable, "-m", "isaacctl", *argv],
            env=self.environ,
            input=None if input is None else input.decode(),
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )


@contextlib.contextmanager
def a_home() -> Iterator[Home]:
    directory = Path(tempfile.mkdtemp(prefix="isaac-", dir="/tmp"))
    try:
        yield Home(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Daemon:
    """One `isaacd` process."""

    def __init__(
        self,
        home: Home,
        arguments: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.home = home
        self._quiet, self._spent = 0, [""]
        self.stopped = False  # set by a test that has ended the process itself
        self._stderr = home.directory / f"stderr-{time.monotonic_ns()}"
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "isaacd", *arguments],
                env={**UNHURRIED, **home.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def stderr(self) -> str:
        return self._stderr.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Wait for the first answer."""

        def ready() -> bool:
            assert self.process.poll() is None, f"isaacd ended with {self.process.returncode}: {self.stderr}"
            with contextlib.suppress(OSError), self.caller() as caller:
                return bool(caller.call("ping"))
            return False

        eventually(ready, "isaacd to answer")

    def connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(DEADLINE_S)
            sock.connect(str(self.home.socket))
        except OSError:
            sock.close()
            raise
        return sock

    def caller(self, codec: Codec | None = None) -> Caller:
        return Caller(self.connect(), codec)

    def ping(self) -> None:
        with self.caller() as caller:
            assert caller.call("ping")["pid"] == self.pid

    def log(self, file: Path | None = None) -> list[dict[str, Any]]:
        """Return the log's lines; one that is being written is not there yet."""
        with contextlib.suppress(FileNotFoundError):
            *whole, _ = (file or self.home.log).read_text(errors="replace").split("\n")
            return [json.loads(line) for line in whole]
        return []

    def logged(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for lines about `event` and return them."""
        return eventually(
            lambda: (
                found
                if len(found := [line for line in self.log() if line["event"] == event]) >= count
                else []
            ),
            f"the log to say {event!r}",
        )

    def status(self) -> dict[str, Any]:
        with self.caller() as caller:
            return dict(caller.call("status"))

    def quiet_ticks(self) -> int:
        """Count looks in a row at which the process had used no more processor time than before."""
        spent = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        self._quiet = self._quiet + 1 if spent == self._spent else 0
        self._spent = spent
        return self._quiet

    def open_files(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, deadline_s: float = DEADLINE_S) -> int:
        """Wait for the process to end and return its exit code."""
        self.stopped = True
        return self.process.wait(deadline_s)

    def check_end(self) -> None:
        """Stop it, if it still runs as it should, and check that it left as it should."""
        if not self.stopped:
            assert self.process.poll() is None, f"isaacd ended with {self.process.returncode}: {self.stderr}"
            self.send_signal(signal.SIGTERM)
            assert self.wait() == 0, self.stderr
            assert not self.home.socket.exists()
        assert "never retrieved" not in self.stderr
        assert "Traceback" not in self.stderr, self.stderr

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(
    *arguments: str,
    home: Home | None = None,
    plugins: Mapping[str, str] | None = None,
    config: str | None = None,
    environ: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
) -> Iterator[Daemon]:
    """Start a daemon that answers; at the end it must still be alive, unless the test stopped it, and end with 0."""
    with contextlib.ExitStack() as stack:
        home = home or stack.enter_context(a_home())
        for name, text in (plugins or {}).items():
            home.write_plugin(name, text)
        if config is not None:
            home.write_config(config)
        daemon = Daemon(home, arguments, environ, prefix)
        try:
            daemon.wait_until_ready()
            yield daemon
            daemon.check_end()
        finally:
            daemon.kill()
