"""Facts from the disk, few and quick; each is asked for once a line."""

import os
import stat
from pathlib import Path

from isaacd.judge.facts import Kind, Repository
from isaacd.judge.git_index import is_clean
from isaacd.judge.git_settings import runs_programs

MAX_LOOKS = 200
_HEAD_BYTES = 512


class DiskFacts:
    """Facts as they are now. One for each line that is judged: what was found once is not asked again.

    After MAX_LOOKS files nothing more is looked up, and what is not known counts as not known.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, Kind | None] = {}
        self._reals: dict[str, str] = {}
        self._repositories: dict[str, tuple[Repository, str] | None] = {}
        self._clean: dict[tuple[str, str], bool | None] = {}
        self._runs: dict[str, bool | None] = {}
        self._looks = 0

    def kind(self, path: str) -> Kind | None:
        """Say what is at a path, links followed."""
        if path not in self._kinds:
            self._kinds[path] = self._look(path)
        return self._kinds[path]

    def _look(self, path: str) -> Kind | None:
        self._looks += 1
        if self._looks > MAX_LOOKS:
            return None
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116 - a string that may be no path at all
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        except (OSError, ValueError):
            return None
        if stat.S_ISDIR(mode):
            return "directory"
        if stat.S_ISREG(mode):
            return "file"
        return "device" if stat.S_ISBLK(mode) or stat.S_ISCHR(mode) else "other"

    def real(self, path: str) -> str:
        """Return where a path leads once links are followed; the path itself if that is not known."""
        if path not in self._reals:
            self._looks += 1
            try:
                self._reals[path] = os.path.realpath(path) if self._looks <= MAX_LOOKS else path
            except (OSError, ValueError):
                self._reals[path] = path
        return self._reals[path]

    def repository(self, path: str) -> Repository | None:
        """Return the repository that a path is in."""
        found = self._repository(path)
        return None if found is None else found[0]

    def _repository(self, path: str) -> tuple[Repository, str] | None:
        if path not in self._repositories:
            self._repositories[path] = self._find(path)
        return self._repositories[path]

    def _find(self, path: str) -> tuple[Repository, str] | None:
        folder = path
        while True:
            kind = self.kind(f"{folder.rstrip('/')}/.git")
            if kind in ("directory", "file"):
                git_dir = _git_dir(folder, kind)
                return None if git_dir is None else (Repository(folder, _branch(git_dir)), git_dir)
            above = os.path.dirname(folder)  # noqa: PTH120 - as above
            if above == folder:
                return None
            folder = above

    def is_clean(self, repository: Repository, below: str) -> bool | None:
        """Say whether git has all that it tracks below a path as it is on the disk, and tracks anything there."""
        key = (repository.root, below)
        if key not in self._clean:
            found = self._repository(repository.root)
            self._clean[key] = None if found is None else is_clean(found[1], repository.root, below)
        return self._clean[key]

    def git_runs(self, path: str) -> bool | None:
        """Say whether the settings of the repository that a path is in name programs that git runs when it reads."""
        if path not in self._runs:
            found = self._repository(path)
            self._runs[path] = None if found is None else runs_programs(found[1])
        return self._runs[path]


def _git_dir(folder: str, kind: Kind) -> str | None:
    """Return the folder where git keeps its own; in a linked working tree, `.git` is a file that names it."""
    place = Path(folder, ".git")
    if kind == "directory":
        return str(place)
    text = _first_bytes(place)
    name, colon, target = text.partition(":")
    return os.path.join(folder, target.strip()) if name == "gitdir" and colon else None  # noqa: PTH118


def _branch(git_dir: str) -> str | None:
    text = _first_bytes(Path(git_dir, "HEAD")).strip()
    return text.removeprefix("ref: refs/heads/") if text.startswith("ref: refs/heads/") else None


def _first_bytes(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
