"""Find a program by its purpose, offline."""

import asyncio
import os
from typing import Annotated

from isaac_plugins.apropos.index import PageIndex
from isaac_plugins.apropos.ranking import Found, best, parts_of
from isaacd.api import Context, InvalidParams, Option, Plugin, Terminal, Words, plain

plugin = Plugin(
    "apropos",
    summary="Find a program by its purpose, offline.",
    version="1",
    requires=("knowledge",),
    capabilities=("state",),
)

_MOST = 100
_KNOWN = 12
_LONGEST = 300


def _shown(found: list[Found], terminal: Terminal) -> str:
    if not found:
        return "nothing was found; other words may help, or: isaacctl suggest"
    width = min(24, max(len(row.name) for row in found))
    lines = []
    for row in found:
        name = terminal.style(f"{plain(row.name):<{width}}", 1 if row.installed else 2)
        lines.append(
            f"{name}  {plain(row.about)}{'' if row.installed else terminal.style('  (not installed)', 2)}"
        )
        if row.example:
            lines.append(" " * (width + 2) + terminal.style(plain(row.example), 32))
    return "\n".join(lines)


@plugin.command(view=_shown, scope="ask")
async def apropos(
    context: Context,
    purpose: Annotated[str, Words("What the program should do, in a few words.")],
    *,
    limit: Annotated[int, Option("At most so many.", short="n")] = 10,
    installed: Annotated[bool, Option("Only programs that are here.", short="i")] = False,
) -> list[Found]:
    """Find programs by what they do.

    They come from the pages of this machine's manual, what Isaac knows, and the names of programs. Nothing is asked of anybody, and nothing is run. The first call reads the pages, which can take some seconds; later
    ones read only folders that have changed.

    Examples:
        isaacctl apropos compress files
        isaacctl apropos --installed compare two directories
        isaacctl apropos partition table --json
    """
    if not 1 <= limit <= _MOST:
        raise InvalidParams(f"--limit must lie between 1 and {_MOST}")
    if not purpose.strip():
        raise InvalidParams("say what the program should do", hint="try: isaacctl apropos compress files")
    purpose = purpose[:_LONGEST].encode("utf-8", "replace").decode()
    pages = await PageIndex(context).pages(parts_of(purpose))
    known = await _known(context, purpose)
    programs = await asyncio.to_thread(_programs, context.environ.get("PATH", ""))
    found = await asyncio.to_thread(best, purpose, pages, programs, known, _MOST * 2 if installed else limit)
    return [row for row in found if row.installed or not installed][:limit]


async def _known(context: Context, purpose: str) -> dict[str, tuple[str, str, float]]:
    """Return what Isaac knows for the purpose, by program: a line, what it does, and how sure that is."""
    from isaac_plugins.knowledge import actions

    found: dict[str, tuple[str, str, float]] = {}
    for candidate in await actions.search(context, purpose, _KNOWN):
        words = [word for word in candidate.command.split() if word != "sudo" and "=" not in word]
        name = words[0].rpartition("/")[2] if words else ""
        # A page of the manual is looked at by ourselves.
        if name and "whatis" not in candidate.source and name not in found:
            found[name] = (candidate.command, candidate.description, candidate.confidence)
    return found


def _programs(path: str) -> frozenset[str]:
    names: set[str] = set()
    for folder in dict.fromkeys(path.split(os.pathsep)):
        if folder.startswith("/"):
            try:
                with os.scandir(folder) as entries:
                    names.update(entry.name for entry in entries)
            except OSError:
                continue
    return frozenset(names)
