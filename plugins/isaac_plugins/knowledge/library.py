"""Holds the search index open: builds it when there is none, and answers from the cookbook while that takes long."""

import shutil
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from isaac_plugins.knowledge import explain, index, ranking
from isaac_plugins.knowledge.line import explain_asked
from isaac_plugins.knowledge.ranking import Answer

_SURE = 0.6
"""With at least this confidence, an answer from the cookbook alone is given while the whole index is being built."""

_MANAGERS = frozenset("apt dnf yum pacman zypper apk brew".split())


@dataclass(frozen=True, slots=True)
class Places:
    """Where the index is kept, and where its sources may be."""

    cache_dir: Path
    data_dir: Path
    environ: Mapping[str, str]
    further: tuple[str, ...] = ()
    manual: bool = True

    @property
    def file(self) -> Path:
        """Give the place of the index."""
        return self.cache_dir / "knowledge.sqlite"

    def absent(self) -> frozenset[str]:
        """Name the package managers that this machine does not have; none if it has none at all."""
        path = self.environ.get("PATH", "")
        here = {name for name in _MANAGERS if shutil.which(name, path=path)}
        return _MANAGERS - here if here else frozenset()

    def sources(self) -> index.Sources:
        """Look for everything that can be searched."""
        return index.find_sources(self.data_dir, self.environ, further=self.further, manual=self.manual)


class Library:
    """The index of one user. All methods block, may be called from any thread, and take their turn."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._turn = threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._small: sqlite3.Connection | None = None
        self._fingerprint = ""
        self._builder: threading.Thread | None = None
        self._closing = threading.Event()
        self._absent: frozenset[str] | None = None

    def ask(self, question: str, limit: int = 3) -> Answer:
        """Answer a question."""
        with self._turn:
            try:
                return self._ask(question, limit)
            except sqlite3.Error:
                # The file was damaged after it was opened, or in a place that opening does not look at.
                self._keep(None, "")
                self._places.file.unlink(missing_ok=True)
                return self._ask(question, limit)

    def _ask(self, question: str, limit: int) -> Answer:
        whole = explain_asked(question)
        if whole is not None:
            return whole
        sources = self._places.sources()
        connection = self._current(sources)
        if connection is None and not sources.wide:
            connection = self._build(sources)
        if connection is not None:
            return self._answer(connection, question, limit)
        if self._small is None:
            self._small = index.build_memory(sources.only_cookbook(), self._places.environ)
        answer = self._answer(self._small, question, limit)
        if answer.confidence >= _SURE:
            self._build_later(sources)
            return answer
        return self._answer(self._build(sources), question, limit)

    def refresh(self) -> dict[str, str]:
        """Bring the index up to date and tell what is in it."""
        with self._turn:
            sources = self._places.sources()
            connection = self._current(sources) or self._build(sources)
            return dict(connection.execute("SELECT key, value FROM meta"))

    def close(self) -> None:
        """Close the index; a build under way is given up."""
        self._closing.set()
        if self._builder is not None:
            self._builder.join()
        with self._turn:
            self._keep(None, "")

    def _current(self, sources: index.Sources) -> sqlite3.Connection | None:
        """Give the open index if it still fits the sources, else the one on the disk if that does."""
        fingerprint = sources.fingerprint()
        if self._open is None or fingerprint != self._fingerprint:
            found = index.open_file(self._places.file, fingerprint)
            if found is not None or self._open is not None:
                self._keep(found, fingerprint)
        return self._open

    def _build(self, sources: index.Sources) -> sqlite3.Connection:
        if self._builder is not None:
            self._builder.join()
            self._builder = None
        fingerprint = sources.fingerprint()
        connection = index.open_file(self._places.file, fingerprint) or index.build_file(
            self._places.file, sources, self._places.environ
        )
        self._keep(connection, fingerprint)
        return connection

    def _build_later(self, sources: index.Sources) -> None:
        if self._builder is not None and self._builder.is_alive():
            return
        self._builder = threading.Thread(
            target=self._build_aside, args=(sources,), name="knowledge-index", daemon=True
        )
        self._builder.start()

    def _build_aside(self, sources: index.Sources) -> None:
        """Build the file; the next question opens it, or builds in memory if it could not be written."""
        index.build_file(self._places.file, sources, self._places.environ, stop=self._closing.is_set).close()

    def _keep(self, connection: sqlite3.Connection | None, fingerprint: str) -> None:
        for old in (self._open, self._small):
            if old is not None:
                old.close()
        self._open, self._small, self._fingerprint = connection, None, fingerprint

    def _answer(self, connection: sqlite3.Connection, question: str, limit: int) -> Answer:
        if self._absent is None:
            self._absent = self._places.absent()
        explained = explain.explain(connection, question, limit)
        return explained or ranking.rank(connection, question, limit=limit, absent=self._absent)
