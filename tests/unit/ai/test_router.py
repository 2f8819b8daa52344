"""The router: what it asks of a provider, and what it makes of the pieces."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from isaacd.ai.chat import (
    Answer,
    Attempt,
    ChatRequest,
    Finish,
    Message,
    Piece,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from isaacd.ai.pool import MAX_IDLE
from isaacd.ai.provider import Host
from isaacd.ai.router import SYSTEM, AIRouter
from isaacd.config import AIConfig, ProviderConfig
from isaacd.errors import ConfigInvalid, NotFound, PluginFailed, ProviderUnavailable, RateLimited
from tests.fake_host import make_host
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio

FINISH = Finish(reason="stop", model="s-1", usage=Usage(3, 2))


class Scripted:
    """A provider that yields, or raises, what the test put down."""

    kind = "scripted"
    made: list["Scripted"]

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name
        self.environ = host.environ
        self.requests: list[ChatRequest] = []
        self.script: list[Piece | Exception | asyncio.Event | Callable[[], None]] = [
            TextDelta("one "),
            TextDelta("two"),
            FINISH,
        ]
        self.running = 0
        self.closed = False
        self.made.append(self)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        self.requests.append(request)
        self.running += 1
        try:
            for item in self.script:
                if isinstance(item, Exception):
                    raise item
                if isinstance(item, TextDelta | ReasoningDelta | Finish):
                    yield item
                elif isinstance(item, asyncio.Event):
                    await item.wait()
                else:
                    item()
        finally:
            self.running -= 1

    async def aclose(self) -> None:
        assert not self.running
        self.closed = True


class House:
    """A router with one scripted provider, called `it`."""

    def __init__(self, tmp_path: Path, config: AIConfig | None = None) -> None:
        class Kind(Scripted):
            made = []

        self.made: list[Scripted] = Kind.made
        self.clock = FakeClock()
        self.config = config or AIConfig(providers={"it": ProviderConfig(kind="scripted", model="m")})
        self.host = make_host(tmp_path)
        self.router = AIRouter(self.config, {"scripted": Kind}, self.host, clock=self.clock)

    def provider(self) -> Scripted:
        """Make sure that the provider exists, and return it."""
        return self.made[0]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_an_answer_has_the_whole_text_and_says_who_gave_it(house: House) -> None:
    assert await house.router.chat_async("why?") == Answer(
        text="one two",
        provider="it",
        model="s-1",
        chosen="configured",
        finish_reason="stop",
        elapsed_ms=0.0,
        usage=Usage(3, 2),
        attempts=(Attempt(provider="it", model="m", outcome="ok", elapsed_ms=0.0),),
    )


async def test_the_time_is_that_of_the_clock(house: House) -> None:
    await house.router.chat_async("warm up")
    house.provider().script = [TextDelta("x"), lambda: house.clock.advance(1.5), FINISH]
    assert (await house.router.chat_async("why?")).elapsed_ms == 1500


async def test_reasoning_is_passed_on_but_is_no_part_of_the_answer(house: House) -> None:
    await house.router.chat_async("warm up")
    house.provider().script = [ReasoningDelta("hm"), TextDelta("so"), FINISH]
    async with house.router.stream("why?") as stream:
        assert [piece async for piece in stream] == [ReasoningDelta("hm"), TextDelta("so"), FINISH]
    assert stream.answer is not None
    assert stream.answer.text == "so"


async def test_a_stream_without_finish_is_an_error_and_no_answer(house: House) -> None:
    await house.router.chat_async("warm up")
    house.provider().script = [TextDelta("abc"), TextDelta("de")]
    stream = house.router.stream("why?")
    with pytest.raises(ProviderUnavailable, match="broke off") as caught:
        await stream.whole()
    assert caught.value.detail == {"received_chars": 5, "received": "abcde"}
    assert stream.answer is None


async def test_a_provider_error_keeps_its_kind_and_says_how_much_arrived(house: House) -> None:
    await house.router.chat_async("warm up")
    house.provider().script = [TextDelta("abc"), RateLimited("slow down", retry_after_ms=7, detail={"a": 1})]
    with pytest.raises(RateLimited) as caught:
        await house.router.chat_async("why?")
    assert caught.value.detail == {"a": 1, "received_chars": 3, "received": "abc"}
    assert caught.value.retry_after_ms == 7


async def test_what_a_provider_must_not_raise_becomes_the_fault_of_its_plugin(house: House) -> None:
    await house.router.chat_async("warm up")
    house.provider().script = [TextDelta("abc"), KeyError("secret")]
    with pytest.raises(PluginFailed, match="it failed: KeyError") as caught:
        await house.router.chat_async("why?")
    assert "secret" not in caught.value.message


async def test_nothing_after_finish_is_heard(house: House) -> None:
    await house.router.chat_async("warm up")
    house.provider().script = [TextDelta("abc"), FINISH, TextDelta("more")]
    assert (await house.router.chat_async("why?")).text == "abc"


async def test_leaving_a_stream_early_stops_the_provider_at_once(house: House) -> None:
    await house.router.chat_async("warm up")
    house.provider().script = [TextDelta("one "), asyncio.Event(), FINISH]
    async with house.router.stream("why?") as stream:
        assert await anext(stream) == TextDelta("one ")
        assert house.provider().running == 1
    assert house.provider().running == 0
    assert stream.answer is None


async def test_a_cancelled_answer_stops_the_provider(house: House) -> None:
    waiting = asyncio.Event()

    async def ask() -> None:
        async with house.router.stream("why?") as stream:
            await anext(stream)
            waiting.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(ask())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert house.provider().running == 0


async def test_a_conversation_begins_with_instructions(tmp_path: Path) -> None:
    house = House(tmp_path)
    question = Message("user", "why?")
    own = Message("system", "mine")
    router = house.router
    await router.chat_async("why?")
    await router.chat_async([own, question])
    configured = AIConfig(providers=house.config.providers, system="be kind")
    await router.seen_by(configured, house.host.environ).chat_async("why?")
    silent = AIConfig(providers=house.config.providers, system="")
    await router.seen_by(silent, house.host.environ).chat_async("why?")
    assert [request.messages for request in house.provider().requests] == [
        (Message("system", SYSTEM), question),
        (own, question),
        (Message("system", "be kind"), question),
        (question,),
    ]


async def test_a_request_carries_the_model_and_the_parameters(house: House) -> None:
    await house.router.chat_async("why?", model="it/x", temperature=0.5, max_tokens=9)
    request = house.provider().requests[0]
    assert (request.model, request.temperature, request.max_tokens) == ("x", 0.5, 9)


async def test_an_unknown_provider_is_refused_before_anything_runs(house: House) -> None:
    with pytest.raises(NotFound):
        house.router.stream("why?", provider="its")
    assert not house.made


async def test_an_unknown_kind_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    house = House(tmp_path, AIConfig(providers={"it": ProviderConfig(kind="odd")}))
    with pytest.raises(ConfigInvalid, match=r"ai\.providers\.it\.kind.*'odd'") as caught:
        await house.router.chat_async("why?")
    assert "scripted" in str(caught.value.hint)


async def test_a_provider_is_made_once_and_shared_by_callers_with_the_same_keys(house: House) -> None:
    for columns in ("80", "100"):
        await house.router.seen_by(house.config, {**house.host.environ, "COLUMNS": columns}).chat_async(
            "why?"
        )
    assert len(house.made) == 1


async def test_another_key_or_configuration_makes_another_provider(house: House) -> None:
    await house.router.chat_async("why?")
    await house.router.seen_by(house.config, {**house.host.environ, "X_API_KEY": "1"}).chat_async("why?")
    changed = AIConfig(providers={"it": ProviderConfig(kind="scripted", headers={"X": "1"})})
    await house.router.seen_by(changed, house.host.environ).chat_async("why?")
    assert len(house.made) == 3


async def test_providers_beyond_the_limit_are_closed_unless_in_use(house: House) -> None:
    await house.router.chat_async("warm up")
    house.provider().script = [TextDelta("one "), asyncio.Event()]
    busy = house.router.stream("why?")
    await anext(busy)
    for number in range(MAX_IDLE + 2):
        await house.router.seen_by(house.config, {"X_API_KEY": str(number)}).chat_async("why?")
    assert [provider.closed for provider in house.made].count(True) == 3
    assert not house.made[0].closed
    await busy.aclose()


async def test_closing_the_router_closes_every_provider(house: House) -> None:
    await house.router.chat_async("why?")
    await house.router.seen_by(house.config, {"X_API_KEY": "1"}).chat_async("why?")
    await house.router.aclose()
    assert [provider.closed for provider in house.made] == [True, True]


async def test_two_answers_at_once_do_not_mix(house: House) -> None:
    answers = await asyncio.gather(*(house.router.chat_async("why?") for _ in range(20)))
    assert {answer.text for answer in answers} == {"one two"}
    assert len(house.made) == 1


async def test_the_router_lists_whom_it_could_ask(house: House) -> None:
    assert house.router.providers() == {"it": "configured"}


async def test_a_provider_that_cannot_be_made_is_the_fault_of_its_plugin(tmp_path: Path) -> None:
    def broken(name: str, config: ProviderConfig, host: Host) -> Scripted:
        raise KeyError("secret")

    broken.kind = "broken"  # type: ignore[attr-defined]
    config = AIConfig(providers={"it": ProviderConfig(kind="broken")})
    router = AIRouter(config, {"broken": broken}, make_host(tmp_path))  # type: ignore[dict-item]
    with pytest.raises(PluginFailed, match="it failed: KeyError"):
        await router.chat_async("why?")


async def test_an_error_of_the_configuration_found_while_a_provider_is_made_stays_one(tmp_path: Path) -> None:
    def broken(name: str, config: ProviderConfig, host: Host) -> Scripted:
        raise ConfigInvalid("no")

    broken.kind = "broken"  # type: ignore[attr-defined]
    config = AIConfig(providers={"it": ProviderConfig(kind="broken")})
    router = AIRouter(config, {"broken": broken}, make_host(tmp_path))  # type: ignore[dict-item]
    with pytest.raises(ConfigInvalid, match="no"):
        await router.chat_async("why?")


async def test_a_kind_that_a_plugin_is_about_to_offer_is_waited_for(tmp_path: Path) -> None:
    class Kind(Scripted):
        made = []

    offered: dict[str, type[Scripted]] = {}
    waited: list[str] = []

    async def coming() -> None:
        waited.append("once")
        offered["scripted"] = Kind

    config = AIConfig(providers={"it": ProviderConfig(kind="scripted", model="m")})
    router = AIRouter(config, offered, make_host(tmp_path), clock=FakeClock(), coming=coming)
    assert (await router.chat_async("why?")).text == "one two"
    await router.chat_async("and now?")
    assert waited == ["once"]


async def test_a_kind_that_nobody_will_offer_is_refused_after_the_wait(tmp_path: Path) -> None:
    async def coming() -> None:
        """Bring nothing."""

    config = AIConfig(providers={"it": ProviderConfig(kind="scripted", model="m")})
    router = AIRouter(config, {}, make_host(tmp_path), clock=FakeClock(), coming=coming)
    with pytest.raises(ConfigInvalid, match="no plugin offers the kind 'scripted'"):
        await router.chat_async("why?")
