"""A person's files as they might be, for everything that keeps them and brings them back."""

import sqlite3
from contextlib import closing
from pathlib import Path

from isaacd.backup.tables import Kind, kinds
from isaacd.paths import Paths

KEY = "sk-planted-0123456789abcdef"


class KeptHouse:
    """All folders of one person below `base`, with rows in databases, settings and a key."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.environ = {
            "HOME": str(base),
            "XDG_RUNTIME_DIR": str(base),
            **{f"XDG_{kind}_HOME": str(base / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")},
        }
        self.paths = Paths.from_environ(self.environ, 0)

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        """Write a file by its name in archives."""
        root, _, inside = name.partition("/")
        file = getattr(self.paths, f"{root}_dir") / inside
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text)
        file.chmod(mode)
        return file

    def kind(self, name: str) -> Kind:
        return next(kind for kind in kinds(self.paths, ("greet",)) if kind.name == name)

    def database(self, name: str) -> sqlite3.Connection:
        """Open one of the databases, made as its owner would make it."""
        kind = self.kind(name)
        kind.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = not kind.file.exists()
        connection = sqlite3.connect(kind.file, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        if fresh:
            schema = kind.schema()
            for statements in schema.versions:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {0x49736100 + schema.number}")
            connection.execute(f"PRAGMA user_version = {len(schema.versions)}")
        return connection

    def note(self, text: str, at: float = 1.0) -> None:
        with closing(self.database("notes")) as notes:
            notes.execute("INSERT INTO notes (text, created_at, changed_at) VALUES (?, ?, ?)", (text, at, at))

    def notes(self) -> list[str]:
        if not self.kind("notes").file.exists():
            return []
        with closing(self.database("notes")) as notes:
            return [text for (text,) in notes.execute("SELECT text FROM notes ORDER BY id")]

    def furnish(self) -> None:
        """Put a little of everything into it."""
        self.note("the first")
        self.write("config/config.toml", "[ai]\nmodel = 'local'\n")
        self.write("config/roles/pirate.md", "Talk like a pirate.\n")
        self.write("config/keys/openai", KEY)
        self.write("data/plugins/isaac_plugins/mine.py", "plugin = 1\n")
        self.write("state/isaacd.log", "{}\n")
        self.write("state/spool/commands", "ls\n")

    def seen(self) -> dict[str, object]:
        """Return all that a backup without keys speaks of, to be compared."""
        found: dict[str, object] = {"notes": self.notes()}
        for root in ("config", "data"):
            folder = getattr(self.paths, f"{root}_dir")
            for file in sorted(folder.rglob("*")):
                if (
                    file.is_file()
                    and ".sqlite" not in file.name
                    and not {"keys", ".restore"} & set(file.parts)
                ):
                    found[f"{root}/{file.relative_to(folder)}"] = file.read_text()
        return found
