"""The spool watched: what shells have appended is taken in a while after, whether anybody asks or not."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from isaacd.errors import IsaacError
from isaacd.log import Log

if TYPE_CHECKING:
    from isaacd.history.history import History
    from isaacd.history.learned import Learned

_EVERY_S = 10.0


class SpoolWatch:
    """Looks every ten seconds; as long as there is nothing in `file`, that is one system call.

    The history itself is only made when there is something. `learned` returns None as long as nobody has asked for
    what the history teaches; it is read when somebody has.
    """

    def __init__(
        self,
        file: Path,
        *,
        history: "Callable[[], History]",
        learned: "Callable[[], Learned | None]",
        log: Log,
    ) -> None:
        self._file = str(file)
        self._history = history
        self._learned = learned
        self._log = log
        self._woken = anyio.Event()

    def wake(self) -> None:
        """Have it look now."""
        self._woken.set()

    async def run(self) -> None:
        """Go on until cancelled; whatever goes wrong is logged, and tried again."""
        while True:
            self._woken = anyio.Event()
            try:
                if self._has_content():
                    await self._history().drain()
                learned = self._learned()
                if learned is not None and not learned.is_ready:
                    await self._history().learn()
            except IsaacError as error:
                self._log.warning("the history was not kept", reason=error.message)
            except OSError as error:
                self._log.warning("the spool of the history cannot be read", reason=str(error))
            except Exception:  # noqa: BLE001 - whatever it is, the daemon goes on, and tries again
                self._log.exception("the history was not kept")
            with anyio.move_on_after(_EVERY_S):
                await self._woken.wait()

    def _has_content(self) -> bool:
        try:
            return os.stat(self._file).st_size > 0  # noqa: PTH116 - asked again and again
        except OSError:
            return False
