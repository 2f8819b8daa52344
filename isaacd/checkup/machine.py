"""What is looked at: a person's folders, and the few facts of the system that tests hold in their hands."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from isaacd.paths import Paths


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One person's Isaac on one machine; `free_bytes` tells the room on the disk of a folder."""

    paths: Paths
    environ: Mapping[str, str]
    uid: int
    now: float
    free_bytes: Callable[[Path], int]

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that are ours alone."""
        paths = self.paths
        return tuple(
            dict.fromkeys(
                (paths.config_dir, paths.data_dir, paths.state_dir, paths.cache_dir, paths.runtime_dir)
            )
        )

    @classmethod
    def here(cls, environ: Mapping[str, str]) -> "Machine":
        """Return this machine as it is now; raises ConfigInvalid where no place can be found."""
        uid = os.geteuid()
        return cls(
            paths=Paths.from_environ(environ, uid),
            environ=environ,
            uid=uid,
            now=time.time(),
            free_bytes=_free,
        )


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
