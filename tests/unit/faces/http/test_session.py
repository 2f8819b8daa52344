"""One connection of HTTP without a socket: its order, its patience, and how it ends."""

import re
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from isaacd.command import Catalog
from isaacd.faces.http.house import House
from isaacd.faces.http.session import (
    BODY_S,
    HEAD_S,
    IDLE_S,
    LINGER_BYTES,
    LINGER_S,
    MAX_WAITING_BYTES,
    REQUESTS_A_TURN,
    HttpSession,
)
from tests.fakes import FakeShared

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Timer:
    """A timer that only the test makes ring."""

    def __init__(self, when: float, act: Callable[[], None]) -> None:
        self.when, self.act, self.cancelled = when, act, False

    def cancel(self) -> None:
        self.cancelled = True


class FakePeer:
    """A transport that remembers what was done to it."""

    def __init__(self) -> None:
        self.sent = b""
        self.done: list[str] = []

    def write(self, data: bytes) -> None:
        self.sent += data

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def finish(self) -> None:
        self.done.append("finish")

    def close(self) -> None:
        self.done.append("close")

    @property
    def statuses(self) -> list[int]:
        return [int(status) for status in re.findall(r"HTTP/1\.1 (\d{3}) ", self.sent.decode())]


class Talk:
    """A session with a peer and a clock."""

    def __init__(self, *, over_tcp: bool = False) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []
        self.peer = FakePeer()
        shared: Any = FakeShared(Catalog())
        self.house = House(shared)
        self.house.is_open = True
        self.session = HttpSession(
            self.peer, self.house, over_tcp=over_tcp, now=lambda: self.now, call_later=self._later
        )

    def _later(self, seconds: float, act: Callable[[], None]) -> Any:
        self.timers.append(Timer(self.now + seconds, act))
        return self.timers[-1]

    def wait(self, seconds: float) -> None:
        """Let time pass, and ring what is due on the way."""
        end = self.now + seconds
        while due := [timer for timer in self.timers if not timer.cancelled and timer.when <= end]:
            timer = min(due, key=lambda timer: timer.when)
            self.timers.remove(timer)
            self.now = timer.when
            timer.act()
        self.now = end

    @property
    def waiting_timers(self) -> int:
        return sum(not timer.cancelled for timer in self.timers)


def test_requests_that_are_sent_ahead_are_answered_in_their_order() -> None:
    talk = Talk()
    talk.session.receive(HEALTH + HEALTH.replace(b"health", b"nothing") + HEALTH)
    assert talk.peer.statuses == [200, 404, 200]
    assert talk.peer.done == []


def test_an_answer_tells_the_time() -> None:
    talk = Talk()
    talk.house.services.clock.wall = 784_111_777.5  # type: ignore[attr-defined]  # the example of RFC 9110
    talk.session.receive(HEALTH + HEALTH.replace(b"health", b"nothing"))
    assert talk.peer.sent.count(b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n") == 2


def test_many_requests_at_once_let_others_have_their_turn() -> None:
    talk = Talk()
    count = 3 * REQUESTS_A_TURN + 1
    talk.session.receive(HEALTH * count)
    assert len(talk.peer.statuses) == REQUESTS_A_TURN
    assert talk.peer.done == ["pause"]
    assert talk.session.end()  # it is owed the others
    talk.wait(0.1)
    assert talk.peer.statuses == [200] * count
    assert talk.peer.done[-1] == "close"


def test_who_does_not_read_answers_is_not_read_from() -> None:
    talk = Talk()
    talk.session.pause()
    talk.session.receive(HEALTH * 3)
    assert talk.peer.statuses == []
    assert talk.peer.done == ["pause"]
    talk.session.resume()
    assert talk.peer.statuses == [200] * 3
    assert talk.peer.done == ["pause", "resume"]


def test_a_connection_ends_when_its_peer_says_so() -> None:
    talk = Talk()
    talk.session.receive(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + HEALTH)
    assert talk.peer.statuses == [200]
    assert b"Connection: close" in talk.peer.sent
    assert talk.peer.done == ["close"]


def test_one_timer_serves_a_connection_however_many_requests_it_has() -> None:
    talk = Talk()
    for _ in range(100):
        talk.session.receive(HEALTH)
        talk.wait(0.01)
    assert talk.waiting_timers == 1
    assert len(talk.timers) <= 2


def test_silence_ends_a_connection_without_a_word() -> None:
    talk = Talk()
    talk.session.receive(HEALTH)
    talk.wait(IDLE_S - 1)
    talk.session.receive(HEALTH)
    talk.wait(IDLE_S - 1)
    assert talk.peer.done == []
    talk.wait(2)
    assert talk.peer.statuses == [200, 200]
    assert talk.peer.done == ["close"]


@pytest.mark.parametrize("after_s", [0.0, IDLE_S - 5])
def test_a_head_that_comes_byte_by_byte_is_waited_for_only_so_long(after_s: float) -> None:
    talk = Talk()
    if after_s:
        talk.session.receive(HEALTH)
        talk.wait(after_s)
    for byte in HEALTH[:-1]:
        talk.session.receive(bytes([byte]))
        talk.wait(HEAD_S / 30)
    assert talk.peer.statuses[-1] == 408
    assert talk.peer.done[0] == "finish"


def test_a_body_may_take_its_time_but_no_longer() -> None:
    talk = Talk()
    talk.session.receive(POST + b"Content-Length: 8192\r\n\r\n")
    talk.wait(BODY_S + 1)
    assert talk.peer.done == []
    talk.wait(2)
    assert talk.peer.statuses == [408]


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Content-Length: 99999999\r\n\r\n",
        b"nonsense\r\n\r\n",
        POST.replace(b"json", b"xml") + b"Content-Length: 10\r\n\r\n",
    ],
)
def test_a_refused_peer_gets_its_answer_and_what_it_still_sends_is_thrown_away(request_: bytes) -> None:
    talk = Talk()
    talk.session.receive(request_)
    talk.session.receive(HEALTH)
    assert len(talk.peer.statuses) == 1
    assert talk.peer.statuses[0] >= 400
    assert talk.peer.done == ["finish"]
    talk.wait(LINGER_S + 0.1)
    assert talk.peer.done == ["finish", "close"]
    assert talk.waiting_timers == 0


