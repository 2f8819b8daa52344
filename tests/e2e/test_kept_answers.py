"""Kept answers through the whole house: a real daemon, a real client, a provider on a socket, and SIGKILL."""

import json
import threading
from collections.abc import Iterator

import anyio
import pytest

from tests.daemon import Daemon, a_home, eventually, running
from tests.fake_provider import FakeProvider, says


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider in a thread of its own, because the client of these tests blocks."""
    ready, done = threading.Event(), threading.Event()
    found: list[FakeProvider] = []

    async def serve() -> None:
        async with FakeProvider(says("Shows 'thesis.md' ", "page by page.")) as provider:
            found.append(provider)
            ready.set()
            await anyio.to_thread.run_sync(done.wait)

    thread = threading.Thread(target=anyio.run, args=(serve,))
    thread.start()
    assert ready.wait(90)
    yield found[0]
    done.set()
    thread.join(90)


def config(provider: FakeProvider) -> str:
    return f'[ai.providers.fake]\nbase_url = "{provider.base_url}"\nmodel = "m"\n'


def ask(daemon: Daemon, *words: str) -> dict[str, object]:
    done = daemon.home.isaacctl("ask", "--json", *words)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_an_answer_outlives_sigkill_and_serves_like_lines(provider: FakeProvider) -> None:
    question = "explain this command: less thesis.md"
    with a_home() as home:
        # What Isaac knows by itself would not be asked.
        home.write_config(config(provider) + "[cache]\nknowledge = false\n")
        with running(home=home) as daemon:
            first = ask(daemon, question)
            assert first["hit"] is None
            eventually(
                lambda: "disk     2 entries" in daemon.home.isaacctl("cache", "stats").stdout,
                "the write-behind",
            )
            daemon.kill()
            daemon.stopped = True
        with running(home=home) as daemon:
            again = ask(daemon, question)
            like = ask(daemon, "explain this command: less novel.md")
            asked = ask(daemon, "--no-cache", question)
    assert again["text"] == first["text"]
    assert again["hit"]["kind"] == "exact"  # type: ignore[index]
    assert (like["text"], like["hit"]["kind"]) == ("Shows 'novel.md' page by page.", "slot")  # type: ignore[index]
    assert asked["hit"] is None
    assert len(provider.requests) == 2


def test_cache_only_fails_where_nothing_is_kept(provider: FakeProvider) -> None:
    with a_home() as home:
        home.write_config(config(provider))
        with running(home=home) as daemon:
            done = daemon.home.isaacctl("ask", "--cache-only", "why?")
            both = daemon.home.isaacctl("ask", "--cache-only", "--refresh", "why?")
    assert done.returncode == 1
    assert "no kept answer" in done.stderr
    assert both.returncode == 2
    assert provider.requests == []
