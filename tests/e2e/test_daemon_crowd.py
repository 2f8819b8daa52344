"""Five hundred clients at once: each is answered, and the daemon is afterwards as it was before."""

import contextlib
import itertools
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon import Daemon, eventually, running
from tests.e2e.test_daemon_hostile import PATIENCE

CLIENTS = 500
GROWTH_KIB = 24 * 1024


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < CLIENTS + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with running(plugins={"patience": PATIENCE}) as daemon:
        daemon.logged("ready")
        yield daemon


def at_once(client: Callable[[int], None]) -> None:
    """Have every client begin at the same moment, a thread each, and wait for all of them."""
    failed: list[BaseException] = []
    together = threading.Barrier(CLIENTS)

    def run(number: int) -> None:
        try:
            together.wait(300)
            client(number)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[:3]


def test_all_are_answered_and_nothing_stays(daemon: Daemon) -> None:
    daemon.ping()
    files, rss_kib = daemon.open_files(), daemon.status()["rss_kib"]

    def client(number: int) -> None:
        for _ in range(3):
            with daemon.caller() as caller:
                asked = [caller.ask("greet", f"c{number}") for _ in range(3)]
                assert [caller.answer(one)[2] for one in asked] == [f"hello c{number}"] * 3

    at_once(client)
    eventually(lambda: daemon.status()["connections"] == 1, "every connection to be let go")
    assert daemon.open_files() <= files + 1
    assert daemon.status()["rss_kib"] - rss_kib < GROWTH_KIB


def test_the_well_behaved_are_answered_among_the_others(daemon: Daemon) -> None:
    """Slow readers, slow writers, the half-closed, the rude and the silent hold nobody up."""
    behave = itertools.cycle(range(5))
    roles = [next(behave) for _ in range(CLIENTS)]
    answered: list[int] = []

    def well(number: int) -> None:
        with daemon.caller() as caller:
            for _ in range(5):
                assert caller.call("greet", f"w{number}") == f"hello w{number}"
        answered.append(number)

    def reads_slowly(number: int) -> None:
        with daemon.caller() as caller:
            caller.ask("patience.block", 300_000)
            for _ in range(3):
                caller.sock.recv(100)

    def writes_slowly(number: int) -> None:
        with daemon.caller() as caller:
            frame = caller.codec.encode_request(1, "greet", ["slow"])
            for byte in frame:
                caller.sock.sendall(bytes([byte]))
            assert caller.next() == ("reply", 1, "hello slow")

    def half_closed(number: int) -> None:
        with daemon.caller() as caller:
            asked = caller.ask("greet", "half")
            caller.sock.shutdown(socket.SHUT_WR)
            assert caller.answer(asked)[2] == "hello half"

    def rude(number: int) -> None:
        with contextlib.suppress(OSError), daemon.connect() as sock:
            sock.sendall(random.Random(number).randbytes(2000))

    kinds = [well, reads_slowly, writes_slowly, half_closed, rude]
    at_once(lambda number: kinds[roles[number]](number))
    assert len(answered) == CLIENTS // len(kinds)
    eventually(lambda: daemon.status()["connections"] == 1, "every connection to be let go")
    daemon.ping()


def test_a_storm_of_cancels_from_everybody_leaves_nothing_running(daemon: Daemon) -> None:
    def client(number: int) -> None:
        with daemon.caller() as caller:
            numbers = [caller.ask("patience.wait") for _ in range(5)]
            for one in numbers * 2:
                caller.notify("cancel", one)
            assert {(caller.next() or ())[:2] for _ in numbers} == {("error", one) for one in numbers}

    at_once(client)
    eventually(lambda: daemon.status()["in_flight"] == 0, "every run to be over")


def test_without_descriptors_for_all_each_is_answered_who_asks_again() -> None:
    """A connection that nobody has room for is closed before anything was read; isaacctl makes it anew, and so here."""
    with running() as daemon:
        daemon.logged("ready")
        with daemon.caller() as caller:
            caller.call("greet")  # its code is here, and needs no descriptor any more
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (daemon.open_files() + 20, 4096))

        def client(number: int) -> None:
            eventually(lambda: _is_greeted(daemon, f"c{number}"), "an answer")

        at_once(client)
        daemon.ping()


def _is_greeted(daemon: Daemon, name: str) -> bool:
    with contextlib.suppress(OSError), daemon.caller() as caller:
        caller.ask("greet", name)
        answer = caller.next()
        assert answer in (None, ("reply", 1, f"hello {name}")), "something else than an answer or the end"
        return answer is not None
    return False


def test_who_asks_among_five_hundred_waits_for_one_of_each(daemon: Daemon) -> None:
    """Counted, not timed: two requests that are there at the same moment, and how many others are answered between."""
    crowd = Path(__file__).parents[2] / "perf/clients/crowd.py"
    with subprocess.Popen(
        [sys.executable, str(crowd), str(daemon.home.socket), str(CLIENTS), "0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process, daemon.caller() as first, daemon.caller() as last:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for caller in (first, last):
            caller.call("ping")
        assert process.stdout.readline() == "all of them\n"
        for _ in range(2):
            daemon.send_signal(signal.SIGSTOP)
            eventually(lambda: _state(daemon.pid) == "T", "the daemon to stop")
            one = first.ask("status")
            eventually(lambda: _state(process.pid) == "S", "all of them to wait for an answer")
            other = last.ask("status")
            daemon.send_signal(signal.SIGCONT)
            before, after = (caller.answer(number)[2] for caller, number in ((first, one), (last, other)))
            assert abs(after["requests"] - before["requests"]) <= CLIENTS + 1
        process.stdin.close()
        answers, _, least = map(int, process.stdout.readline().split())
    assert answers >= CLIENTS
    assert least > 0, "somebody was forgotten"


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


GOOD = """
from isaacd.api import Context, Plugin

plugin = Plugin("good", summary="Works.")

@plugin.command
def good(context: Context) -> str:
    \"\"\"Work.\"\"\"
    return "works"
"""


def test_a_plugin_that_finds_no_descriptor_is_not_to_blame() -> None:
    """It fails for as long as there is none, and is tried again as soon as there are some."""
    with running(plugins={"good": GOOD}) as daemon, daemon.caller() as caller:
        daemon.logged("ready")
        caller.call("ping")
        before = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (daemon.open_files(), before[1]))
        answer = caller.answer(caller.ask("good"))
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, before)
        assert answer[0] == "reply" or "Too many open files" in answer[2]
        eventually(lambda: caller.answer(caller.ask("good"))[2] == "works", "the plugin to work")
