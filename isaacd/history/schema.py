"""What is in the file of the history."""

from isaacd.database import Schema

SCHEMA = Schema(
    what="the history of commands",
    number=18,
    versions=(
        (
            # Each command line once, however often it was run.
            """CREATE TABLE lines (
                id INTEGER PRIMARY KEY,
                text TEXT NOT NULL UNIQUE,
                name TEXT NOT NULL,
                uses INTEGER NOT NULL DEFAULT 0
            )""",
            # Times in microseconds. `key` tells what was imported from what is imported again; NULL for what shells say.
            """CREATE TABLE runs (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                line INTEGER NOT NULL REFERENCES lines (id),
                at INTEGER,
                duration INTEGER,
                exit INTEGER,
                cwd TEXT NOT NULL,
                host TEXT NOT NULL,
                session TEXT NOT NULL,
                shell TEXT NOT NULL,
                key BLOB UNIQUE
            )""",
            "CREATE INDEX runs_by_line ON runs (line, at)",
            "CREATE INDEX runs_by_time ON runs (at)",
            "CREATE INDEX runs_by_session ON runs (session, at)",
            """CREATE TRIGGER run_added AFTER INSERT ON runs BEGIN
                UPDATE lines SET uses = uses + 1 WHERE id = new.line;
            END""",
            """CREATE TRIGGER run_removed AFTER DELETE ON runs BEGIN
                UPDATE lines SET uses = uses - 1 WHERE id = old.line;
            END""",
            # Spools that were taken in whole, and may still lie there because of a kill.
            "CREATE TABLE spools (name TEXT PRIMARY KEY)",
            "CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
        ),
    ),
)
