"""Search, count, forget and import the commands that were run in your shells."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from isaac_plugins.history import view
from isaacd.api import (
    Argument,
    Context,
    HistoryAdded,
    HistoryForgotten,
    HistoryQuery,
    HistoryRun,
    HistoryStats,
    InvalidParams,
    Option,
    Plugin,
    Sent,
    Tier,
    Words,
    history_file,
    moment,
)

plugin = Plugin(
    "history",
    summary="Search, count and forget the commands that were run in your shells.",
    version="1",
    capabilities=("history",),
)

_MOST = 100_000
_Shell = Literal["bash", "zsh", "fish", "isaac", "atuin"]
_Cwd = Annotated[Path | None, Option("Only what was run in this folder, or below it.", short="C")]
_Here = Annotated[bool, Option("Only what was run in the folder that you are in, or below it.")]
_Session = Annotated[
    str | None, Option("Only what was run in this shell; `this` is the one that you are in.", short="s")
]
_Host = Annotated[str | None, Option("Only what was run on this machine.")]
_Since = Annotated[str | None, Option("Not before: 2h, 7d, today, 2026-11-01, '2026-11-01 14:30'.")]
_Until = Annotated[str | None, Option("Not after, said in the same way.")]


class Exported(Sent, frozen=True):
    """How many runs were written; for programs that are no command line, the runs too."""

    count: int
    runs: tuple[HistoryRun, ...] = ()


def _query(
    context: Context,
    *,
    text: str = "",
    pattern: str | None = None,
    cwd: Path | None = None,
    here: bool = False,
    session: str | None = None,
    host: str | None = None,
    shell: str | None = None,
    exit_code: int | None = None,
    failed: bool | None = None,
    since: str | None = None,
    until: str | None = None,
    ids: tuple[int, ...] = (),
) -> HistoryQuery:
    """Put what a person said into one question."""
    now = context.clock.now()
    folder = cwd
    if folder is None and here:
        folder = Path()
    if folder is not None:
        folder = (context.cwd or Path("/")) / folder.expanduser()
    if session == "this":
        session = context.shell_session
        if session is None:
            raise InvalidParams(
                "this shell has not told which session it is",
                hint='put eval "$(isaacctl shell-init bash)" into it',
            )
    return HistoryQuery(
        text=text,
        pattern=pattern,
        cwd=None if folder is None else _normal(folder),
        session=session,
        host=host,
        shell=shell,
        exit=exit_code,
        failed=failed,
        since=None if since is None else moment(since, now),
        until=None if until is None else moment(until, now, ends=True),
        ids=ids,
    )


def _normal(folder: Path) -> str:
    """Take `..` and `.` out of a path, without asking the disk: the folder may be gone."""
    parts: list[str] = []
    for part in folder.parts[1:]:
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return "/" + "/".join(parts)


def _limit(limit: int) -> int:
    if not 1 <= limit <= _MOST:
        raise InvalidParams(f"--limit must lie between 1 and {_MOST}")
    return limit


@plugin.command(view=view.runs)
async def history(
    context: Context, *, limit: Annotated[int, Option("How many.", short="n")] = 20
) -> list[HistoryRun]:
    """Show the commands that were run last, in all shells.

    Commands get here from shells that have `eval "$(isaacctl shell-init bash)"` (or zsh, fish), from `isaacctl run`,
    and by `isaacctl history import`. Secrets are masked before anything is kept.

    Examples:
        isaacctl history
        isaacctl history -n 100 --json
    """
    found = await context.history.search(_query(context), limit=_limit(limit))
    return found[::-1]


# What was typed on this machine is private: a model gets it only if the person agrees.
@plugin.command(view=view.runs, tool=Tier.BEYOND)
async def search(
    context: Context,
    text: Annotated[str, Words("Words that the command has, in any order; the last may be begun only.")] = "",
    *,
    fuzzy: Annotated[
        bool, Option("Letters may be left out or mistyped; the nearest come first.", short="f")
    ] = False,
    cwd: _Cwd = None,
    here: _Here = False,
    session: _Session = None,
    host: _Host = None,
    shell: Annotated[_Shell | None, Option("Only what came from this shell.")] = None,
    exit_code: Annotated[
        int | None, Option("Only what ended with this exit code.", name="exit", short="e")
    ] = None,
    failed: Annotated[bool, Option("Only what failed.")] = False,
    succeeded: Annotated[bool, Option("Only what did not fail.")] = False,
    since: _Since = None,
    until: _Until = None,
    limit: Annotated[int, Option("How many at most, the latest first.", short="n")] = 50,
    unique: Annotated[bool, Option("Each line once: its latest run.", short="u")] = False,
) -> list[HistoryRun]:
    """Search the commands that were run; all conditions have to hold.

    Interrupted commands (exit code 130) and closed pipes (141) do not count as failed.

    Examples:
        isaacctl history search docker compose
        isaacctl history search --fuzzy gcam --unique
        isaacctl history search --failed --here --since today
        isaacctl history search make --exit 2 --json
    """
    if failed and succeeded:
        raise InvalidParams("--failed and --succeeded leave nothing")
    query = _query(
        context,
        text=text,
        cwd=cwd,
        here=here,
        session=session,
        host=host,
        shell=shell,
        exit_code=exit_code,
        failed=True if failed else False if succeeded else None,
        since=since,
        until=until,
    )
    return await context.history.search(query, limit=_limit(limit), fuzzy=fuzzy, unique=unique)


@plugin.command(view=view.stats, tool=Tier.BEYOND)
async def stats(
    context: Context,
    *,
    cwd: _Cwd = None,
    here: _Here = False,
    session: _Session = None,
    host: _Host = None,
    since: _Since = None,
    until: _Until = None,
    top: Annotated[int, Option("How many of each list.", short="n")] = 10,
) -> HistoryStats:
    """Show what you run most, what fails, when you work, and what takes long.

    Examples:
        isaacctl history stats
        isaacctl history stats --since 30d --here
        isaacctl history stats --top 3 --json
    """
    if not 1 <= top <= 1000:
        raise InvalidParams("--top must lie between 1 and 1000")
    query = _query(context, cwd=cwd, here=here, session=session, host=host, since=since, until=until)
    return await context.history.stats(query, top=top)


@plugin.command(view=view.forgotten)
async def forget(
    context: Context,
    pattern: Annotated[
        str | None,
        Argument("Commands as a whole; `*` stands for anything: 'mysql *'. Without a * it is a part."),
    ] = None,
    *,
    cwd: _Cwd = None,
    session: _Session = None,
    host: _Host = None,
    since: _Since = None,
    until: _Until = None,
    ids: Annotated[
        list[int] | None, Option("Single runs, by their numbers as --json shows them.", name="id")
    ] = None,
    everything: Annotated[bool, Option("All there is.", name="all")] = False,
    dry_run: Annotated[bool, Option("Only say what would be forgotten.")] = False,
    yes: Annotated[bool, Option("Do not ask.", short="y")] = False,
) -> HistoryForgotten:
    """Forget commands for good: nothing of them stays in the file, its index, its log or the spool.

    The files that your shells themselves keep are not touched.

    Examples:
        isaacctl history forget --dry-run 'mysql *'
        isaacctl history forget --since 10m
        isaacctl history forget --session this --yes
    """
    if pattern is not None and not any(sign in pattern for sign in "*?["):
        pattern = f"*{pattern}*" if pattern.strip() else None
    query = _query(
        context,
        pattern=pattern,
        cwd=cwd,
        session=session,
        host=host,
        since=since,
        until=until,
        ids=tuple(ids or ()),
    )
    if query == HistoryQuery() and not everything:
        raise InvalidParams(
            "say what to forget", hint="a pattern, --session, --since ..., or --all for everything"
        )
    would = await context.history.forget(query, dry_run=True)
    if dry_run or not would.runs:
        return would
    if not yes:
        for line in view.examples(would):
            await context.emit("log", line)
        if not await context.confirm(f"Forget {view.amount(would)} for good?"):
            raise InvalidParams("nothing was forgotten", hint="say yes when you are asked, or give --yes")
    gone = await context.history.forget(query, dry_run=False)
    return msgspec.structs.replace(
        gone, notes=["the files that your shells keep by themselves are not touched"]
    )


@plugin.command(name="import", view=view.added)
async def import_(
    context: Context,
    shell: Annotated[Literal["bash", "zsh", "fish", "atuin"], Argument("Whose history it is.")],
    file: Annotated[Path | None, Argument("The file; without it, the one where it usually is.")] = None,
) -> HistoryAdded:
    """Take in the history of a shell or of atuin. What was taken in before is not added again.

    Secrets are masked, and what begins with a blank or is not wanted (`shell.ignore`) is left out.

    Examples:
        isaacctl history import bash
        isaacctl history import zsh ~/.zsh_history
        isaacctl history import atuin --json
    """
    if file is None:
        path = history_file(shell, context.environ)
    else:
        path = (context.cwd or Path("/")) / file.expanduser()

    async def progress(done: int) -> None:
        await context.progress(done, label="importing")

    return await context.history.take_in(shell, path, progress)


@plugin.command
async def export(
    context: Context,
    *,
    since: _Since = None,
    until: _Until = None,
) -> Exported:
    """Write all runs as JSON Lines, the oldest first, one run a line.

    Examples:
        isaacctl history export > history.jsonl
        isaacctl history export --since 30d
    """
    query = _query(context, since=since, until=until)
    count = 0
    kept: list[HistoryRun] = []
    async for run in context.history.every(query):
        await context.emit("row", msgspec.json.encode(run).decode() + "\n")
        count += 1
        if context.meta.tty is None:
            kept.append(run)  # a program may not have asked for events
    return Exported(count=count, runs=tuple(kept))
