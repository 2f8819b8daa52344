"""Run a line when files change, or tell what changes."""

import json
import shlex
import sys
from typing import Annotated

from isaac_plugins._agreed import agree
from isaacd.api import Argument, Context, Handover, InvalidParams, Option, Plugin

plugin = Plugin("watch", summary="Run a line when files change.", version="1", capabilities=("run",))

_PROGRAM = (sys.executable, "-P", "-m", "isaacctl.watch")
_MAX_DEBOUNCE_MS = 600_000


@plugin.command(view=lambda plan, _: shlex.join(plan.argv))
async def watch(
    context: Context,
    paths: Annotated[
        list[str], Argument("Files and folders; else this folder. They need not be there yet.")
    ] = [],  # noqa: B006
    *,
    line: Annotated[str | None, Option("The line to run; what stands behind -- is one, too.")] = None,
    once: Annotated[bool, Option("Leave after the first change, with the exit code of the line.")] = False,
    now: Annotated[bool, Option("Run it once at the beginning too.")] = False,
    clear: Annotated[bool, Option("Clear the screen before each run.", short="c")] = False,
    types: Annotated[list[str], Option("Only files of this kind, such as py.", short="t", name="type")] = [],  # noqa: B006
    globs: Annotated[
        list[str],
        Option("Only files with such a name or path; after ! none of those.", short="g", name="glob"),
    ] = [],  # noqa: B006
    hidden: Annotated[bool, Option("Hidden files too.", short="H")] = False,
    no_ignore: Annotated[bool, Option("What git ignores too.", short="u", name="no-ignore")] = False,
    debounce: Annotated[int, Option("Milliseconds without a change before it is told.")] = 100,
    poll: Annotated[bool, Option("Look now and then, as for folders of other machines.")] = False,
) -> Handover:
    """Run a line of your shell whenever files change; without a line, tell what changes.

    What git ignores is left out. The line is judged once, and you are asked as its tier demands; one of tier 4 is
    refused. It runs in your own terminal, after the files have settled; what changes while it runs leads to one more
    run. With --json each change and each run is a JSON object on standard output: event, path, at.

    Examples:
        isaacctl watch src tests -- make test
        isaacctl watch -t py --clear -- "pytest -q && echo well"
        isaacctl watch --json docs
        isaacctl watch --once report.pdf -- xdg-open report.pdf
    """
    if not 0 <= debounce <= _MAX_DEBOUNCE_MS:
        raise InvalidParams(f"--debounce is a number of milliseconds up to {_MAX_DEBOUNCE_MS}")
    if line is None and (now or clear):
        raise InvalidParams("--now and --clear are for a line", hint="isaacctl watch src -- make test")
    options: dict[str, object] = {
        "paths": list(paths),
        "once": once,
        "now": now,
        "clear": clear,
        "types": types,
        "globs": globs,
        "hidden": hidden,
        "no_ignore": no_ignore,
        "debounce_ms": max(1, debounce),
        "poll": poll,
    }
    if line is not None:
        if not line.strip():
            raise InvalidParams("there is no line to run", hint="isaacctl watch src -- make test")
        _, options["argv"] = await agree(context, line, each_time="at each change")
    told = {name: value for name, value in options.items() if value not in (None, False, [])}
    return Handover(
        argv=(*_PROGRAM, json.dumps(told)),
        always=True,
        json=(*_PROGRAM, json.dumps({**told, "json": True})),
    )
