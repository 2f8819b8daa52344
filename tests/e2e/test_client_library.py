"""The client library as a program would use it, with the real daemon."""

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from isaacctl.client import AsyncClient, Client, RemoteError
from tests.client_runs import Home, eventually, home

pytestmark = pytest.mark.anyio


@pytest.fixture
def user() -> Iterator[Home]:
    with home() as made:
        yield made


def test_a_program_starts_the_daemon_and_is_answered(user):
    with Client(environ=user.environ, timeout_s=30) as client:
        assert client.call("greet", name="ada") == "hello ada"
        assert client.call("greet", "bob", type=str) == "hello bob"
        assert client.hello().server.pid == client.ping().pid
        assert "greet" in client.hello().methods
        cards = {card.name: card for card in client.commands()}
        assert "name" in str(cards["greet"].schema)
        with pytest.raises(RemoteError) as raised:
            client.call("gret")
        assert raised.value.name == "method_not_found"
        with pytest.raises(RemoteError) as raised:
            client.call("greet", nam="ada")
        assert raised.value.name == "invalid_params"


def test_a_program_that_outlives_the_daemon_keeps_no_zombie(user):
    with Client(environ=user.environ, timeout_s=30) as client:
        pid = client.ping().pid
        client.call("daemon.stop")
    assert eventually(lambda: not Path(f"/proc/{pid}").exists())


async def test_many_tasks_share_one_connection(user):
    answers: list[str] = []
    async with AsyncClient(environ=user.environ, timeout_s=30) as client:

        async def ask(number: int) -> None:
            answers.append(await client.call("greet", name=str(number), deadline_ms=20_000))

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(ask, number)
        status = await client.call("status")
    assert sorted(answers) == sorted(f"hello {number}" for number in range(100))
    assert status["pid"] != os.getpid()


def test_an_answer_comes_in_pieces_and_then_whole(user):
    with (
        Client(environ=user.environ, timeout_s=60) as client,
        client.stream("ask", question="find files larger than 100 MB under /var") as answer,
    ):
        text = "".join(answer.deltas())
        assert "find" in text
        assert answer.result is not None
