"""Run commands of Isaac in the background, and look at what became of them."""

import codecs
from typing import Annotated

import msgspec

from isaac_plugins.tasks.view import begun, listed, one, with_output
from isaacd.api import (
    Argument,
    Context,
    Incomplete,
    InvalidParams,
    Option,
    Plugin,
    TaskCard,
    TaskOutput,
    Terminal,
)

plugin = Plugin("tasks", summary="Run commands in the background.", version="1", capabilities=("run",))

_Task = Annotated[str, Argument("A task, by its number; `last` is the newest.")]


class Removed(msgspec.Struct, frozen=True):
    """How many tasks were deleted."""

    count: int


def _removed(removed: Removed, _: Terminal) -> str:
    return f"removed {removed.count:,} task{'' if removed.count == 1 else 's'}"


def _nothing(_: object, __: Terminal) -> str:
    """Print nothing: what there was to see has been shown as it came."""
    return ""


@plugin.command(view=begun)
async def run(
    context: Context,
    line: Annotated[list[str], Argument("A command of Isaac; -- before it keeps its options its own.")],
    *,
    label: Annotated[str, Option("A name for people.", short="l")] = "",
    resumable: Annotated[
        bool,
        Option("Run it again if the daemon ends before it does, for commands that go on where they stopped."),
    ] = False,
) -> TaskCard:
    """Begin a command of Isaac in the background, and return at once.

    It goes on when you leave; what it writes is kept. What is piped in is its standard input. Nobody can be asked, so
    a command that wants a confirmation takes it for a no. If the daemon is killed, the task is told as interrupted; one
    that is resumable, as `batch` is by itself, is run again.

    Examples:
        isaacctl tasks run -- ask "compare S3-FIFO with LRU in a table"
        git diff | isaacctl tasks run -- ask "review this"
        isaacctl tasks run --resumable -- batch prompts.jsonl
    """
    given = await context.read_input()
    return await context.jobs.start(
        line,
        label=label.strip()[:200],
        given=None if given is None else given.encode("utf-8", "surrogateescape"),
        resumable=resumable,
    )


@plugin.command(name="tasks", view=listed)
async def newest(context: Context) -> list[TaskCard]:
    """List the newest tasks.

    Examples:
        isaacctl tasks
        isaacctl tasks --json
    """
    return await list_(context)


@plugin.command(name="list", view=listed)
async def list_(
    context: Context,
    *,
    running: Annotated[bool, Option("Only those that wait or run.", short="r")] = False,
    all_: Annotated[bool, Option("All that are kept, not only the newest.", short="a", name="all")] = False,
    limit: Annotated[int, Option("The most tasks to list.", short="n")] = 20,
) -> list[TaskCard]:
    """List tasks, the newest first.

    Examples:
        isaacctl tasks list
        isaacctl tasks list --running --json
    """
    if limit < 1:
        raise InvalidParams("--limit is 1 or more")
    return await context.jobs.workshop.cards(every=all_, running=running, limit=limit)


@plugin.command(view=with_output)
async def show(context: Context, task: _Task = "last") -> TaskOutput:
    """Show a task, and what it has written so far.

    Examples:
        isaacctl tasks show 7
        isaacctl tasks show last --json
    """
    jobs = context.jobs
    return await jobs.output(await jobs.find(task))


@plugin.command(view=_nothing)
async def follow(context: Context, task: _Task = "last") -> TaskCard:
    """Show what a task writes as it comes, until it ends; Ctrl-C stops the watching, not the task.

    The exit code is 1 if the task failed.

    Examples:
        isaacctl tasks follow 7
        isaacctl tasks follow
    """
    jobs = context.jobs
    number = await jobs.find(task)
    decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in (1, 2)}
    async for piece in jobs.workshop.follow(number):
        text = decoders[piece.stream].decode(piece.data)
        if piece.stream == 1:
            await context.emit("delta", text)
        elif text:
            await context.emit("log", text.removesuffix("\n"))
    return _well(await jobs.workshop.card(number))


@plugin.command(view=one)
async def wait(context: Context, task: _Task = "last") -> TaskCard:
    """Wait until a task has ended; the exit code is 1 if it failed.

    Examples:
        isaacctl tasks wait 7
    """
    jobs = context.jobs
    return _well(await jobs.workshop.wait(await jobs.find(task)))


@plugin.command(view=one)
async def cancel(context: Context, task: _Task) -> TaskCard:
    """Stop a task; what it has written stays.

    Examples:
        isaacctl tasks cancel 7
    """
    jobs = context.jobs
    return await jobs.workshop.cancel(await jobs.find(task))


@plugin.command(view=begun)
async def again(context: Context, task: _Task) -> TaskCard:
    """Run the line of a task once more, with the same input, as a new task.

    Examples:
        isaacctl tasks again 7
    """
    jobs = context.jobs
    return await jobs.again(await jobs.find(task))


@plugin.command(view=_removed)
async def remove(
    context: Context, tasks: Annotated[list[str], Argument("Tasks that have ended, by their numbers.")]
) -> Removed:
    """Delete tasks with their output.

    Examples:
        isaacctl tasks remove 7 8
    """
    jobs = context.jobs
    numbers = [await jobs.find(task) for task in tasks]
    for number in dict.fromkeys(numbers):
        await jobs.workshop.remove(number)
    return Removed(len(set(numbers)))


@plugin.command(view=_removed)
async def prune(
    context: Context,
    *,
    days: Annotated[float, Option("Keep those that ended within so many days.", short="d")] = 7.0,
    all_: Annotated[bool, Option("Delete all that have ended.", short="a", name="all")] = False,
) -> Removed:
    """Delete the tasks that ended a while ago; those that wait or run stay.

    Examples:
        isaacctl tasks prune --days 30
        isaacctl tasks prune --all
    """
    if not days >= 0:
        raise InvalidParams("--days is 0 or more")
    store = context.jobs.workshop.store
    before = float("inf") if all_ else context.clock.now() - days * 86400
    return Removed(await store.prune(before=before, keep=-1))


def _well(card: TaskCard) -> TaskCard:
    if card.state == "done":
        return card
    code = f" with exit code {card.exit}" if card.exit else ""
    because = f": {card.note}" if card.note and card.note != card.state else ""
    raise Incomplete(
        f"task {card.id} {'was ' if card.state in ('cancelled', 'interrupted') else ''}{card.state}{code}{because}",
        hint=f"isaacctl tasks again {card.id} runs it once more",
        detail=msgspec.to_builtins(card),
    )
