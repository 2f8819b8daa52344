"""What a plugin's author writes; mypy reads this in test_typing.py and nothing runs it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, assert_type

import msgspec

from isaacd.api import (
    Answer,
    Argument,
    Asking,
    ChatRequest,
    Context,
    Database,
    Event,
    Finish,
    Handover,
    Host,
    Input,
    Message,
    Option,
    Piece,
    Plugin,
    ProviderConfig,
    Schema,
    Secret,
    Terminal,
    TextDelta,
    Tier,
    Transaction,
    Words,
)


class Settings(msgspec.Struct, frozen=True):
    """Settings of the example."""

    step: int = 1


plugin = Plugin(
    "example",
    summary="An example.",
    version="1",
    api="1",
    requires=("notes>=2",),
    capabilities=("ask", "state", "secrets:TOKEN"),
    activation="start",
    settings=Settings,
    events=("grown",),
)


@plugin.command
def inline(context: Context, name: str, count: int = 1) -> str:
    """Answer at once."""
    return name * count


@plugin.command(view=lambda result, terminal: terminal.style(str(result), 1))
async def task(
    context: Context,
    path: Annotated[Path | None, Argument("A path.")] = None,
    *,
    loud: Annotated[bool, Option("Loudly.", short="l")] = False,
) -> dict[str, int]:
    """Answer later."""
    assert_type(context.cwd, Path | None)
    assert_type(context.terminal, Terminal)
    await context.progress(1, 2, "half")
    return {"a": 1}


@plugin.command(name="stream", hidden=True)
async def stream(
    context: Context, words: Annotated[str, Words("The words.")], text: Input
) -> AsyncGenerator[str, None]:
    """Answer bit by bit."""
    async with context.ai.stream([Message("user", words)]) as answer:
        async for piece in answer:
            if isinstance(piece, TextDelta):
                yield piece.text
    yield text


@plugin.command(tool=Tier.READ)
async def look(context: Context, what: Annotated[str, Option("What to look at.")] = "all") -> list[str]:
    """Let a model look."""
    assert_type(Tier.READ < Tier.BEYOND, bool)
    assert_type(Tier.READ.raise_to(Tier.BEYOND), Tier)
    return [what]


@plugin.provider
class Echo:
    """Repeats the question."""

    kind = "echo"

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """Answer with the last message."""
        yield TextDelta(request.messages[-1].content)
        yield Finish(reason="stop", model="echo")

    async def aclose(self) -> None:
        """Have nothing to close."""


@plugin.policy("oldest-out")
class OldestOut:
    """Lets the oldest key leave."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity

    def touch(self, key: str, times: int = 1) -> None:
        """Take no note of hits."""

    def admit(self, key: str, worth: float = 1.0) -> str | None:
        """Let nobody in."""
        return key

    def remove(self, key: str) -> None:
        """Forget a key."""


@plugin.route
def rule(line: str) -> str | None:
    """Change a line."""
    return line or None


@plugin.on("history.added")
async def added(context: Context, event: Event) -> None:
    """Handle an event."""
    assert_type(event.data, dict[str, object])
    context.publish("grown", {"count": 1})


@plugin.every(3600, jitter=0.5)
async def hourly(context: Context) -> int:
    """Work now and then."""
    assert_type(context.settings(Settings).step, int)
    assert_type(await context.state.get("count", int), int | None)
    assert_type(await context.state.get("count", int, 0), int)
    assert_type(await context.cache.get("text", str, None), str | None)
    await context.cache.set("text", "kept", ttl_s=60)

    async def more(transaction: Transaction) -> int:
        count = await transaction.get("count", int, 0) + 1
        transaction.set("count", count)
        return count

    assert_type(await context.state.transaction(more), int)
    async for key, value in context.state.items("count", int):
        assert_type((key, value), tuple[str, int])
    assert_type(await context.ask("why?", Asking(model="fast")), Answer)
    token = await context.secrets.get("TOKEN")
    assert_type(token, Secret | None)
    database = context.database(Schema(what="rows", number=1, versions=(("CREATE TABLE t (n)",),)))
    assert_type(database, Database)
    return 1 if token is None else len(token.reveal())


@plugin.setup
async def begin(context: Context) -> None:
    """Begin."""


@plugin.teardown(timeout_s=3)
def end(context: Context) -> None:
    """End."""


def handover(context: Context) -> Handover:
    """Open an editor."""
    return Handover(argv=("vi",))


# Declaring a command leaves the function's type as it was.
assert_type(inline(Context.__new__(Context), "x"), str)
kept_function: Callable[[Context], Handover] = plugin.command(handover)
wrong: Callable[[int], Handover] = plugin.command(handover)  # ERROR: assignment
later: Callable[..., Coroutine[Any, Any, dict[str, int]]] = task
kept: type[Echo] = Echo
inline(Context.__new__(Context), 3)  # ERROR: arg-type
inline(Context.__new__(Context), "x", "y")  # ERROR: arg-type
plugin.command(view=lambda result: "")  # ERROR: arg-type, misc
assert_type(rule(""), str | None)
kept_job: Callable[[Context], Coroutine[Any, Any, int]] = hourly
kept_policy: type[OldestOut] = OldestOut
Plugin("x", activation="now")  # ERROR: arg-type
Plugin("x", settings=dict)  # ERROR: arg-type
plugin.every("daily")  # ERROR: arg-type
plugin.on(3)  # ERROR: arg-type
plugin.route(lambda line: 3)  # ERROR: type-var
Plugin(3)  # ERROR: arg-type


@plugin.provider
class Nothing:  # ERROR: type-var
    """No provider at all."""
