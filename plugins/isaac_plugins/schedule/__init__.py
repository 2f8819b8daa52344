"""Run a command of Isaac, or a line of your shell, later or regularly."""

import shlex
import sys
from typing import Annotated

import anyio
import msgspec

from isaac_plugins._agreed import agree
from isaac_plugins.schedule.view import fired, kept, listed, one
from isaacd.api import (
    Approved,
    Argument,
    Context,
    Firing,
    Handover,
    InvalidParams,
    Option,
    Plugin,
    ScheduleCard,
    ShellOrder,
    TaskCard,
    Terminal,
)

plugin = Plugin(
    "schedule", summary="Run something later or regularly.", version="1", capabilities=("ask", "run")
)

_Schedule = Annotated[str, Argument("A schedule, by its number or its label.")]
_When = Annotated[
    str, Argument('When: "in 20 minutes", "every weekday 9:00", "2026-12-24 18:00", or cron: "0 9 * * 1-5".')
]
_Zone = Annotated[str | None, Option("The time zone, such as Europe/Berlin; else yours.", short="z")]
_CatchUp = Annotated[
    bool, Option("Run it once, late, if it was missed while the machine or the daemon was down.", short="c")
]
_NEEDED_EVERY_S = 5.0
_RUNNER = (sys.executable, "-P", "-m", "isaacctl.runner")


class Removed(msgspec.Struct, frozen=True):
    """How many schedules were deleted."""

    count: int


def _removed(removed: Removed, _: Terminal) -> str:
    return f"removed {removed.count:,} schedule{'' if removed.count == 1 else 's'}; their tasks stay"


def _begun(card: TaskCard, _: Terminal) -> str:
    return f"task {card.id} is {card.state}; follow it: isaacctl tasks follow {card.id}"


@plugin.command(view=kept)
async def add(
    context: Context,
    when: _When,
    line: Annotated[list[str], Argument("A command of Isaac; -- before it keeps its options its own.")],
    *,
    zone: _Zone = None,
    label: Annotated[str, Option("A name for people, and to find it by.", short="l")] = "",
    catch_up: _CatchUp = False,
) -> ScheduleCard:
    """Have a command of Isaac run later or regularly, in the background.

    Each run is a task, whose output and result are kept. What is piped in now is its standard input then. It runs while
    the daemon does, which does not leave as long as something is due; what was missed is told, and with --catch-up
    run once. Times follow the clock on the wall of the zone, whatever it does in spring and autumn.

    Examples:
        isaacctl schedule add "every weekday 9:00" -- ask "what does cron do with a time that is skipped?"
        isaacctl schedule add "in 20 minutes" -- notes add "the tea is ready"
        isaacctl schedule add "0 3 * * *" --label nightly --catch-up -- batch prompts.jsonl
    """
    given = await context.read_input()
    return await context.jobs.schedules(context.environ, context.clock.now()).add(
        when,
        line,
        zone=zone,
        label=_label(label),
        given=None if given is None else given.encode("utf-8", "surrogateescape"),
        catch_up=catch_up,
    )


@plugin.command(view=lambda plan, _: shlex.join(plan.argv))
async def shell(
    context: Context,
    when: _When,
    line: Annotated[list[str], Argument("The line; -- before it keeps its options its own.")],
    *,
    zone: _Zone = None,
    label: Annotated[str, Option("A name for people, and to find it by.", short="l")] = "",
    catch_up: _CatchUp = False,
) -> Handover:
    """Have a line of your shell run later or regularly, once you have agreed to it.

    The line is judged now, and you are asked as its tier demands; one of tier 4 is refused. Each time it is judged
    again, and not run if it has become more dangerous. The daemon runs no programs: a runner does, a process of yours
    that is begun in the background. Without it, runs are held and told.

    Examples:
        isaacctl schedule shell "every 2h" -- git -C ~/notes fetch
        isaacctl schedule shell "every day 18:00" --label backup -- "tar czf ~/backup.tgz ~/notes"
    """
    planner = context.jobs.schedules(context.environ, context.clock.now())
    planner.check(when, zone)
    text = line[0] if len(line) == 1 else shlex.join(line)
    tier, _ = await agree(context, text, each_time="each time")
    approved = Approved(tier)
    card = await planner.add_shell(when, text, approved, zone=zone, label=_label(label), catch_up=catch_up)
    return Handover(
        argv=(*_RUNNER, "--detach"),
        after=("schedule", "show", str(card.id)),
        always=True,
        json=(*_RUNNER, "--detach"),
    )


@plugin.command(name="schedule", view=listed)
async def all_(context: Context) -> list[ScheduleCard]:
    """List schedules: what is due next, and what came of the last run.

    Examples:
        isaacctl schedule
        isaacctl schedule --json
    """
    return await list_(context)


@plugin.command(name="list", view=listed)
async def list_(context: Context) -> list[ScheduleCard]:
    """List schedules: what is due next, and what came of the last run.

    Examples:
        isaacctl schedule list
        isaacctl schedule list --json
    """
    return await context.jobs.schedules(context.environ, context.clock.now()).store.cards()


