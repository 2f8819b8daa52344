"""SQLite for records that must not be lost: private files, versions, and errors that say what to do."""

from isaacd.database.database import Database, Schema

__all__ = ["Database", "Schema"]
