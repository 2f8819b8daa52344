"""Tasks go on without their caller, a few at a time; each has one end, and none is lost."""

import anyio
import pytest

from isaacd.config import JobsConfig
from isaacd.errors import InvalidParams, NotFound, Overloaded, ProviderUnavailable
from isaacd.jobs.orders import Orders, Origin, is_secret, parted
from isaacd.jobs.ports import Lost
from tests.fake_jobs import DeadDatabase, FakeHouse, settled, work

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path):
    async with anyio.create_task_group() as group:
        made = FakeHouse(tmp_path / "jobs.sqlite", group, JobsConfig(concurrency=2, max_output_bytes=1024))
        yield made
        await made.stop()
        await made.jobs.aclose()
        group.cancel_scope.cancel()


async def test_a_task_is_on_disk_before_anybody_is_told(house):
    card = await house.jobs.workshop.start(work("a", label="name"))
    assert (card.id, card.line, card.label) == (1, "ask a", "name")
    await house.kill()
    assert (await house.jobs.workshop.cards())[0].id == 1


@pytest.mark.parametrize(
    ("result", "state", "code"),
    [
        (0, "done", 0),
        (3, "failed", 3),
        (ProviderUnavailable("nobody answers", hint="wait"), "failed", None),
        (Lost("it went away"), "interrupted", None),
        (ValueError("a defect"), "failed", None),
    ],
)
async def test_every_task_has_one_end(house, result, state, code):
    shop = house.jobs.workshop
    await shop.start(work("a"))
    house.executor.end("a", result)
    card = await shop.wait(1)
    assert (card.state, card.exit) == (state, code)
    assert [data["state"] for name, data in house.events] == [state]
    await settled(lambda: house.counted == 0)


async def test_so_many_run_at_once_and_the_others_wait_for_their_turn(house):
    shop = house.jobs.workshop
    for name in "abc":
        await shop.start(work(name))
    await settled(lambda: len(house.executor.begun) == 2)
    assert [card.state for card in await shop.cards()] == ["queued", "running", "running"]
    assert house.counted == 2
    house.executor.end("b")
    await settled(lambda: house.executor.begun == ["a", "b", "c"])


async def test_output_is_followed_from_its_beginning_while_it_comes(house):
    shop = house.jobs.workshop
    await shop.start(work("a"))
    await settled(lambda: "a" in house.executor.writes)
    write = house.executor.writes["a"]
    await write(1, b"one ")
    seen: list[tuple[int, bytes]] = []

    async def follow() -> None:
        async for piece in shop.follow(1):
            seen.append((piece.stream, piece.data))  # noqa: PERF401 - it is looked at while it grows

    async with anyio.create_task_group() as group:
        group.start_soon(follow)
        await settled(lambda: seen)
        await write(2, b"oh")
        await write(1, b"two")
        house.executor.end("a")
    assert seen == [(1, b"one "), (2, b"oh"), (1, b"two")]


async def test_no_more_output_is_kept_than_allowed_and_that_is_said(house):
    shop = house.jobs.workshop
    await shop.start(work("a"))
    await settled(lambda: "a" in house.executor.writes)
    for _ in range(5):
        await house.executor.writes["a"](1, b"x" * 1000)
    house.executor.end("a")
    card = await shop.wait(1)
    assert card.cut
    assert card.output_bytes < 1200
    kept = b"".join([piece.data async for piece in shop.store.output(1)])
    assert kept.startswith(b"x" * 1024)
    assert b"longer than is kept" in kept


async def test_cancelling_stops_a_running_task_and_keeps_what_it_wrote(house):
    shop = house.jobs.workshop
    await shop.start(work("a"))
    await settled(lambda: "a" in house.executor.writes)
    await house.executor.writes["a"](1, b"half")
    assert (await shop.cancel(1)).state == "cancelled"
    assert [piece.data async for piece in shop.store.output(1)] == [b"half"]
    assert (await shop.cancel(1)).state == "cancelled"


async def test_a_task_that_was_cancelled_in_the_queue_never_begins(house):
    shop = house.jobs.workshop
    for name in "abc":
        await shop.start(work(name))
    assert (await shop.cancel(3)).state == "cancelled"
    house.executor.end("a")
    await shop.wait(1)
    await settled(lambda: not shop.busy or house.executor.begun == ["a", "b"])
    assert house.executor.begun == ["a", "b"]


async def test_what_ran_when_the_daemon_was_killed_is_told_as_interrupted(house):
    shop = house.jobs.workshop
    for name in "abc":
        await shop.start(work(name))
    await settled(lambda: len(house.executor.begun) == 2)
    await house.kill()
    await house.jobs.wake()
    states = {card.id: card.state for card in await house.jobs.workshop.cards()}
    assert (states[1], states[2]) == ("interrupted", "interrupted")
    await settled(lambda: house.executor.begun == ["c"])
    assert [data["task"] for _, data in house.events] == [1, 2]


