"""What is scheduled begins once, in time or told as missed, whatever clocks and daemons do."""

import anyio
import pytest

from isaacd.config import JobsConfig
from isaacd.errors import InvalidParams, NotFound, Overloaded, PermissionDenied
from isaacd.jobs.cards import Approved, Judged
from isaacd.jobs.orders import Orders, Origin
from isaacd.jobs.planner import Planner
from isaacd.jobs.shells import NO_RUNNER, Shells
from tests.fake_jobs import FakeHouse, settled, work

pytestmark = pytest.mark.anyio
UTC = {"TZ": "UTC"}


@pytest.fixture
async def house(tmp_path):
    async with anyio.create_task_group() as group:
        made = FakeHouse(tmp_path / "jobs.sqlite", group, JobsConfig(concurrency=4, grace_s=60))
        yield made
        await made.stop()
        await made.jobs.aclose()
        group.cancel_scope.cancel()


def planner(house: FakeHouse) -> Planner:
    made = Planner(house.jobs, Orders(Origin(None, {}, "test"), lambda argv: None), UTC, house.clock.now())
    house.jobs._watching = True  # the test itself says when the alarm looks
    return made


async def outcomes(house: FakeHouse) -> list[tuple[str, int]]:
    found = await house.jobs.schedules.firings(None, limit=100)
    return [(item.outcome, item.count) for item in reversed(found)]


async def test_what_is_due_becomes_a_task_once(house):
    await planner(house).add("in 10 minutes", ["ask", "a"])
    assert await house.jobs.alarm.tick() <= 20
    assert house.executor.begun == []
    house.clock.advance(600)
    for _ in range(3):
        await house.jobs.alarm.tick()
    await settled(lambda: house.executor.begun == ["a"])
    card = await house.jobs.schedules.card(1)
    assert (card.next_at, card.last_task, card.last_outcome) == (None, 1, "ran")
    assert not house.jobs.alarm.pending


async def test_the_alarm_sleeps_no_longer_than_until_the_next(house):
    await planner(house).add("in 7 seconds", ["ask", "a"])
    assert await house.jobs.alarm.tick() == pytest.approx(7, abs=0.01)
    assert house.jobs.holds_open


async def test_what_nobody_could_begin_is_told_as_missed_and_not_run(house):
    await planner(house).add("every 10 minutes", ["ask", "a"])
    house.clock.advance(3600 + 120)
    await house.jobs.alarm.tick()
    assert house.executor.begun == []
    assert await outcomes(house) == [("missed", 6)]
    card = await house.jobs.schedules.card(1)
    assert card.missed == 6
    assert card.next_at == pytest.approx(house.clock.now() + 480)


async def test_missed_runs_are_caught_up_once_if_that_is_wanted(house):
    await planner(house).add("every 10 minutes", ["ask", "a"], catch_up=True)
    house.clock.advance(3600 + 120)
    await house.jobs.alarm.tick()
    await settled(lambda: house.executor.begun == ["a"])
    assert await outcomes(house) == [("missed", 5), ("late", 1)]


async def test_a_run_does_not_begin_while_the_last_is_under_way(house):
    await planner(house).add("every 10 seconds", ["ask", "a"])
    for _ in range(2):
        house.clock.advance(10)
        await house.jobs.alarm.tick()
    assert await outcomes(house) == [("ran", 1), ("skipped", 1)]
    house.executor.end("a")
    await house.jobs.workshop.wait(1)
    house.clock.advance(10)
    await house.jobs.alarm.tick()
    assert (await outcomes(house))[-1] == ("ran", 1)


async def test_a_daemon_that_is_killed_after_the_task_was_made_neither_loses_nor_repeats_it(house):
    await planner(house).add("in 1 minute", ["ask", "a"])
    house.clock.advance(60)
    schedule = (await house.jobs.schedules.due(house.clock.now()))[0]
    await house.jobs.schedules.fire(schedule, None, [("ran", schedule.next_at, 1, "")], schedule.work)
    await house.kill()  # before it was begun
    await house.jobs.workshop.recover()
    await house.jobs.alarm.tick()
    await settled(lambda: house.executor.begun == ["a"])
    assert len(await house.jobs.workshop.cards()) == 1


