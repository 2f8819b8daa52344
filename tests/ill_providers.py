"""A daemon whose providers are slow, away or lying, on real sockets; each does what the question names.

A question is the name of a script and a number that makes it one of its own, as `stalls 3`; a model may be such a
name too. What has no script is answered with itself, and so is everything once the service has recovered.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.daemon import Caller, Daemon, eventually, running
from tests.fake_provider import Exchange, FakeProvider, Script, answer, stream

# Many illnesses in a row shall neither be asked about again nor keep each other out; tests of that say so.
PLAIN = "[ai.retry]\nmax_attempts = 1\n[ai.breaker]\nfailures = 1000\n"


def well(question: str) -> str:
    """Return what is answered to a question when all is well."""
    return f"re: {question}"


class Ward:
    """The service: what it does to whom, and the gate at which those wait who are to be answered later."""

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        self.scripts = dict(scripts)
        self.gate = asyncio.Event()
        self.heard: list[tuple[str, str]] = []
        self.busy = 0

    async def answer(self, exchange: Exchange) -> None:
        """Do what the model or the question names; whoever leaves before the end is no longer counted as `busy`."""
        model, question = exchange.request.body["model"], exchange.request.body["messages"][-1]["content"]
        script = self.scripts.get(model) or self.scripts.get(question.rpartition(" ")[0])
        script = script or stream(*answer("re: ", question))
        self.heard.append((model, question))
        self.busy += 1
        try:
            await script(exchange)
        finally:
            self.busy -= 1

    async def late(self, exchange: Exchange) -> None:
        """Say nothing before the gate is open."""
        await self.gate.wait()
        await stream(*answer("re: ", exchange.request.body["messages"][-1]["content"]))(exchange)

    async def paused(self, exchange: Exchange) -> None:
        """Stop in the middle until the gate is open."""
        first, *rest = answer("re: ", exchange.request.body["messages"][-1]["content"])
        await exchange.open_stream()
        await exchange.chunk(first)
        await self.gate.wait()
        for item in rest:
            await exchange.chunk(item)
        await exchange.end()


class IllHouse:
    """The daemon, and the service behind its providers."""

    def __init__(self, daemon: Daemon, ward: Ward, portal: BlockingPortal) -> None:
        self.daemon = daemon
        self.ward = ward
        self._portal = portal

    def open_gate(self) -> None:
        """Let those go on who wait at the gate."""
        self._portal.call(self.ward.gate.set)

    def recover(self) -> None:
        """Be well from now on."""
        self.ward.scripts.clear()

    def let_go(self) -> None:
        """Wait until the daemon holds on to nobody who does not answer."""
        eventually(lambda: self.ward.busy == 0, "every call to be let go of")

    def count(self, name: str) -> int:
        """Count the calls of a script that have come."""
        return sum(name in (model, question.rpartition(" ")[0]) for model, question in tuple(self.ward.heard))

    def today(self) -> dict[str, Any]:
        with self.daemon.caller() as caller:
            return dict(caller.call("usage")["today"])


@contextlib.contextmanager
def ill_house(
    scripts: Callable[[Ward], Mapping[str, Script]], config: str = PLAIN, **providers: str
) -> Iterator[IllHouse]:
    """Start the service, and a daemon with `providers`: by name, what else their sections say.

    A provider whose section has no `base_url` is the service.
    """
    ward = Ward({})
    ward.scripts |= scripts(ward)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(FakeProvider(ward.answer)) as service,
    ):
        for name, more in providers.items():
            url = "" if "base_url" in more else f'base_url = "{service.base_url}"\n'
            config += f'[ai.providers.{name}]\nkind = "openai-compatible"\nmodel = "m"\n{url}{more}\n'
        with running("--set", "log.level=warning", config=config) as daemon:
            yield IllHouse(daemon, ward, portal)


def ask_all(caller: Caller, questions: Sequence[str], **more: object) -> dict[str, tuple[str, Any]]:
    """Ask everything at once; return by question `reply` or `error` and with what: each comes exactly once."""
    return told_of(caller, {caller.ask("ask", {"question": text, **more}): text for text in questions})


def told_of(caller: Caller, asked: Mapping[int, str]) -> dict[str, tuple[str, Any]]:
    """Wait for one response to each id."""
    told: dict[str, tuple[str, Any]] = {}
    while len(told) < len(asked):
        message = caller.next()
        assert message is not None, f"the connection ended with {len(asked) - len(told)} unanswered"
        kind, number, value = message
        assert asked[number] not in told, message
        told[asked[number]] = kind, value
    return told


@contextlib.contextmanager
def nobody_listens() -> Iterator[str]:
    """Give the address of a port that refuses connections, and that nobody else gets meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def nobody_accepts() -> Iterator[str]:
    """Give the address of a port whose queue is full: a connection to it neither succeeds nor fails."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def speaks_first(greeting: bytes) -> Iterator[str]:
    """Give the address of a service that says this to everybody, and hangs up; without a greeting it resets."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        if greeting:
            writer.close()
        else:
            Exchange.reset(Exchange(None, writer))  # type: ignore[arg-type]

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(greet, "127.0.0.1", 0)

    with start_blocking_portal() as portal:
        server = portal.call(serve)
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        portal.call(server.close)
