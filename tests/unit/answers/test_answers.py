"""Answers: who is asked, what is kept, and what a hit tells."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from isaacd.ai.chat import Answer, Candidate, ChatRequest, Finish, Message, Piece, TextDelta, Usage
from isaacd.ai.provider import Host
from isaacd.answers.answers import Answers
from isaacd.answers.asking import Asking
from isaacd.config import AIConfig, CacheConfig, Config, PriceConfig, ProviderConfig, RetryConfig
from isaacd.context import Context
from isaacd.errors import NotFound, ProviderUnavailable
from tests.fakes import FakeServices

pytestmark = pytest.mark.anyio

HOUR_S = 3600.0
USAGE = Usage(input_tokens=100, output_tokens=50)


class Model:
    """A provider that counts what it is asked and answers with the count."""

    kind = "scripted"
    asked: list[ChatRequest]
    finish: str
    breaks: bool
    gate: asyncio.Event | None

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        self.asked.append(request)
        number = len(self.asked)
        yield TextDelta("answer ")
        if self.gate is not None:
            await self.gate.wait()
        if self.breaks:
            raise ProviderUnavailable("gone")
        question = request.messages[-1].content.rpartition(": ")[2]
        yield TextDelta(f"{number} to '{question}'")
        yield Finish(reason=self.finish, model=request.model or "own", usage=USAGE)

    async def aclose(self) -> None:
        """Nothing to close."""


class Offline:
    """An offline provider that knows `pwd` for certain, and is unsure of all else."""

    kind = "knowledge"

    def __init__(self, name: str, config: ProviderConfig, host: Host) -> None:
        self.name = name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        question = request.messages[-1].content
        found = Candidate(
            command="x",
            description="Known.",
            source="s",
            confidence=0.95 if question.endswith("pwd") else 0.5,
        )
        yield TextDelta("Known.")
        yield Finish(reason="stop", model="knowledge", offline=True, candidates=(found,))

    async def aclose(self) -> None:
        """Nothing to close."""


class House:
    """A daemon's rooms around two providers and one shelf."""

    def __init__(self, tmp_path: Path, **cache: Any) -> None:
        class Kind(Model):
            asked = []
            finish = "stop"
            breaks = False
            gate = None

        self.model = Kind
        self.home = tmp_path
        self.config = CacheConfig(**cache)
        self.services = FakeServices({"HOME": str(tmp_path)}, tmp_path / "log")
        self.services.counts = True
        self.services.factories = {"scripted": Kind, "knowledge": Offline}
        self.clock = self.services.clock
        names = {
            "one": ProviderConfig(kind="scripted", model="m"),
            "two": ProviderConfig(kind="scripted", model="m"),
        }
        self.ai = AIConfig(providers=names, prices={"m": PriceConfig(input=0.0, output=1.0)})

    @property
    def answers(self) -> Answers:
        router = self.services.router(Config(ai=self.ai), {}, "tests")
        return Answers(router, self.services.shelf, self.config, clock=self.clock)

    async def ask(self, question: str | list[Message] = "why?", **asking: Any) -> Answer:
        async with self.answers.stream(question, Asking(**asking)) as stream:
            return await stream.whole()

    async def aclose(self) -> None:
        await self.services.shelf.aclose()
        await self.services.ledger.aclose()

    async def restart(self) -> None:
        await self.services.shelf.aclose()
        self.services._shelf = None

    @property
    def calls(self) -> int:
        return len(self.model.asked)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House, None]:
    found = House(tmp_path)
    yield found
    await found.aclose()


async def test_the_second_time_nobody_is_asked(house: House) -> None:
    first, second = await house.ask(), await house.ask()
    assert (first.hit, house.calls) == (None, 1)
    assert second.text == first.text
    assert second.hit is not None


async def test_a_hit_tells_its_kind_its_age_and_what_it_saved(house: House) -> None:
    await house.ask()
    house.clock.advance(3 * HOUR_S)
    hit = (await house.ask()).hit
    assert hit is not None
    assert (hit.kind, hit.age_s, hit.saved_usd, hit.saved_tokens) == ("exact", 3 * HOUR_S, 50e-6, 150)


