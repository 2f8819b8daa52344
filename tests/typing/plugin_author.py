"""What a plugin's author writes; mypy reads this in test_typing.py and nothing runs it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, assert_type

from isaacd.api import (
    Argument,
    ChatRequest,
    Context,
    Finish,
    Handover,
    Host,
    Input,
    Message,
    Option,
    Piece,
    Plugin,
    ProviderConfig,
    Terminal,
    TextDelta,
    Tier,
    Words,
)

plugin = Plugin("example", summary="An example.", version="1")


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
Plugin(3)  # ERROR: arg-type


@plugin.provider
class Nothing:  # ERROR: type-var
    """No provider at all."""
