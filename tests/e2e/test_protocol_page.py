"""Law: the bytes that the page of the protocol shows are what a daemon takes and answers."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.daemon import Daemon, running
from tests.examples import blocks_of

PAGE = (Path(__file__).parents[2] / "docs/reference/protocol.md").read_text()


def lines(section: str, kind: str) -> list[str]:
    """Return the lines of all blocks of a kind in one section."""
    text = PAGE.partition(f"\n{section}\n")[2]
    level = section.partition(" ")[0]
    end = min((at for mark in (f"\n{level} ", "\n## ") if (at := text.find(mark)) >= 0), default=len(text))
    return [line for block in blocks_of(text[:end]) if block.kind == kind for line in block.text.splitlines()]


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with running() as made:
        yield made


def answer(daemon: Daemon, sent: bytes) -> bytes:
    """Send everything, stop sending, and return everything that comes."""
    with daemon.connect() as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def results(daemon: Daemon, *sent: str) -> dict[Any, Any]:
    said = answer(daemon, "".join(f"{line}\n" for line in sent).encode())
    messages = [json.loads(line) for line in said.splitlines()]
    return {message["id"]: message for message in messages if "id" in message}


def test_a_native_request_is_answered_with_the_bytes_shown(daemon: Daemon) -> None:
    asked, answered, named = [bytes.fromhex(line) for line in lines("### Native", "hex")]
    assert answer(daemon, asked) == answered
    assert msgspec.msgpack.decode(answer(daemon, named)) == [1, 300, None, "hello ada"]


def test_a_line_of_json_is_answered_as_shown(daemon: Daemon) -> None:
    asked, answered, named, cancel = lines("### JSON lines", "json")
    assert answer(daemon, f"{asked}\n".encode()) == f"{answered}\n".encode()
    assert results(daemon, named)["a-1"]["result"] == "hello ada"
    assert answer(daemon, f"{cancel}\n".encode()) == b""  # there is nothing left to cancel


def test_behind_a_length_too(daemon: Daemon) -> None:
    (shown,) = lines("### Content-Length", "text")
    head, _, body = answer(daemon, shown.replace("\\r\\n", "\r\n").encode()).partition(b"\r\n\r\n")
    assert head == b"Content-Length: %d" % len(body)
    assert json.loads(body)["id"] == 1


def test_an_error_without_hello_has_the_bytes_shown(daemon: Daemon) -> None:
    (shown,) = lines("## Errors", "hex")
    assert answer(daemon, msgspec.msgpack.encode([0, 1, "cancel", ["7"]])) == bytes.fromhex(shown)


def test_hello_and_the_command_line_are_understood(daemon: Daemon) -> None:
    (hello,) = lines("### hello", "json")
    (run,) = lines("### The command line", "json")
    said = results(daemon, hello, run)
    assert said[0]["result"]["proto"] == 1
    assert said[1]["result"]["exit"] == 0
    assert said[1]["result"]["out"] == "hello ada\n"
