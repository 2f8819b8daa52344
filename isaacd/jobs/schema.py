"""The tables of tasks and schedules: one file, so that a schedule is moved on and its task is there in one transaction."""

from isaacd.database import Schema

SCHEMA = Schema(
    what="the file of tasks and schedules",
    number=11,
    versions=(
        (
            """CREATE TABLE tasks (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                state TEXT NOT NULL,
                kind TEXT NOT NULL,
                argv TEXT NOT NULL,
                label TEXT NOT NULL,
                cwd TEXT,
                env TEXT NOT NULL,
                input BLOB,
                caller TEXT NOT NULL,
                resumable INTEGER NOT NULL,
                schedule INTEGER,
                owner TEXT NOT NULL,
                created_at REAL NOT NULL,
                started_at REAL,
                ended_at REAL,
                exit INTEGER,
                attempts INTEGER NOT NULL DEFAULT 0,
                output_bytes INTEGER NOT NULL DEFAULT 0,
                cut INTEGER NOT NULL DEFAULT 0,
                note TEXT NOT NULL DEFAULT ''
            )""",
            "CREATE INDEX tasks_by_state ON tasks (state)",
            "CREATE INDEX tasks_by_schedule ON tasks (schedule) WHERE schedule IS NOT NULL",
            """CREATE TABLE output (
                task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
                seq INTEGER NOT NULL,
                stream INTEGER NOT NULL,
                data BLOB NOT NULL,
                PRIMARY KEY (task, seq)
            )""",
            """CREATE TABLE schedules (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                words TEXT NOT NULL,
                spec TEXT NOT NULL,
                zone TEXT NOT NULL,
                anchor REAL NOT NULL,
                kind TEXT NOT NULL,
                argv TEXT NOT NULL,
                label TEXT NOT NULL,
                cwd TEXT,
                env TEXT NOT NULL,
                input BLOB,
                caller TEXT NOT NULL,
                tier TEXT,
                approval BLOB,
                catch_up INTEGER NOT NULL,
                paused INTEGER NOT NULL DEFAULT 0,
                created_at REAL NOT NULL,
                next_at REAL,
                last_at REAL,
                missed INTEGER NOT NULL DEFAULT 0
            )""",
            "CREATE INDEX schedules_by_next ON schedules (next_at) WHERE next_at IS NOT NULL",
            """CREATE TABLE firings (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                schedule INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
                due_at REAL NOT NULL,
                at REAL NOT NULL,
                outcome TEXT NOT NULL,
                count INTEGER NOT NULL,
                task INTEGER,
                note TEXT NOT NULL DEFAULT ''
            )""",
            "CREATE INDEX firings_by_schedule ON firings (schedule, id)",
        ),
    ),
)
