"""What a person owns in databases, as tables: which columns name a row, and which lead to other rows."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from isaacd.belongings.belongings import FOLDER
from isaacd.belongings.state_file import SCHEMA as PLUGIN_STATE
from isaacd.chats.schema import SCHEMA as CHATS
from isaacd.database import Schema
from isaacd.history.schema import SCHEMA as HISTORY
from isaacd.jobs.cards import ENDED
from isaacd.jobs.schema import SCHEMA as JOBS
from isaacd.ledger.schema import FACTS
from isaacd.ledger.schema import SCHEMA as LEDGER
from isaacd.paths import Paths

Row = dict[str, Any]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table, below those that it leads to.

    Rows with the same values in `names` are the same. `key` is the column of its own number, "" without one. `leads`
    maps columns to tables, `later` does for tables that come after it. `clash` is the column to change when a row meets
    another that may not be there with it. `left_out` are columns that follow from others, and `fresh` changes a row
    that was not here before.
    """

    name: str
    names: tuple[str, ...]
    key: str = "id"
    leads: Mapping[str, str] = {}
    later: Mapping[str, str] = {}
    clash: str = ""
    left_out: tuple[str, ...] = ()
    fresh: Callable[[Row], Row] = dict


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One database: its name in an export, its file, and what makes it if it is not there."""

    name: str
    file: Path
    schema: Callable[[], Schema]
    tables: tuple[Table, ...]


def _unapproved(row: Row) -> Row:
    """Let nothing run by itself that was agreed to elsewhere."""
    return {**row, "paused": 1, "approval": None}


def _ended(row: Row) -> Row:
    """Let nothing be done a second time that another machine may be doing."""
    return row if row["state"] in ENDED else {**row, "state": "interrupted", "note": "it was imported"}


_HISTORY = (
    Table(name="lines", names=("text",), left_out=("uses",)),
    Table(
        name="runs",
        names=("line", "at", "duration", "exit", "cwd", "host", "session", "shell"),
        leads={"line": "lines"},
    ),
)
_CHATS = (
    Table(name="chats", names=("created_at", "role", "system"), later={"head": "turns"}, clash="name"),
    Table(
        name="turns",
        names=("chat", "at", "role", "content"),
        leads={"chat": "chats", "parent": "turns"},
        clash="number",
    ),
    Table(name="summaries", names=("turn",), key="", leads={"turn": "turns"}),
)
_JOBS = (
    Table(name="schedules", names=("words", "argv", "cwd", "created_at"), fresh=_unapproved),
    Table(
        name="tasks",
        names=("kind", "argv", "caller", "created_at"),
        leads={"schedule": "schedules"},
        fresh=_ended,
    ),
    Table(name="output", names=("task", "seq"), key="", leads={"task": "tasks"}),
    Table(
        name="firings", names=("schedule", "due_at", "at"), leads={"schedule": "schedules", "task": "tasks"}
    ),
)
_LEDGER = (
    Table(name="calls", names=tuple(FACTS), key="seq"),
    Table(name="texts", names=("seq",), key="", leads={"seq": "calls"}),
    Table(name="days", names=("day", "caller", "provider", "model"), key=""),
)
_NOTES = (
    Table(name="notes", names=("text", "created_at")),
    Table(name="tags", names=("note", "tag"), key="", leads={"note": "notes"}),
)
_STATE = (Table(name="state", names=("key",), key=""),)


def _notes_schema() -> Schema:
    """Return what the plugin says of its own file; the daemon's rooms do not import plugins otherwise."""
    schema: Schema = import_module("isaac_plugins.notes.store").SCHEMA
    return schema


def kinds(paths: Paths, plugins: tuple[str, ...] = ()) -> list[Kind]:
    """Return all that can be exported: what Isaac itself knows of, and the state of `plugins`."""
    data, state = paths.data_dir, paths.state_dir
    own = [
        Kind(name="history", file=data / "history.sqlite", schema=lambda: HISTORY, tables=_HISTORY),
        Kind(name="chats", file=data / "chats.sqlite", schema=lambda: CHATS, tables=_CHATS),
        Kind(name="notes", file=data / FOLDER / "notes/data.sqlite", schema=_notes_schema, tables=_NOTES),
        Kind(name="jobs", file=state / "jobs.sqlite", schema=lambda: JOBS, tables=_JOBS),
        Kind(name="ledger", file=data / "ledger.sqlite", schema=lambda: LEDGER, tables=_LEDGER),
    ]
    return own + [
        Kind(
            name=f"plugin:{plugin}",
            file=data / FOLDER / plugin / "state.sqlite",
            schema=lambda: PLUGIN_STATE,
            tables=_STATE,
        )
        for plugin in plugins
    ]


def plugins_with_state(paths: Paths) -> tuple[str, ...]:
    """Name the plugins that have kept something."""
    return tuple(sorted(file.parent.name for file in (paths.data_dir / FOLDER).glob("*/state.sqlite")))
