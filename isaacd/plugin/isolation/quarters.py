"""Where an isolated plugin lives: its own folder, a temporary one for each process, and the fence around both."""

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import anyio.to_thread

from isaacd.belongings.belongings import FOLDER
from isaacd.errors import StorageUnavailable
from isaacd.paths import Paths, make_private
from isaacd.plugin.isolation.fence import Fence, Limits
from isaacd.plugin.isolation.places import Wanted, fence_for, modules_for
from isaacd.plugin.places import Found

TEMPORARY = "plugin-tmp"


class Quarters:
    """The places of one plugin; unless it `keeps` things, its own folder is the temporary one."""

    def __init__(
        self,
        found: Found,
        capabilities: tuple[str, ...],
        paths: Paths,
        environ: Mapping[str, str],
        *,
        keeps: bool,
    ) -> None:
        self._found = found
        self._capabilities = capabilities
        self._paths = paths
        self._environ = environ
        self._folder = paths.data_dir / FOLDER / found.name if keeps else None

    async def make(self) -> tuple[Path, Path]:
        """Make the plugin's own folder and a temporary one, both private; raises StorageUnavailable."""
        return await anyio.to_thread.run_sync(self._make)

    async def fence(self, temporary: Path, limits: Limits, cwd: Path | None) -> Fence:
        """Return the fence of a process whose callers are in `cwd`."""
        return await anyio.to_thread.run_sync(self._fence, temporary, limits, cwd)

    async def clear(self, temporary: Path) -> None:
        """Remove a temporary folder; if that cannot be, it is the plugin's own doing, and left."""
        with suppress(Exception):
            await anyio.to_thread.run_sync(shutil.rmtree, temporary, True)

    def _make(self) -> tuple[Path, Path]:
        base = self._paths.cache_dir / TEMPORARY
        make_private(base)
        try:
            temporary = Path(tempfile.mkdtemp(prefix=f"{self._found.name}-", dir=base))
        except OSError as error:
            raise StorageUnavailable(
                f"cannot make a folder in {base}: {error.strerror}", hint="is the disk full?"
            ) from error
        folder = self._folder or temporary
        make_private(folder)
        return folder, temporary

    def _fence(self, temporary: Path, limits: Limits, cwd: Path | None) -> Fence:
        wanted = Wanted(
            origin=self._found.root,
            folder=self._folder or temporary,
            temporary=temporary,
            paths=tuple(str(item) for item in self._found.path),
            capabilities=self._capabilities,
        )
        return fence_for(wanted, modules_for(self._paths), self._paths, self._environ, limits, cwd)
