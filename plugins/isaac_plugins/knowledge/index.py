"""The search index: one SQLite file with the cookbook, tldr pages and manual summaries, built when they change."""

import hashlib
import itertools
import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from isaac_plugins.knowledge import clues, cookbook, tldr, values, whatis, words

FORMAT = 4
"""Grows whenever the tables, or the way terms are made, change."""

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE doc (id INTEGER PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL, tool TEXT NOT NULL,
    command TEXT NOT NULL, about TEXT NOT NULL, tasks TEXT NOT NULL, more TEXT NOT NULL);
CREATE TABLE tool (name TEXT PRIMARY KEY, entries INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE page (name TEXT NOT NULL, source TEXT NOT NULL, about TEXT NOT NULL, PRIMARY KEY (name, source)) WITHOUT ROWID;
CREATE VIRTUAL TABLE book USING fts5(task, tool, more, content='', tokenize="unicode61 tokenchars '_.+'");
CREATE VIRTUAL TABLE wide USING fts5(task, tool, more, content='', tokenize="unicode61 tokenchars '_.+'");
CREATE VIRTUAL TABLE temp.book_terms USING fts5vocab('main', 'book', 'row');
CREATE VIRTUAL TABLE temp.wide_terms USING fts5vocab('main', 'wide', 'row');
"""
_COUNTS = """
CREATE TABLE term (name TEXT PRIMARY KEY, book INTEGER NOT NULL, wide INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO term SELECT term, sum(b), sum(w) FROM
    (SELECT term, doc AS b, 0 AS w FROM book_terms UNION ALL SELECT term, 0, doc FROM wide_terms) GROUP BY term;
"""

# How the marks in a question (see values.py) name what the slots of a task stand for.
_MARKS = {
    "dir": "path", "dest": "path", "mountpoint": "path", "device": "path", "files": "glob", "glob": "glob", "ext": "glob",
    "file": "file", "archive": "file", "script": "file", "size": "size", "days": "days", "minutes": "minutes",
    "seconds": "seconds", "count": "count", "number": "number", "line": "line", "column": "column", "depth": "depth",
    "port": "port", "pid": "pid", "host": "host", "ip": "ip", "domain": "host", "url": "url", "mode": "mode", "user": "name",
    "group": "name", "branch": "name", "date": "date", "commit": "commit", "interface": "interface", "pattern": "text",
    "text": "text", "old": "text", "new": "text", "message": "text", "command": "text", "name": "name",
    "package": "name", "service": "name", "process": "name", "container": "name", "image": "name", "session": "name",
    "pod": "name", "tag": "name", "table": "name", "database": "name",
}  # fmt: skip
_EXTRA = {"days": "day _days", "minutes": "minute _minutes", "seconds": "second _seconds"}
_SLOT = re.compile(r"\{([a-z]+)[2-9]?(?:=[^}]*)?\}")
_ASSIGNMENTS = re.compile(
    r"^\s*(?:[A-Za-z_]\w*=(?:'[^']*'|\"[^\"$`]*\"|\([^)]*\)|\$\{?\w+\}?|[^\s'\"(;$`]+)*(?:;|\s|$)\s*)+"
)
_SUBSTITUTION = re.compile(r"^\s*[A-Za-z_]\w*=\"?(?:\$\(|`)")
_SKIPPED = frozenset("sudo env nohup time nice ionice command exec".split())


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the texts come from."""

    cookbook: Path
    pages: Path | None
    manual: str

    @property
    def wide(self) -> bool:
        """Tell whether there is more than the cookbook."""
        return self.pages is not None or bool(self.manual)

    def only_cookbook(self) -> "Sources":
        """Give the sources that are quick to read."""
        return Sources(self.cookbook, None, "")

    def fingerprint(self) -> str:
        """Name the state of all sources; two equal fingerprints give the same index."""
        parts = [str(FORMAT), sqlite3.sqlite_version, self.manual]
        modules = (Path(module.__file__ or "") for module in (words, clues, values, tldr))
        files = (*sorted(self.cookbook.iterdir()), *modules)
        parts.extend(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
        if self.pages is not None:
            status = [place.stat() for place in _watched(self.pages)]
            parts.append(f"{self.pages}:{[(s.st_mtime_ns, s.st_size, s.st_ino) for s in status]}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _watched(pages: Path) -> list[Path]:
    inside = (pages / "common", pages / "linux") if pages.is_dir() else ()
    return [pages, *(folder for folder in inside if folder.is_dir())]


def find_sources(
    data_dir: Path, environ: Mapping[str, str], *, further: Iterable[str] = (), manual: bool = True
) -> Sources:
    """Look for everything that can be searched on this machine; `further` are folders of tldr pages."""
    return Sources(cookbook.folder(), tldr.find(data_dir, environ, further), whatis.stamp() if manual else "")


def tool_of(command: str) -> str:
    """Give the first word that says what a command is; sudo, env and the like, and variables, do not count."""
    rest = _SUBSTITUTION.sub("", _ASSIGNMENTS.sub("", command))
    parts = rest.replace("(", " ").split()
    after_user = False
    for word in parts:
        if (
            after_user
            or word in _SKIPPED
            or not re.match(r"[\w./\[$\"'`]", word)
            or re.match(r"[A-Za-z_]\w*=|\d+$", word)
        ):
            after_user = word == "-u" and not after_user
            continue
        return word.rsplit("/", 1)[-1].strip("\"';$)`")
    return parts[0] if parts else command.split("=")[0].strip()


def open_file(file: Path, fingerprint: str) -> sqlite3.Connection | None:
    """Open an index; None if there is none, it is stale or it is damaged."""
    if not file.is_file():
        return None
    try:
        connection = sqlite3.connect(f"file:{_quoted(file)}?mode=ro", uri=True, check_same_thread=False)
    except sqlite3.Error:
        return None
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'fingerprint'").fetchone()
        connection.execute("SELECT count(*) FROM doc").fetchone()
        if row is not None and row[0] == fingerprint:
            return connection
    except sqlite3.Error:
        pass
    connection.close()
    return None


def build_file(
    file: Path, sources: Sources, environ: Mapping[str, str], *, stop: Callable[[], bool] = lambda: False
) -> sqlite3.Connection:
    """Build the index next to its place and rename it there; in memory where nothing can be written.

    When `stop` says so, what is left of tldr pages and manual is not read, and nothing is kept.
    """
    fingerprint = sources.fingerprint()
    temporary: str | None = None
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(file.parent)
        handle, temporary = tempfile.mkstemp(prefix=".knowledge-", suffix=".tmp", dir=file.parent)
        os.close(handle)
        connection = sqlite3.connect(temporary)
        try:
            _build(connection, sources, environ, fingerprint, stop)
        finally:
            connection.close()
        if stop():
            return build_memory(sources.only_cookbook(), environ)
        Path(temporary).replace(file)
        temporary = None
        opened = open_file(file, fingerprint)
        if opened is not None:
            return opened
    except (OSError, sqlite3.Error):
        pass
    finally:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
    return build_memory(sources, environ, fingerprint)


def _sweep(folder: Path) -> None:
    """Remove what builds left behind that were killed an hour ago or more."""
    for left in folder.glob(".knowledge-*.tmp"):
        with suppress(OSError):
            if left.stat().st_mtime < folder.stat().st_mtime - 3600:
                left.unlink()


def build_memory(sources: Sources, environ: Mapping[str, str], fingerprint: str = "") -> sqlite3.Connection:
    """Build the index in memory."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    _build(connection, sources, environ, fingerprint)
    return connection


def _build(
    connection: sqlite3.Connection,
    sources: Sources,
    environ: Mapping[str, str],
    fingerprint: str,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    connection.executescript(_TABLES)
    with connection:
        _add_book(connection, cookbook.read(sources.cookbook))
        tools = cookbook.read_tools(sources.cookbook)
        connection.executemany("INSERT INTO page VALUES (?, 'cookbook', ?)", tools.items())
        if sources.pages is not None:
            with suppress(tldr.BadArchive, OSError):
                _add_pages(connection, itertools.takewhile(lambda _: not stop(), tldr.pages(sources.pages)))
        if sources.manual and not stop():
            _add_manual(connection, whatis.entries(environ))
        for statement in _COUNTS.split(";"):
            connection.execute(statement)
        kinds = connection.execute("SELECT source, count(*) FROM doc GROUP BY source").fetchall()
        meta = [("fingerprint", fingerprint), ("pages", str(sources.pages or ""))]
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", [*meta, *((f"count.{k}", str(n)) for k, n in kinds)]
        )


def _add_book(connection: sqlite3.Connection, entries: Iterable[cookbook.Entry]) -> None:
    tools: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        tasks = [" ".join(task_terms(task)) for task in entry.tasks]
        # What can be listed can be shown; but to show a file is something else than to list files.
        tasks += ["show " + task[5:] for task in tasks if task.startswith("list ") and task != "list file"]
        tool = tool_of(entry.command)
        tools[tool] = tools.get(tool, 0) + 1
        more = " ".join(
            dict.fromkeys(
                words.terms(f"{entry.keywords} {entry.description} {_command_words(entry.command)}")
            )
        )
        row = (number, "cookbook", entry.area, tool, entry.command, entry.text, "\n".join(tasks), more)
        connection.execute("INSERT INTO doc VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        text = (number, " ".join(tasks), words.term(tool.lower()) if tool else "", more)
        connection.execute("INSERT INTO book(rowid, task, tool, more) VALUES (?, ?, ?, ?)", text)
    connection.executemany("INSERT INTO tool VALUES (?, ?)", tools.items())


def _add_pages(connection: sqlite3.Connection, pages: Iterable[tldr.Page]) -> None:
    for page in pages:
        connection.execute(
            "INSERT OR REPLACE INTO page VALUES (?, 'tldr', ?)", (page.name.lower(), page.summary)
        )
        more = " ".join(dict.fromkeys(words.terms(f"{page.name} {page.summary}")))
        for example in page.examples:
            _add_wide(connection, "tldr", page.name, example.command, example.task, more)


def _add_manual(connection: sqlite3.Connection, entries: Iterable[tuple[str, str]]) -> None:
    known = {name for (name,) in connection.execute("SELECT name FROM page WHERE source = 'tldr'")}
    for name, about in entries:
        connection.execute("INSERT OR REPLACE INTO page VALUES (?, 'whatis', ?)", (name.lower(), about))
        if name.lower() not in known:
            _add_wide(connection, "whatis", name, name, about, "")


def _add_wide(
    connection: sqlite3.Connection, source: str, name: str, command: str, task: str, more: str
) -> None:
    tool = tool_of(command)
    task_text = " ".join(words.terms(task))
    row = (source, name, tool, command, task, task_text, more)
    cursor = connection.execute(
        "INSERT INTO doc(source, name, tool, command, about, tasks, more) VALUES (?, ?, ?, ?, ?, ?, ?)", row
    )
    key = words.term(tool.lower()) if tool and tool[0].isalnum() else ""
    connection.execute(
        "INSERT INTO wide(rowid, task, tool, more) VALUES (?, ?, ?, ?)",
        (cursor.lastrowid, task_text, key, more),
    )


def task_terms(task: str) -> list[str]:
    """Give the terms of a task's wording; its slots become the marks that values leave in a question."""

    def mark(match: re.Match[str]) -> str:
        kind = _MARKS.get(match[1], "text")
        return f" {_EXTRA.get(kind, '_' + kind)} "

    return words.terms(_SLOT.sub(mark, task))


def _command_words(command: str) -> str:
    return " ".join(re.findall(r"(?<![\w-])[a-z][\w.+-]*", _SLOT.sub(" ", command)))


def _quoted(file: Path) -> str:
    from urllib.parse import quote

    return quote(str(file))
