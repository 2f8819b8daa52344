"""Under a service manager a restart loses no connection and no request, and the watchdog is fed while all answers."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from isaacd.wire import ContentLengthCodec, JsonLinesCodec, NativeCodec
from tests.daemon import DEADLINE_S, Caller, Home, a_home, eventually
from tests.http_client import HttpClient
from tests.service_manager import ServiceManager


@pytest.fixture
def home() -> Iterator[Home]:
    with a_home() as home:
        yield home


@pytest.fixture
def manager(home: Home) -> Iterator[ServiceManager]:
    manager = ServiceManager(home.directory, home.environ, home.socket)
    try:
        yield manager
    finally:
        manager.close()


def connect(home: Home, codec: object = None) -> Caller:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(DEADLINE_S)
    sock.connect(str(home.socket))
    return Caller(sock, codec)  # type: ignore[arg-type]


def _reply(caller: Caller) -> tuple[object, ...]:
    while (message := caller.next()) is not None:
        if message[0] != "event":
            return message
    raise AssertionError("the connection ended")


def test_requests_wait_for_the_daemon_that_the_socket_starts(home: Home, manager: ServiceManager) -> None:
    with connect(home) as caller:
        number = caller.ask("ping")  # nobody runs yet
        manager.start()
        assert caller.answer(number)[0] == "reply"


@pytest.mark.parametrize("codec", [NativeCodec, JsonLinesCodec, ContentLengthCodec])
def test_a_restart_keeps_every_connection_and_what_was_agreed_on_it(
    home: Home, manager: ServiceManager, codec: type
) -> None:
    manager.start()
    with connect(home, codec()) as caller, connect(home, codec()) as silent:
        said = caller.call("hello", {"proto": [1], "client": {"name": "test"}, "errors": "map"})
        before = said["server"]["pid"]
        manager.restart()
        after = caller.call("ping")["pid"]
        assert after != before
        assert "no command" in caller.fail("nonsense")  # still in the form that was asked for
        assert silent.call("ping")["pid"] == after  # it had not said a word before
    assert manager.stored == {}


def test_a_restart_keeps_connections_of_http_and_who_comes_meanwhile_waits(
    home: Home, manager: ServiceManager
) -> None:
    home.write_config('[http]\nlisten = "127.0.0.1:0"\n')
    manager.start()

    def opened() -> int:
        lines = [json.loads(line) for line in home.log.read_text().splitlines()]
        return next((line["port"] for line in lines if line["event"] == "HTTP over TCP is open"), 0)

    address = ("127.0.0.1", eventually(opened, "the port"))
    local, remote = HttpClient(connect(home).sock), HttpClient(socket.create_connection(address))
    silent = HttpClient(socket.create_connection(address))
    with local, remote, silent:
        assert local.ask("GET", "/health").status == remote.ask("GET", "/health").status == 200
        halves = remote.request("GET", "/health")
        remote.sock.sendall(halves[:7])
        assert manager.stop() == 0
        with HttpClient(socket.create_connection(address)) as early:
            early.send("GET", "/health")
            manager.start()
            remote.sock.sendall(halves[7:])
            assert early.reply().status == remote.reply().status == 200
        assert [one.ask("GET", "/health").status for one in (local, silent)] == [200, 200]
        # A port that is no longer wanted is closed by the next daemon.
        assert manager.stop() == 0
        home.write_config("")
        manager.start()
        eventually(lambda: not _accepts(address), "the port to close")
    assert manager.stored == {}


def _accepts(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return False
    return True


def test_half_a_message_before_a_restart_and_half_after_it_are_one(
    home: Home, manager: ServiceManager
) -> None:
    manager.start()
    callers = []
    for codec in (NativeCodec, JsonLinesCodec, ContentLengthCodec):
        frame = codec().encode_request(7, "ping", [])
        for cut in range(len(frame)):
            caller = connect(home, codec())
            caller.sock.sendall(frame[:cut])
            callers.append((caller, frame[cut:]))
    with connect(home) as last:
        last.call("ping")  # so all that was sent before has been read
    manager.restart()
    for caller, rest in callers:
        caller.sock.sendall(rest)
        assert caller.answer(7)[0] == "reply"
        caller.sock.close()


def test_no_request_is_lost_or_answered_twice_while_restarts_go_on(
    home: Home, manager: ServiceManager
) -> None:
    manager.start()
    stop = threading.Event()
    faults: list[str] = []
    counts = [0] * 8

    def ask_on(place: int) -> None:
        with connect(home) as caller:
            while not stop.is_set():
                reply = caller.answer(caller.ask("greet", {"name": f"n{place}"}))
                if reply[0] != "reply" or f"n{place}" not in str(reply[2]):
                    faults.append(str(reply))
                    return
                counts[place] += 1

    threads = [threading.Thread(target=ask_on, args=(place,)) for place in range(len(counts))]
    for thread in threads:
        thread.start()
    for _ in range(3):
        manager.restart()
    stop.set()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert faults == []
    assert min(counts) > 0


def test_a_running_request_ends_before_the_restart_and_its_connection_goes_on(
    home: Home, manager: ServiceManager
) -> None:
    manager.start()
    assert manager.process is not None
    with connect(home) as caller:
        # A command line that waits for its standard input is under way until that has come.
        number = caller.ask(
            "cli.run", {"argv": ["ask", "x"], "_meta": {"tty": {"stdin": False}, "cwd": str(home.directory)}}
        )
        with connect(home) as watcher:
            eventually(lambda: watcher.call("status")["in_flight"], "the request to run")
        manager.process.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        later = caller.ask("ping")  # it waits in the socket
        manager.process.wait(DEADLINE_S)
        manager.start()
        kinds = {message[1]: message[0] for message in (_reply(caller), _reply(caller))}
        assert kinds.keys() == {number, later}
        assert kinds[later] == "reply"


def test_the_watchdog_is_fed_and_stops_being_fed_when_the_loop_does(
    home: Home, manager: ServiceManager
) -> None:
    manager.start(watchdog_s=0.6)
    manager.wait_for("WATCHDOG=1", 3)
    manager.wait_for("STATUS=")
    assert manager.process is not None
    manager.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, manager.process.pid, os.WSTOPPED | os.WNOWAIT)
    manager.tell("MARK")  # behind all that it had told
    manager.wait_for("MARK")
    fed = manager.count("WATCHDOG=1")
    with manager._told:
        assert not manager._told.wait_for(lambda: manager.count("WATCHDOG=1") > fed, 1.0)
    manager.process.send_signal(signal.SIGCONT)
    manager.wait_for("WATCHDOG=1", fed + 2)


def test_a_reload_is_told_from_its_beginning_to_its_end(home: Home, manager: ServiceManager) -> None:
    manager.start()
    assert manager.process is not None
    manager.process.send_signal(signal.SIGHUP)
    manager.wait_for("READY=1", 2)
    assert manager.lines.index("RELOADING=1") < len(manager.lines) - 1 - manager.lines[::-1].index("READY=1")


def test_the_socket_stays_the_managers_after_a_stop(home: Home, manager: ServiceManager) -> None:
    manager.start()
    assert manager.stop() == 0
    assert home.socket.exists()
    with connect(home) as caller:
        number = caller.ask("ping")
        manager.start()
        assert caller.answer(number)[0] == "reply"


def test_a_daemon_that_was_started_otherwise_makes_room(home: Home, manager: ServiceManager) -> None:
    home.socket.rename(home.directory / "managed")
    assert home.isaacctl("start").returncode == 0
    home.socket.unlink()
    (home.directory / "managed").rename(home.socket)
    manager.start()
    with connect(home) as caller:
        assert caller.call("ping")["pid"] == manager.process.pid  # type: ignore[union-attr]