async def test_a_resumable_task_is_begun_again_with_its_output_anew_but_not_for_ever(house):
    await house.jobs.workshop.start(work("a", resumable=True, input=b"in", env={"A": "b"}))
    for life in range(3):
        await settled(lambda: "a" in house.executor.writes)
        assert (house.executor.works[0].input, house.executor.works[0].env) == (b"in", {"A": "b"})
        await house.executor.writes["a"](1, b"life %d" % life)
        await settled(lambda: house.jobs.workshop.busy)
        await house.kill()
        await house.jobs.wake()
    card = await house.jobs.workshop.card(1)
    assert (card.state, card.attempts) == ("interrupted", 3)


async def test_a_daemon_that_is_stopped_leaves_what_is_resumable_to_the_next_one(house):
    shop = house.jobs.workshop
    await shop.start(work("a", resumable=True))
    await shop.start(work("b"))
    await settled(lambda: len(house.executor.begun) == 2)
    await house.stop()
    await house.jobs.wake()
    await settled(lambda: house.executor.begun == ["a"])
    assert {card.id: card.state for card in await house.jobs.workshop.cards()} == {
        1: "running",
        2: "interrupted",
    }


async def test_tasks_of_another_daemon_that_lives_are_left_alone(house):
    shop = house.jobs.workshop
    await shop.start(work("a"))
    await settled(lambda: house.executor.begun)
    first = house.jobs
    house.begin()
    await house.jobs.wake()
    assert (await house.jobs.workshop.card(1)).state == "running"
    house.jobs, other = first, house.jobs
    await other.aclose()


async def test_secrets_are_not_written_down(house, tmp_path):
    await house.jobs.workshop.start(work("a", secrets={"OPENAI_API_KEY": "sk-hidden"}, env={"LANG": "C"}))
    await settled(lambda: house.executor.works)
    assert house.executor.works[0].secrets == {"OPENAI_API_KEY": "sk-hidden"}
    assert not any(b"sk-hidden" in file.read_bytes() for file in tmp_path.iterdir())


def test_variables_that_may_hold_secrets_are_told_from_others():
    assert is_secret("X_API_KEY", "1")
    assert is_secret("HTTPS_BASE_URL", "https://me:pw@host/")
    assert parted({"PATH": "/bin", "GITHUB_TOKEN": "t", "ISAAC_CALLER": "nvim"}) == (
        {"PATH": "/bin"},
        {"GITHUB_TOKEN": "t"},
    )


async def test_there_is_a_limit_to_what_waits(house):
    house.config = JobsConfig(max_open=1, concurrency=1)
    await house.jobs.workshop.start(work("a"))
    with pytest.raises(Overloaded, match="1 tasks wait or run already"):
        await house.jobs.workshop.start(work("b"))
    with pytest.raises(InvalidParams, match="64 KiB"):
        await house.jobs.workshop.start(work("x" * 70_000))


async def test_only_what_has_ended_is_removed(house):
    shop = house.jobs.workshop
    await shop.start(work("a"))
    with pytest.raises(InvalidParams, match="has not ended"):
        await shop.remove(1)
    house.executor.end("a")
    await shop.wait(1)
    await shop.remove(1)
    with pytest.raises(NotFound, match="no task 1"):
        await shop.card(1)
    assert await shop.store.database.read("SELECT * FROM output") == []


async def test_the_oldest_go_when_there_are_too_many(house):
    house.config = JobsConfig(concurrency=2, keep_tasks=2, keep_days=1)
    shop = house.jobs.workshop
    for name in "abcd":
        card = await shop.start(work(name))
        house.executor.end(name)
        await shop.wait(card.id)
        house.clock.advance(7200)
    await shop.start(work("e"))
    assert [card.id for card in await shop.cards()][-2:] == [4, 3] or 1 not in {
        card.id for card in await shop.cards()
    }
    house.clock.advance(86400 * 3)
    await shop.start(work("f"))
    assert {card.id for card in await shop.cards()} == {5, 6}


async def test_a_disk_that_fails_at_the_end_is_no_end_of_the_daemon(house):
    shop = house.jobs.workshop
    await shop.start(work("a"))
    await settled(lambda: house.executor.begun)
    database = shop.store.database
    shop.store.database = DeadDatabase()
    house.executor.end("a")
    await settled(lambda: house.counted == 0)
    shop.store.database = database
    assert [card.state for card in await shop.cards()] == ["done"]
    assert [data["state"] for _, data in house.events] == ["done"]


async def test_a_command_with_a_journal_of_its_own_is_resumable_by_itself(house):
    orders = Orders(Origin(None, {}, "test"), lambda argv: None)
    assert orders.work(["batch", "x.jsonl"]).resumable
    assert not orders.work(["ask", "batch"]).resumable
