"""What the event loop polls is taken off it before it is closed, and every number is closed once.

Otherwise libuv ends the daemon: it aborts when a descriptor that it polls has become another file.
"""

import asyncio
import os
import socket
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from isaacd.log import open_log
from isaacd.plugin.isolation.forks import Forks
from isaacd.plugin.isolation.output import PipeEnd
from tests.architecture.sources import calls

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def test_a_pipe_gives_what_was_written_and_then_the_end() -> None:
    reading, writing = os.pipe()
    end = PipeEnd(reading)
    os.write(writing, b"abc")
    assert await end.read(2) == b"ab"
    assert await end.read(100) == b"c"
    async with anyio.create_task_group() as group:
        group.start_soon(os_close_later, writing)
        assert await end.read(100) == b""
    end.close()


async def os_close_later(descriptor: int) -> None:
    await turns()
    os.close(descriptor)


async def test_who_reads_from_a_pipe_that_is_closed_learns_that_it_is_the_end() -> None:
    reading, writing = os.pipe()
    end = PipeEnd(reading)
    heard: list[bytes] = []

    async def read() -> None:
        heard.append(await end.read(100))

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await turns()
        end.close()
    assert heard == [b""]
    assert await end.read(100) == b""
    os.close(writing)


async def test_a_number_that_was_closed_belongs_to_whoever_gets_it_next() -> None:
    reading, writing = os.pipe()
    end = PipeEnd(reading)
    async with anyio.create_task_group() as group:
        group.start_soon(end.read, 100)
        await turns()
        end.close()
        others = os.open("/dev/null", os.O_RDONLY)
        assert others == reading
    await turns()
    end.close()
    del end
    os.fstat(others)
    os.close(others)
    os.close(writing)


async def test_a_reader_that_was_cancelled_leaves_nothing_on_the_loop() -> None:
    reading, writing = os.pipe()
    end = PipeEnd(reading)
    with anyio.move_on_after(0):
        await end.read(100)
    assert not asyncio.get_running_loop().remove_reader(reading)
    end.close()
    os.close(writing)


async def test_a_nursery_that_ends_while_orders_wait_for_room_is_let_go_of(tmp_path: Path) -> None:
    """The loop polled its socket for writing too; closing that under it would abort the daemon."""
    log = open_log(tmp_path / "log")
    loop = asyncio.get_running_loop()
    forks = Forks(lambda: (), log)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    forks._control = ours
    number = ours.fileno()
    loop.add_reader(ours, forks._read)
    refused: list[OSError] = []

    async def order() -> None:
        try:
            while True:
                await forks._send(ours, b"x" * 1000)
                await anyio.lowlevel.checkpoint()
        except OSError as error:
            refused.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(order)
        await turns(2000)
        assert forks._room is not None
        theirs.close()
    assert len(refused) == 3
    assert forks._control is None
    # Whoever gets the number next is not polled by mistake.
    new, other = socket.socketpair()
    assert number in (new.fileno(), other.fileno())
    await turns()
    assert not loop.remove_reader(number)
    assert not loop.remove_writer(number)
    new.close()
    other.close()
    log.close()


def test_no_transport_of_the_loop_is_given_a_pipe_or_a_bare_number() -> None:
    """Uvloop closes the number of a pipe twice, and cannot keep a number open that is only an int to it."""
    assert not calls({"connect_read_pipe", "connect_write_pipe", "wait_readable", "wait_writable"})
