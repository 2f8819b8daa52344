"""The tables of the conversations' file."""

from isaacd.database import Schema

# Rows of `turns` are written once and never changed; what moves is `chats.head`.
SCHEMA = Schema(
    what="the file of conversations",
    number=4,
    versions=(
        (
            """CREATE TABLE chats (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                name TEXT NOT NULL UNIQUE,
                created_at REAL NOT NULL,
                used_at REAL NOT NULL,
                head INTEGER,
                role TEXT,
                model TEXT,
                system TEXT,
                temperature REAL
            )""",
            """CREATE TABLE turns (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
                number INTEGER NOT NULL,
                parent INTEGER REFERENCES turns (id) ON DELETE CASCADE,
                at REAL NOT NULL,
                role TEXT NOT NULL,
                content TEXT NOT NULL,
                extras TEXT,
                provider TEXT,
                model TEXT,
                finish_reason TEXT,
                broken TEXT,
                input_tokens INTEGER,
                output_tokens INTEGER,
                cost_usd REAL,
                UNIQUE (chat, number)
            )""",
            "CREATE INDEX turns_by_parent ON turns (parent)",
            """CREATE TABLE summaries (
                turn INTEGER PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
                at REAL NOT NULL,
                text TEXT NOT NULL
            )""",
            "CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
        ),
    ),
)

CHAT_COLUMNS = "id, name, created_at, used_at, head, role, model, system, temperature"
TURN_COLUMNS = (
    "id, chat, number, parent, at, role, content, extras, provider, model, finish_reason, broken, input_tokens, "
    "output_tokens, cost_usd"
)
# The way from a turn back to the first one; give the id of the turn, get the rows in the order of the conversation.
PATH = f"""WITH RECURSIVE path (at_id, depth) AS (
    SELECT ?, 0 UNION ALL
    SELECT turns.parent, depth + 1 FROM path JOIN turns ON turns.id = at_id WHERE turns.parent IS NOT NULL
) SELECT {", ".join(f"turns.{name}" for name in TURN_COLUMNS.split(", "))}
FROM path JOIN turns ON turns.id = at_id ORDER BY depth DESC"""  # noqa: S608 - nothing but our own names
