"""What the judge may ask about the machine; a fact that is not known is None, and never taken for harmless."""

from typing import Literal, Protocol

import msgspec

Kind = Literal["missing", "file", "directory", "device", "other"]


class Repository(msgspec.Struct, frozen=True):
    """A git repository: its top folder, and the branch that is checked out (None: none, or not known)."""

    root: str
    branch: str | None = None


class Facts(Protocol):
    """Facts about files and repositories; paths are absolute. Each answer is quick, and none raises."""

    def kind(self, path: str) -> Kind | None:
        """Say what is at a path, links followed."""
        ...

    def real(self, path: str) -> str:
        """Return where a path leads once links are followed; the path itself if that is not known."""
        ...

    def repository(self, path: str) -> Repository | None:
        """Return the repository that a path is in."""
        ...

    def is_clean(self, repository: Repository, below: str) -> bool | None:
        """Say whether git has all that it tracks below a path as it is on the disk, and tracks anything there."""
        ...

    def git_runs(self, path: str) -> bool | None:
        """Say whether the settings of the repository that a path is in name programs that git runs when it reads."""
        ...


class NoFacts:
    """Knows nothing: every line is then judged by its text alone."""

    def kind(self, path: str) -> Kind | None:
        """Say nothing."""
        return None

    def real(self, path: str) -> str:
        """Return the path."""
        return path

    def repository(self, path: str) -> Repository | None:
        """Say nothing."""
        return None

    def is_clean(self, repository: Repository, below: str) -> bool | None:
        """Say nothing."""
        return None

    def git_runs(self, path: str) -> bool | None:
        """Say nothing."""
        return None