@pytest.mark.parametrize(
    ("base_url", "model", "usd"),
    [
        ("https://api.openai.com/v1", "gpt-6-luna-2026-09-01", (100 * 0.10 + 50 * 0.50) / 1e6),
        ("https://api.openai.com/v1", "gpt-nobody-knows", None),
        ("http://127.0.0.1:11434/v1", "llama3.2", None),
        ("http://127.0.0.1:4000/v1", "gpt-6-luna", (100 * 0.10 + 50 * 0.50) / 1e6),
    ],
)
async def test_a_hit_saves_what_the_model_costs_where_that_is_known(
    house: House, base_url: str | None, model: str, usd: float | None
) -> None:
    file = house.services.paths.config_file
    file.parent.mkdir(parents=True)
    url = f'base_url = "{base_url}"' if base_url else ""
    file.write_text(f'[ai.providers.one]\nkind = "scripted"\nmodel = "{model}"\n{url}')
    context = Context(house.services)
    first, second = await context.answers.stream("why?").whole(), await context.answers.stream("why?").whole()
    assert first.hit is None
    assert second.hit is not None
    assert second.hit.saved_usd == (usd if usd is None else pytest.approx(usd))
    asked = house.services.shelf.savings.days()[0].kinds["asked"]
    assert (asked.usd, asked.unpriced) == (pytest.approx(usd or 0), int(usd is None))


async def test_a_kept_answer_comes_as_one_piece_and_its_finish(house: House) -> None:
    await house.ask()
    async with house.answers.stream("why?") as stream:
        pieces = [piece async for piece in stream]
    assert [type(piece) for piece in pieces] == [TextDelta, Finish]


async def test_answers_outlive_the_daemon(house: House) -> None:
    await house.ask()
    await house.restart()
    assert (await house.ask()).hit is not None
    assert house.calls == 1


async def test_after_a_restart_what_was_asked_is_in_memory_already(house: House) -> None:
    await house.ask()
    await house.restart()
    await house.ask()
    assert house.services.shelf.cache.get_stats().hits == {"L1": {"exact": 1}}


async def test_no_cache_neither_reads_nor_writes(house: House) -> None:
    await house.ask(use="none")
    await house.ask()
    await house.ask(use="none")
    assert house.calls == 3


async def test_refresh_asks_and_keeps_the_new_answer(house: House) -> None:
    await house.ask()
    fresh = await house.ask(use="refresh")
    assert (await house.ask()).text == fresh.text
    assert house.calls == 2


async def test_what_another_daemon_has_changed_is_seen(house: House, tmp_path: Path) -> None:
    await house.ask()
    assert house.services.shelf.local is not None
    await house.services.shelf.local.flush()
    other = House(tmp_path)
    other.model.asked.append(ChatRequest(messages=()))  # so that its answers are told apart
    changed = await other.ask(use="refresh")
    await other.aclose()
    assert (await house.ask()).text == changed.text == "answer 2 to 'why?'"


async def test_cache_only_asks_nobody(house: House) -> None:
    with pytest.raises(NotFound, match="no kept answer") as caught:
        await house.ask(use="only")
    assert "--cache-only" in str(caught.value.hint)
    assert house.calls == 0
    await house.ask()
    assert (await house.ask(use="only")).hit is not None


async def test_an_answer_lives_as_long_as_was_asked_for(house: House) -> None:
    await house.ask(ttl_s=60)
    house.clock.advance(59)
    await house.ask()
    assert house.calls == 1
    house.clock.advance(2)
    await house.ask()
    assert house.calls == 2


async def test_a_ttl_of_0_keeps_nothing(house: House) -> None:
    await house.ask(ttl_s=0)
    await house.ask()
    assert house.calls == 2


async def test_answers_age_as_the_configuration_says(house: House) -> None:
    await house.ask()
    house.clock.advance(30 * 24 * HOUR_S + 1)
    await house.ask()
    assert house.calls == 2


@pytest.mark.parametrize(
    "changes", [{"model": "n"}, {"provider": "two"}, {"temperature": 0.0}, {"max_tokens": 5}]
)
async def test_whatever_the_answer_depends_on_is_asked_anew(house: House, changes: dict[str, Any]) -> None:
    await house.ask()
    await house.ask(**changes)
    assert house.calls == 2


async def test_answers_pass_between_providers_only_where_that_is_allowed(tmp_path: Path) -> None:
    house = House(tmp_path, provider_independent=True)
    await house.ask(provider="one")
    assert (await house.ask(provider="two")).provider == "one"
    await house.aclose()


@pytest.mark.parametrize("question", ["is sk-proj-abcdefghij0123456789 valid?", "what is the latest git?"])
async def test_what_must_not_be_kept_is_asked_each_time(house: House, question: str) -> None:
    await house.ask(question)
    await house.ask(question)
    assert house.calls == 2


async def test_a_sampled_answer_is_not_kept_unless_asked(house: House, tmp_path: Path) -> None:
    await house.ask(temperature=0.8)
    await house.ask(temperature=0.8)
    assert house.calls == 2


async def test_a_broken_stream_is_not_kept(house: House) -> None:
    house.model.breaks = True
    with pytest.raises(ProviderUnavailable):
        await house.ask()
    house.model.breaks = False
    assert (await house.ask()).hit is None


