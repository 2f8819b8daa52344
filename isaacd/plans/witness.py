"""What a line was judged by: every fact that was looked up, and the state of the files that it names."""

import hashlib
import os
import posixpath
import stat

import msgspec

from isaacd.judge.facts import Facts, Kind, Repository
from isaacd.judge.places import starts_with_tilde
from isaacd.shell.find import Commands
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Word

MAX_LOOKS = 200
Stamp = tuple[int, ...] | None


class Seen(msgspec.Struct, frozen=True):
    """Facts by what was asked, and the stamps of files by their path."""

    facts: dict[tuple[str, ...], str]
    stamps: dict[str, Stamp]

    def differs(self, now: "Seen") -> str | None:
        """Say what has changed since; None if all that both know is the same."""
        for path, stamp in self.stamps.items():
            if path in now.stamps and now.stamps[path] != stamp:
                return f"{path} has changed"
        for asked, said in self.facts.items():
            if asked in now.facts and now.facts[asked] != said:
                return f"what is at {asked[-1]} has changed"
        return None

    def digest(self) -> bytes:
        """Return the hash of all of it."""
        said = (sorted(self.facts.items()), sorted(self.stamps.items()))
        return hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).digest()


class Witness:
    """Facts that remember what they have said."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.said: dict[tuple[str, ...], str] = {}

    def kind(self, path: str) -> Kind | None:
        """Say what is at a path, links followed."""
        found = self._facts.kind(path)
        self.said["kind", path] = str(found)
        return found

    def real(self, path: str) -> str:
        """Return where a path leads once links are followed; the path itself if that is not known."""
        found = self.said["real", path] = self._facts.real(path)
        return found

    def repository(self, path: str) -> Repository | None:
        """Return the repository that a path is in."""
        found = self._facts.repository(path)
        self.said["repository", path] = str(found)
        return found

    def is_clean(self, repository: Repository, below: str) -> bool | None:
        """Say whether git has all that it tracks below a path as it is on the disk, and tracks anything there."""
        found = self._facts.is_clean(repository, below)
        self.said["clean", repository.root, below] = str(found)
        return found

    def git_runs(self, path: str) -> bool | None:
        """Say whether the settings of the repository that a path is in name programs that git runs when it reads."""
        found = self._facts.git_runs(path)
        self.said["git_runs", path] = str(found)
        return found


class Names:
    """What a line names: programs by their place on a PATH, and files by their state.

    Of programs and of what they are given to run it is told whether the content may have changed, of all other files
    only whether they are still the same ones: a log grows while a person reads. A pattern stands for its folder.
    """

    def __init__(self, commands: Commands, *, cwd: str, home: str, path: str) -> None:
        self._cwd = cwd
        self._home = home
        self._path = path
        self.programs: dict[tuple[str, ...], str] = {}
        self.stamps: dict[str, Stamp] = {}
        for invocation in commands.invocations:
            if invocation.remote is None:
                self._look(invocation)

    def _look(self, invocation: Invocation) -> None:
        runs = invocation.unseen is not None
        if invocation.words:
            self._program(invocation.words[0].value)
        targets = (item.target for item in invocation.redirects if item.target is not None)
        for word in (*invocation.words[1:], *targets):
            value = word.value
            if not value or value.startswith("-"):
                continue
            place = self._absolute(word, value)
            if word.is_pattern:
                while any(char in place for char in "*?["):
                    place = posixpath.dirname(place)
            self._stamp(place, by_content=runs or word.is_pattern)

    def _program(self, program: str | None) -> None:
        if not program:
            return
        if "/" in program:
            self._stamp(posixpath.normpath(posixpath.join(self._cwd, program)), by_content=True)
            return
        for folder in self._path.split(os.pathsep):
            place = posixpath.join(folder, program)
            if folder.startswith("/") and _is_program(place):
                self.programs["program", program] = place
                self._stamp(place, by_content=True)
                return

    def _stamp(self, path: str, *, by_content: bool) -> None:
        if len(self.stamps) < MAX_LOOKS and (by_content or path not in self.stamps):
            self.stamps[path] = stamp(path, by_content=by_content)

    def _absolute(self, word: Word, value: str) -> str:
        if value.startswith("~/") and starts_with_tilde(word):
            value = posixpath.join(self._home, value[2:])
        return posixpath.normpath(posixpath.join(self._cwd, value))


def stamp(path: str, *, by_content: bool) -> Stamp:
    """Return what changes when a file is another one, or, `by_content`, when it was written to; None if it is missing."""
    try:
        own = os.lstat(path)
        led = os.stat(path) if stat.S_ISLNK(own.st_mode) else own  # noqa: PTH116 - a string that may be no path
    except (OSError, ValueError):
        return None
    same = (own.st_dev, own.st_ino, stat.S_IFMT(own.st_mode), led.st_dev, led.st_ino)
    if not by_content:
        return same
    return (*same, led.st_mode, led.st_uid, led.st_size, led.st_mtime_ns, led.st_ctime_ns)


def _is_program(path: str) -> bool:
    try:
        return os.access(path, os.X_OK)
    except ValueError:
        return False