async def test_two_daemons_over_one_file_begin_a_run_once(house):
    await planner(house).add("in 1 minute", ["ask", "a"])
    house.clock.advance(60)
    first = (await house.jobs.schedules.due(house.clock.now()))[0]
    await house.jobs.schedules.fire(first, None, [("ran", 0.0, 1, "")], first.work)
    with pytest.raises(LookupError):
        await house.jobs.schedules.fire(first, None, [("ran", 0.0, 1, "")], first.work)


async def test_a_clock_that_was_ahead_and_is_set_back_does_not_silence_what_repeats(house):
    await planner(house).add("every hour", ["ask", "a"])
    await planner(house).add("every 30 minutes", ["ask", "b"])
    await house.jobs.alarm.tick()
    house.clock.wall += 400 * 86400  # somebody sets it ahead
    await house.jobs.alarm.tick()
    house.clock.wall -= 400 * 86400
    await house.jobs.alarm.tick()
    due = {card.id: card.next_at for card in await house.jobs.schedules.cards()}
    assert 0 < due[1] - house.clock.now() <= 3600
    assert 0 < due[2] - house.clock.now() <= 1800


async def test_what_was_made_by_a_clock_that_was_ahead_repeats_for_good(house):
    house.clock.wall += 400 * 86400
    await planner(house).add("every 40 minutes", ["ask", "a"])
    await house.jobs.alarm.tick()
    house.clock.wall -= 400 * 86400  # somebody sets it right
    for _ in range(5):
        await house.jobs.alarm.tick()
        (card,) = await house.jobs.schedules.cards()
        assert 0 < card.next_at - house.clock.now() <= 2400
        house.clock.advance(card.next_at - house.clock.now())


async def test_a_clock_that_goes_back_a_little_repeats_nothing(house):
    house.clock.wall = 1_750_000_000.0 - 1_750_000_000.0 % 3600 + 3590
    await planner(house).add("every hour", ["ask", "a"])
    await house.jobs.alarm.tick()
    house.clock.advance(15)
    await house.jobs.alarm.tick()
    house.executor.end("a")
    await house.jobs.workshop.wait(1)
    house.clock.wall -= 60  # before the hour again
    await house.jobs.alarm.tick()
    house.clock.advance(61)
    await house.jobs.alarm.tick()
    assert len(await outcomes(house)) == 1


async def test_a_paused_schedule_lets_its_times_pass(house):
    plan = planner(house)
    await plan.add("every 10 minutes", ["ask", "a"], label="tea")
    assert (await plan.pause(await plan.find("tea"))).paused
    house.clock.advance(3000)
    await house.jobs.alarm.tick()
    assert await outcomes(house) == []
    assert not house.jobs.alarm.pending
    resumed = await planner(house).resume(1)
    assert house.clock.now() < resumed.next_at <= house.clock.now() + 600
    await planner(house).remove(1)
    assert await house.jobs.schedules.cards() == []


async def test_what_is_over_cannot_be_resumed_but_run(house):
    plan = planner(house)
    await plan.add("in 1 minute", ["ask", "a"])
    await plan.pause(1)
    house.clock.advance(120)
    with pytest.raises(InvalidParams, match="is over"):
        await planner(house).resume(1)
    task = await planner(house).run_now(1)
    assert task.schedule == 1


async def test_names_that_are_wrong_are_told_with_what_was_meant(house):
    plan = planner(house)
    await plan.add("in 1 minute", ["ask", "a"], label="nightly")
    with pytest.raises(NotFound) as told:
        await plan.find("nihgtly")
    assert told.value.hint == "did you mean nightly?"
    with pytest.raises(NotFound, match="no schedule 7"):
        await plan.find("7")
    house.config = JobsConfig(max_schedules=1)
    with pytest.raises(Overloaded):
        await plan.add("in 1 minute", ["ask", "b"])


async def test_one_that_cannot_be_understood_any_more_does_not_stop_the_others(house):
    await planner(house).add("in 1 minute", ["ask", "a"])
    await planner(house).add("in 1 minute", ["ask", "b"])
    await house.jobs.schedules._database.execute("UPDATE schedules SET spec = 'once upon' WHERE id = 1")
    house.clock.advance(61)
    await house.jobs.alarm.tick()
    await settled(lambda: house.executor.begun == ["b"])
    cards = {card.id: card for card in await house.jobs.schedules.cards()}
    assert (cards[1].paused, cards[1].last_outcome) == (True, "held")


