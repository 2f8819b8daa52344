"""The command `ask`: what it sends, what it yields, and what a person sees under the answer."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from isaac_plugins.ask import ask, plugin
from isaacd.ai.chat import Answer, ChatRequest, Finish, Hit, Message, Piece, ReasoningDelta, TextDelta
from isaacd.ai.provider import Host
from isaacd.ai.router import SYSTEM
from isaacd.config import ProviderConfig
from isaacd.context import MAX_INPUT_BYTES, TTY, Context, Meta, Terminal
from isaacd.errors import InvalidParams, NotFound
from tests.fakes import FakeServices

pytestmark = pytest.mark.anyio


class Offline:
    """An offline provider that says what it was asked."""

    kind = "knowledge"
    requests: list[ChatRequest]

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        self.requests.append(request)
        yield ReasoningDelta("let me see")
        yield TextDelta("use ")
        yield TextDelta("find")
        yield Finish(reason="stop", model="cookbook", offline=True)

    async def aclose(self) -> None:
        """Nothing to close."""


class Piped:
    """A caller whose standard input is `data`."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def emit(self, kind: str, data: object) -> None:
        """Nobody listens."""

    async def read(self, max_bytes: int) -> bytes:
        chunk, self.data = self.data[:max_bytes], self.data[max_bytes:]
        return chunk


class Asking:
    """A caller of `ask`."""

    def __init__(self, tmp_path: Path, piped: bytes | None = None) -> None:
        class Kind(Offline):
            requests = []

        self.requests: list[ChatRequest] = Kind.requests
        services = FakeServices({"HOME": str(tmp_path)}, tmp_path / "log")
        services.factories = {"knowledge": Kind}
        meta = Meta(tty=TTY(stdin=piped is None))
        self.context = Context(services, meta, None if piped is None else Piped(piped))

    async def __call__(self, *args: Any, **options: Any) -> list[str | Answer]:
        return [piece async for piece in ask(self.context, *args, **options)]

    @property
    def messages(self) -> tuple[Message, ...]:
        return self.requests[0].messages


async def test_the_text_comes_in_pieces_and_last_the_whole_answer(tmp_path: Path) -> None:
    *pieces, answer = await Asking(tmp_path)("find big files")
    assert pieces == ["use ", "find"]
    assert isinstance(answer, Answer)
    assert (answer.text, answer.provider, answer.offline) == ("use find", "knowledge", True)


async def test_the_question_is_sent_with_the_usual_instructions(tmp_path: Path) -> None:
    asking = Asking(tmp_path)
    await asking("  find big files ")
    assert asking.messages == (Message("system", SYSTEM), Message("user", "find big files"))


async def test_other_instructions_replace_the_usual_ones(tmp_path: Path) -> None:
    asking = Asking(tmp_path)
    await asking("why?", system="be rude")
    assert asking.messages == (Message("system", "be rude"), Message("user", "why?"))


async def test_what_is_piped_in_goes_along_with_the_question(tmp_path: Path) -> None:
    asking = Asking(tmp_path, b"line one\nline two\n")
    await asking("explain this")
    assert asking.messages[-1].content == "explain this\n\nline one\nline two"


async def test_what_is_piped_in_is_the_question_if_there_is_no_other(tmp_path: Path) -> None:
    asking = Asking(tmp_path, b"find big files\n")
    await asking()
    assert asking.messages[-1].content == "find big files"


@pytest.mark.parametrize("piped", [None, b"", b" \n"])
async def test_without_any_question_the_usage_is_told(tmp_path: Path, piped: bytes | None) -> None:
    with pytest.raises(InvalidParams, match="no question") as caught:
        await Asking(tmp_path, piped)(" ")
    assert "isaacctl ask" in str(caught.value.hint)


async def test_input_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidParams, match="longer than"):
        await Asking(tmp_path, b"x" * (MAX_INPUT_BYTES + 1))("explain this")


async def test_a_provider_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="'none'"):
        await Asking(tmp_path)("why?", provider="none")


def view(terminal: Terminal, **changes: Any) -> str:
    fields = {"text": "x", "provider": "ollama", "model": "llama3.2", "chosen": "configured"}
    answer = Answer(**{**fields, "finish_reason": "stop", "elapsed_ms": 1234.0, **changes})
    found = plugin.commands[0].view
    assert found is not None
    return found(answer, terminal)


SCREEN = Terminal(stdout=True)


def test_output_that_is_piped_on_is_the_answer_and_nothing_else() -> None:
    assert view(Terminal(stdout=False)) == ""


def test_a_person_sees_where_the_answer_comes_from() -> None:
    assert view(SCREEN) == "ollama/llama3.2, 1.2 s"
    assert view(Terminal(stdout=True, color=True)) == "\x1b[2mollama/llama3.2, 1.2 s\x1b[0m"


def test_an_offline_answer_says_so_and_why() -> None:
    shown = view(
        SCREEN, provider="knowledge", offline=True, chosen="no AI provider is configured", elapsed_ms=12.3
    )
    assert shown == "offline answer from knowledge (no AI provider is configured), 12 ms"
    assert view(SCREEN, provider="knowledge", offline=True, chosen="asked for").startswith(
        "offline answer from knowledge,"
    )


def test_an_answer_that_was_cut_short_says_so() -> None:
    assert "cut short" in view(SCREEN, finish_reason="length")


def test_the_name_of_a_model_cannot_steer_the_terminal() -> None:
    assert view(SCREEN, model="m\x1b[2J\x07").isprintable()


@pytest.mark.parametrize(
    ("hit", "said"),
    [
        (
            Hit(kind="exact", age_s=10_800, saved_usd=0.0004, saved_ms=2100, saved_tokens=90),
            "cached (exact, 3 h old, saved 2.1 s and $0.0004)",
        ),
        (Hit(kind="slot", age_s=59, saved_tokens=90), "cached (slot, 59 s old, saved 90 tokens)"),
        (Hit(kind="exact", age_s=200_000), "cached (exact, 2 d old)"),
    ],
)
def test_a_kept_answer_says_so(hit: Hit, said: str) -> None:
    assert view(SCREEN, hit=hit, elapsed_ms=1.0) == f"ollama/llama3.2, {said}, 1 ms"


def test_an_answer_that_isaac_knows_says_how_to_ask_an_ai() -> None:
    shown = view(SCREEN, provider="knowledge", offline=True, hit=Hit(kind="knowledge"), elapsed_ms=1.0)
    assert shown == "answered offline, knowledge knows every word of it (--refresh asks an AI), 1 ms"


@pytest.mark.parametrize(
    "options", [{"cache": False, "refresh": True}, {"refresh": True, "cache_only": True}]
)
async def test_ways_to_use_the_cache_exclude_each_other(tmp_path: Path, options: dict[str, bool]) -> None:
    with pytest.raises(InvalidParams, match="exclude each other"):
        await Asking(tmp_path)("why?", **options)


@pytest.mark.parametrize("ttl", [-1.0, float("nan")])
async def test_a_ttl_below_0_is_refused(tmp_path: Path, ttl: float) -> None:
    with pytest.raises(InvalidParams, match="--ttl"):
        await Asking(tmp_path)("why?", ttl=ttl)