@plugin.command(view=one)
async def show(context: Context, schedule: _Schedule) -> ScheduleCard:
    """Show a schedule.

    Examples:
        isaacctl schedule show 3
        isaacctl schedule show nightly
    """
    planner = context.jobs.schedules(context.environ, context.clock.now())
    return await planner.store.card(await planner.find(schedule))


@plugin.command(view=fired)
async def log(
    context: Context,
    schedule: Annotated[str | None, Argument("A schedule, by its number or its label; else all.")] = None,
    *,
    missed: Annotated[bool, Option("Only what did not run in time, or not at all.", short="m")] = False,
    limit: Annotated[int, Option("The most lines.", short="n")] = 30,
) -> list[Firing]:
    """Show when schedules were due, and what came of it, the newest first.

    Examples:
        isaacctl schedule log
        isaacctl schedule log nightly
        isaacctl schedule log --missed --json
    """
    if limit < 1:
        raise InvalidParams("--limit is 1 or more")
    planner = context.jobs.schedules(context.environ, context.clock.now())
    number = None if schedule is None else await planner.find(schedule)
    return await planner.store.firings(number, limit=min(limit, 10_000), missed_only=missed)


@plugin.command(view=one)
async def pause(context: Context, schedule: _Schedule) -> ScheduleCard:
    """Let nothing of a schedule begin until it is resumed.

    Examples:
        isaacctl schedule pause 3
    """
    planner = context.jobs.schedules(context.environ, context.clock.now())
    return await planner.pause(await planner.find(schedule))


@plugin.command(view=one)
async def resume(context: Context, schedule: _Schedule) -> ScheduleCard:
    """Let a paused schedule go on, from the next time that comes.

    Examples:
        isaacctl schedule resume 3
    """
    planner = context.jobs.schedules(context.environ, context.clock.now())
    return await planner.resume(await planner.find(schedule))


@plugin.command(view=_begun)
async def run(context: Context, schedule: _Schedule) -> TaskCard:
    """Run a schedule now, beside its times.

    Examples:
        isaacctl schedule run nightly
    """
    planner = context.jobs.schedules(context.environ, context.clock.now())
    return await planner.run_now(await planner.find(schedule))


@plugin.command(view=_removed)
async def remove(
    context: Context,
    schedules: Annotated[list[str], Argument("Schedules, by their numbers or labels.")],
) -> Removed:
    """Delete schedules; the tasks that they made stay.

    Examples:
        isaacctl schedule remove 3 nightly
    """
    planner = context.jobs.schedules(context.environ, context.clock.now())
    numbers = list(dict.fromkeys([await planner.find(item) for item in schedules]))
    for number in numbers:
        await planner.remove(number)
    return Removed(len(numbers))


@plugin.command(view=lambda plan, _: shlex.join(plan.argv))
def runner(
    context: Context,
    *,
    detach: Annotated[bool, Option("In the background.")] = False,
    stop: Annotated[bool, Option("End the one that is there; what it runs goes on.")] = False,
) -> Handover:
    """Be the process that runs scheduled lines of your shell; one is enough.

    `schedule shell` begins it by itself, and it leaves when nothing is left to run. After a restart of the machine,
    begin it anew, for example from your shell's start file or as a service of your session.

    Examples:
        isaacctl schedule runner
        isaacctl schedule runner --detach
    """
    argv = (*_RUNNER, *(["--detach"] if detach else []), *(["--stop"] if stop else []))
    return Handover(argv=argv, always=True, json=argv)


@plugin.command(hidden=True)
async def attend(context: Context) -> bool:
    """Be the runner until the connection ends."""
    await context.jobs.schedules(context.environ, 0.0).shells.attend()
    return True


@plugin.command(name="next", hidden=True)
async def next_(context: Context) -> ShellOrder:
    """Wait for what the runner is to do next.

    An order to stop without a token says that it is not needed any more.
    """
    planner = context.jobs.schedules(context.environ, 0.0)
    while await planner.store.needs_runner():
        with anyio.move_on_after(_NEEDED_EVERY_S):
            return await planner.shells.next()
    return ShellOrder(token="", stop=True)


@plugin.command(hidden=True)
async def report(
    context: Context,
    token: Annotated[str, Argument("The token of the run.")],
    stream: Annotated[int, Argument("1 or 2.")],
    data: Annotated[bytes, Argument("What was written.")],
) -> bool:
    """Take output of a run."""
    await context.jobs.schedules(context.environ, 0.0).shells.report(token, stream, data)
    return True


@plugin.command(hidden=True)
async def ended(
    context: Context,
    token: Annotated[str, Argument("The token of the run.")],
    code: Annotated[int, Argument("The exit code.")],
) -> bool:
    """Take the end of a run."""
    context.jobs.schedules(context.environ, 0.0).shells.ended(token, code)
    return True


def _label(label: str) -> str:
    label = " ".join(label.split())[:100]
    if label.lstrip("#").isdigit():
        raise InvalidParams("a label is no number", hint="numbers are what schedules have already")
    return label