def test_nobody_is_listened_to_for_ever() -> None:
    talk = Talk()
    talk.session.receive(b"nonsense\r\n\r\n")
    talk.session.receive(bytes(LINGER_BYTES // 2))
    assert "close" not in talk.peer.done
    talk.session.receive(bytes(LINGER_BYTES))
    assert talk.peer.done[-1] == "close"


def test_a_peer_that_has_said_all_and_is_owed_nothing_is_let_go() -> None:
    talk = Talk()
    talk.session.receive(HEALTH)
    assert not talk.session.end()
    talk.session.disconnect()
    assert talk.waiting_timers == 0
    assert talk.house.sessions == set()


def test_who_has_to_wait_to_be_told_is_told_once_the_head_is_good() -> None:
    talk = Talk()
    talk.session.receive(POST + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n")
    assert talk.peer.statuses == [100]
    talk = Talk(over_tcp=True)
    talk.session.receive(POST + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n")
    assert talk.peer.statuses == [401]


def test_a_daemon_that_stops_takes_nothing_new() -> None:
    talk = Talk()
    talk.house.shared.draining = True
    talk.session.receive(HEALTH)
    assert talk.peer.statuses == [503]
    assert b"Retry-After: 1" in talk.peer.sent
    assert talk.peer.done == ["close"]


def test_a_connection_that_is_held_reads_no_further() -> None:
    talk = Talk()
    talk.session.hold()
    talk.session.receive(HEALTH)
    assert (talk.peer.sent, talk.peer.done) == (b"", ["pause"])
    assert talk.session.left() == HEALTH  # for the daemon after this one


@pytest.mark.anyio
async def test_a_request_that_had_to_wait_for_the_house_is_handed_over() -> None:
    talk = Talk()
    talk.house.is_open = False
    opening = anyio.Event()
    talk.house.open = opening.wait  # type: ignore[method-assign]
    talk.session.receive(HEALTH + HEALTH)
    assert talk.session.left() is None
    talk.session.hold()
    opening.set()
    for _ in range(3):
        await anyio.lowlevel.checkpoint()
    assert talk.session.left() == HEALTH + HEALTH


def test_what_has_come_of_a_request_is_handed_over_unless_a_part_was_passed_over() -> None:
    talk = Talk()
    assert talk.session.left() == b""
    talk.session.receive(HEALTH + HEALTH[:9])
    assert talk.session.left() == HEALTH[:9]
    talk = Talk()
    talk.session.receive(POST + b"Content-Length: 10\r\n\r\n{")
    assert talk.session.left() == POST + b"Content-Length: 10\r\n\r\n{"
    talk = Talk()
    talk.session.receive(POST + b"Transfer-Encoding: chunked\r\n\r\n1")
    assert talk.session.left() == POST + b"Transfer-Encoding: chunked\r\n\r\n1"
    talk.session.receive(b"\r\n{\r\n")
    assert talk.session.left() is None
    talk = Talk()
    talk.session.receive(b"GET / HTTP/1.1\r\n nonsense\r\n\r\n")
    assert talk.session.left() is None


def test_a_restored_connection_may_stay_as_silent_as_before() -> None:
    talk = Talk()
    talk.session.wait_on()
    talk.wait(HEAD_S + 1)
    assert talk.peer.done == []


@pytest.mark.anyio
async def test_what_is_sent_ahead_of_an_answer_is_bounded() -> None:
    talk = Talk()
    talk.house.is_open = False  # so that the first request has to wait
    talk.session.receive(HEALTH)
    talk.session.receive(bytes(MAX_WAITING_BYTES + 1))
    assert talk.peer.done == ["pause"]
    talk.session.disconnect()
