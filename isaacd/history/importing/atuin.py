"""The database of atuin."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from isaacd.errors import InvalidParams
from isaacd.history.records import Run

_COLUMNS = {"id", "timestamp", "duration", "exit", "command", "cwd", "session", "hostname"}
_NS_A_US = 1000


def read_atuin(file: Path) -> Iterator[tuple[str, Run]]:
    """Give the commands with atuin's own ids, the oldest first; raises InvalidParams for a file that is not atuin's."""
    address = f"file:{quote(str(file))}?mode=ro"
    try:
        yield from _rows(address)
    except UnicodeDecodeError as error:  # what SQLite says quotes the file, which may be damaged
        raise _refused(file, error) from None
    except sqlite3.OperationalError:
        # Its write-ahead log cannot be opened where nothing may be written; then what is in the file itself counts.
        try:
            yield from _rows(f"{address}&immutable=1")
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _refused(file, error) from None
    except sqlite3.Error as error:
        raise _refused(file, error) from None


def _rows(address: str) -> Iterator[tuple[str, Run]]:
    with closing(sqlite3.connect(address, uri=True, timeout=5)) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
        columns = {row[1] for row in connection.execute("PRAGMA table_info(history)")}
        if not columns >= _COLUMNS:
            raise sqlite3.DatabaseError("it has no table `history` with the columns of atuin")
        deleted = "WHERE deleted_at IS NULL" if "deleted_at" in columns else ""
        rows = connection.execute(
            "SELECT id, timestamp, duration, exit, command, cwd, session, hostname FROM history "  # noqa: S608 - our own words
            f"{deleted} ORDER BY timestamp"
        )
        for number, at, duration, code, command, cwd, session, host in rows:
            if isinstance(command, str) and command.strip() and "\0" not in command:
                yield (
                    str(number),
                    Run(
                        command=command,
                        started_us=at // _NS_A_US if isinstance(at, int) and at > 0 else None,
                        # -1 is what atuin writes where it does not know.
                        duration_us=duration // _NS_A_US
                        if isinstance(duration, int) and duration >= 0
                        else None,
                        exit_code=code if isinstance(code, int) and code >= 0 else None,
                        session=str(session or ""),
                        host=str(host or "").partition(":")[0],
                        shell="atuin",
                        cwd=str(cwd or ""),
                    ),
                )


def _refused(file: Path, error: Exception) -> InvalidParams:
    return InvalidParams(f"{file} is no history of atuin: {error}")
