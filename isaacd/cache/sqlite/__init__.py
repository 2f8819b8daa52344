"""L3: a private SQLite file that outlives the process, whatever happens to it."""

from isaacd.cache.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