async def test_a_line_for_a_shell_is_handed_to_the_runner_under_a_token_that_is_good_once(house):
    shells = house.jobs.shells
    async with anyio.create_task_group() as group:
        group.start_soon(shells.attend)
        await settled(lambda: shells.is_attended)
        await planner(house).add_shell("in 1 minute", "make test", Approved("2"), catch_up=False)
        house.clock.advance(60)
        await house.jobs.alarm.tick()
        order = await shells.next()
        assert order.argv == ("/bin/sh", "-c", "make test")
        await shells.report(order.token, 2, b"oh\n")
        with pytest.raises(NotFound):
            shells.ended("another token", 0)
        shells.ended(order.token, 3)
        card = await house.jobs.workshop.wait(1)
        assert (card.state, card.exit, card.kind) == ("failed", 3, "shell")
        with pytest.raises(NotFound):
            await shells.report(order.token, 1, b"late")
        group.cancel_scope.cancel()


async def test_without_a_runner_or_when_it_is_more_dangerous_now_nothing_runs(house):
    shells = house.jobs.shells
    house.config = JobsConfig(grace_s=30)
    await planner(house).add_shell("every 1 minute", "make test", Approved("2"), catch_up=False)
    house.clock.advance(60)
    # A runner has the time of grace to come.
    assert await house.jobs.alarm.tick() > 0
    assert await outcomes(house) == []
    house.clock.advance(31)
    await house.jobs.alarm.tick()
    assert (await house.jobs.schedules.card(1)).last_note == NO_RUNNER
    async with anyio.create_task_group() as group:
        group.start_soon(shells.attend)
        await settled(lambda: shells.is_attended)
        house.tier = "3"
        house.clock.advance(60)
        await house.jobs.alarm.tick()
        assert "tier 3 now" in (await house.jobs.schedules.card(1)).last_note
        house.tier = "2"
        # Whoever changes the line in the file has not been agreed with.
        await house.jobs.schedules._database.execute("UPDATE schedules SET argv = '[\"rm -rf /\"]'")
        house.clock.advance(60)
        await house.jobs.alarm.tick()
        assert "not what was agreed to" in (await house.jobs.schedules.card(1)).last_note
        group.cancel_scope.cancel()
    assert [outcome for outcome, _ in await outcomes(house)] == ["held"] * 3
    assert await house.jobs.workshop.cards() == []


async def test_a_runner_that_comes_late_but_within_the_time_of_grace_runs_what_was_due(house):
    shells = house.jobs.shells
    await planner(house).add_shell("in 1 minute", "make test", Approved("2"), catch_up=False)
    house.clock.advance(60)
    assert await house.jobs.alarm.tick() > 0
    async with anyio.create_task_group() as group:
        group.start_soon(shells.attend)
        await settled(lambda: shells.is_attended)
        house.clock.advance(5)
        await house.jobs.alarm.tick()
        order = await shells.next()
        shells.ended(order.token, 0)
        await house.jobs.workshop.wait(1)
        group.cancel_scope.cancel()
    assert [outcome for outcome, _ in await outcomes(house)] == ["ran"]


async def test_a_line_of_tier_4_never_runs_whatever_was_approved():
    shells = Shells(lambda _: Judged("4", (), "it deletes"), lambda: False)
    assert shells.why_not(work("x"), "4") is not None

    def refuse(_: object) -> Judged:
        raise PermissionDenied("it is no line")

    assert Shells(refuse, lambda: False).why_not(work("x"), "1") == "it is no line"


async def test_a_runner_that_goes_away_interrupts_what_it_ran_and_a_cancelled_run_is_stopped(house):
    shells = house.jobs.shells
    async with anyio.create_task_group() as group:
        group.start_soon(shells.attend)
        await settled(lambda: shells.is_attended)
        plan = planner(house)
        await plan.add_shell("in 1 minute", "one", Approved("2"), catch_up=False)
        await plan.add_shell("in 1 minute", "two", Approved("2"), catch_up=False)
        house.clock.advance(60)
        await house.jobs.alarm.tick()
        first, second = await shells.next(), await shells.next()
        assert (await house.jobs.workshop.cancel(1)).state == "cancelled"
        stop = await shells.next()
        assert (stop.stop, stop.token) == (True, first.token)
        assert second.token != first.token
        group.cancel_scope.cancel()
    assert (await house.jobs.workshop.wait(2)).state == "interrupted"
