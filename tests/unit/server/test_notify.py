"""What is told to a service manager has the form of sd_notify(3), and what it hands over is taken by name."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from isaacd.server.activation import inherited
from isaacd.server.notify import Notifier, watchdog_s


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(90)
        yield heard


def notifier(heard: socket.socket) -> Notifier:
    environ = {"NOTIFY_SOCKET": heard.getsockname()}
    found = Notifier.from_environ(environ)
    assert environ == {}  # programs that are started must not speak for the daemon
    return found


def test_each_thing_is_one_datagram_of_assignments(heard: socket.socket) -> None:
    told = notifier(heard)
    told.ready("2 connections\nREADY=0")
    assert heard.recv(4096) == b"READY=1\nSTATUS=2 connections READY=0"
    told.stopping()
    assert heard.recv(4096) == b"STOPPING=1"
    told.alive()
    assert heard.recv(4096) == b"WATCHDOG=1"
    told.reloading()
    assert heard.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    told.extend(1.5)
    assert heard.recv(4096) == b"EXTEND_TIMEOUT_USEC=1500000"
    told.close()


def test_descriptors_go_with_their_names(heard: socket.socket) -> None:
    told = notifier(heard)
    reading, writing = os.pipe()
    assert told.store("a-name", writing)
    os.close(writing)
    data, descriptors, _, _ = socket.recv_fds(heard, 4096, 4)
    assert data == b"FDSTORE=1\nFDNAME=a-name"
    os.write(descriptors[0], b"x")
    assert os.read(reading, 1) == b"x"
    for descriptor in (reading, *descriptors):
        os.close(descriptor)
    told.close()


@pytest.mark.parametrize("address", [None, "", "relative", "/", "@", "/nowhere/at/all"])
def test_a_manager_that_cannot_be_reached_is_no_trouble(address: str | None) -> None:
    told = Notifier.from_environ({} if address is None else {"NOTIFY_SOCKET": address})
    told.ready("x")
    assert not told.store("x", 0)
    told.close()


def test_abstract_addresses_are_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        name = f"isaac-test-{os.getpid()}"
        heard.bind("\0" + name)
        heard.settimeout(90)
        told = Notifier(f"@{name}")
        told.status("well")
        assert heard.recv(100) == b"STATUS=well"
        told.close()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "500000"}, 0.5),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_it_says_so(environ: dict[str, str], expected: float | None) -> None:
    assert watchdog_s(environ, 7) == expected
    assert environ == {}


def test_what_is_meant_for_another_process_is_left_alone() -> None:
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"}
    assert inherited(environ, 2).listening is None
    assert environ == {}


@pytest.mark.parametrize("count", ["", "-1", "x", "0"])
def test_a_count_that_is_none_hands_over_nothing(count: str) -> None:
    assert inherited({"LISTEN_PID": "5", "LISTEN_FDS": count}, 5).listening is None