async def test_a_stream_that_is_left_early_is_not_kept(house: House) -> None:
    async with house.answers.stream("why?") as stream:
        await anext(stream)
    assert (await house.ask()).hit is None


async def test_an_answer_that_was_cut_short_is_not_kept(house: House) -> None:
    house.model.finish = "length"
    await house.ask()
    await house.ask()
    assert house.calls == 2


async def test_many_askers_at_once_ask_once(house: House) -> None:
    house.model.gate = asyncio.Event()
    answers: list[Answer] = []

    async def ask() -> None:
        answers.append(await house.ask())

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask)
            while not house.calls:
                await anyio.lowlevel.checkpoint()
            house.model.gate.set()
    assert house.calls == 1
    assert len({answer.text for answer in answers}) == 1
    # Only one of them has paid.
    assert sorted(answer.cost_usd or 0.0 for answer in answers) == [0, 0, 0, 0, 50e-6]


async def test_if_the_first_asker_leaves_the_next_one_asks(house: House) -> None:
    house.model.gate = asyncio.Event()
    async with anyio.create_task_group() as group:
        async with house.answers.stream("why?") as stream:
            await anext(stream)
            group.start_soon(house.ask)
        house.model.gate.set()
    assert house.calls == 2


async def test_an_explanation_serves_for_a_like_line(house: House) -> None:
    await house.ask("explain this command: less thesis.md")
    answer = await house.ask("explain this command: less novel.md")
    assert answer.text == "answer 1 to 'less novel.md'"
    assert answer.hit is not None
    assert answer.hit.kind == "slot"


async def test_what_is_known_for_certain_is_not_asked(house: House) -> None:
    answer = await house.ask("explain this command: pwd")
    assert house.calls == 0
    assert answer.offline
    assert answer.hit is not None
    assert answer.hit.kind == "knowledge"


@pytest.mark.parametrize("asking", [{"use": "refresh"}, {"use": "none"}, {"model": "m"}, {"provider": "one"}])
async def test_who_wants_the_ai_gets_the_ai(house: House, asking: dict[str, Any]) -> None:
    await house.ask("explain this command: pwd", **asking)
    assert house.calls == 1


@pytest.mark.parametrize("question", ["explain this command: frobnicate", "pwd", "is it safe to run pwd"])
async def test_what_is_not_certain_is_asked(house: House, question: str) -> None:
    await house.ask(question)
    assert house.calls == 1


async def test_a_cache_that_is_off_does_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, enabled=False)
    await house.ask()
    await house.ask()
    assert house.calls == 2
    assert not house.services.shelf.file.exists()
    await house.aclose()


async def test_offline_answers_are_not_kept(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.ai = AIConfig()
    answer = await house.ask("anything")
    assert answer.offline
    assert answer.hit is None
    with pytest.raises(NotFound):
        await house.ask("anything", use="only")
    await house.aclose()


async def test_the_book_says_what_was_asked_and_saved(house: House) -> None:
    await house.ask()
    await house.ask()
    await house.ask()
    await house.restart()
    await house.ask()
    (day,) = house.services.shelf.savings.days()
    assert (day.total, day.hits) == (4, 3)
    assert day.kinds["exact"].usd == pytest.approx(150e-6)
    assert day.kinds["asked"].tokens == 150


async def test_where_nothing_can_be_written_answers_are_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("in the way")
    house = House(tmp_path)
    await house.ask()
    assert (await house.ask()).hit is not None
    assert house.services.shelf.troubles
    await house.aclose()


async def test_files_are_private(house: House) -> None:
    await house.ask()
    await house.restart()
    kept = [*house.services.paths.cache_dir.iterdir(), *house.services.paths.state_dir.iterdir()]
    assert kept
    assert {file.stat().st_mode & 0o077 for file in kept} == {0}


async def test_what_another_provider_answered_instead_is_not_kept_as_the_first_ones(house: House) -> None:
    class Down(house.model):  # type: ignore[name-defined, misc]
        async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
            raise ProviderUnavailable("down")
            yield

    house.services.factories["down"] = Down
    house.ai = AIConfig(
        providers={"first": ProviderConfig(kind="down", model="m"), **house.ai.providers},
        order=("first", "one"),
        retry=RetryConfig(max_attempts=1),
    )
    first, second = await house.ask(), await house.ask()
    assert first.provider == second.provider == "one"
    assert second.hit is None
    assert [call.outcome for call in first.attempts] == ["provider_unavailable", "ok"]


async def test_who_asks_while_another_still_reads_the_same_answer_shares_it(house: House) -> None:
    async with house.answers.stream("why?") as slow:
        await anext(slow)
        quick = await house.ask()
        assert (await slow.whole()).text == quick.text
    assert house.calls == 1
