"""The summaries of this machine's manual, kept in a file; a folder is read again when it has changed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isaac_plugins.apropos.pages import folders, read_folder
from isaacd.api import Context, Schema

SCHEMA = Schema(
    what="the index of the manual",
    number=202,
    versions=(
        (
            "CREATE TABLE folders (name TEXT PRIMARY KEY, stamp INTEGER NOT NULL)",
            """CREATE TABLE pages (
                folder TEXT NOT NULL REFERENCES folders (name) ON DELETE CASCADE,
                name TEXT NOT NULL,
                section TEXT NOT NULL,
                about TEXT NOT NULL
            )""",
            "CREATE INDEX pages_by_folder ON pages (folder)",
        ),
    ),
)


class PageIndex:
    """Reads what has changed, then answers from the file."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database(SCHEMA, "manual")

    async def pages(self, parts: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return name, section and summary of the pages of this caller that have one of these parts of words."""
        here = await asyncio.to_thread(folders, self._context.environ)
        known: dict[str, int] = dict(await self._database.read("SELECT name, stamp FROM folders"))
        for number, folder in enumerate(here):
            stamp = _stamp(folder)
            if stamp is not None and known.get(str(folder)) != stamp:
                await self._context.progress(number, len(here), "reading the manual")
                await self._read(folder, stamp)
        names = {str(folder) for folder in here}
        where = " OR ".join(["name LIKE ? OR about LIKE ?"] * len(parts)) or "0"
        values = [f"%{part}%" for part in parts for _ in range(2)]
        rows = await self._database.read(
            f"SELECT folder, name, section, about FROM pages WHERE {where}",  # noqa: S608 - only marks for values
            values,
        )
        return [(name, section, about) for folder, name, section, about in rows if folder in names]

    async def _read(self, folder: Path, stamp: int) -> None:
        found = await asyncio.to_thread(lambda: list(read_folder(folder)))

        async def step(connection: Any) -> None:
            await connection.execute("DELETE FROM folders WHERE name = ?", (str(folder),))
            await connection.execute("INSERT INTO folders VALUES (?, ?)", (str(folder), stamp))
            await connection.executemany(
                "INSERT INTO pages VALUES (?, ?, ?, ?)", [(str(folder), *page) for page in found]
            )

        await self._database.write(step)


def _stamp(folder: Path) -> int | None:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None
