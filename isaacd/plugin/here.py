"""Plugins in the daemon's own process: imported in a thread, so that a slow one holds up nobody else.

What cannot be done: a thread cannot be killed. One that computes in Python for ever is ended by an exception; one that
sleeps or waits goes on to the end of its sleep, and costs a thread; one that computes in C without letting go of the
interpreter stops the daemon. For code that nobody vouches for there is `isaacd.plugin.isolation`.
"""

import asyncio
import contextlib
import errno
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio

from isaacd.errors import PluginFailed
from isaacd.log import Log
from isaacd.plugin.code import Code
from isaacd.plugin.declared import check_name
from isaacd.plugin.importing import Importing
from isaacd.plugin.manifest import Manifest, manifest_of
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.stamps import Stamps, stamps_of
from isaacd.plugin.why import why_not

IMPORT_TIMEOUT_S = 10.0

# What an import may lack just now, and the next one have: descriptors or memory. The plugin is not to blame.
_MOMENTARY = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_MOMENT_MS = 200


class Here:
    """Imports plugins into this process."""

    isolation = ""

    def __init__(
        self,
        log: Log,
        timeout_s: Callable[[], float] = lambda: IMPORT_TIMEOUT_S,
        importing: Importing | None = None,
    ) -> None:
        self._log = log
        self._importing = importing
        self._timeout_s = timeout_s
        self._codes: dict[Plugin, Code] = {}
        self._newest: dict[str, Code] = {}
        # What was imported to be described is not imported again to be used.
        self._described: dict[Path, tuple[Stamps, Plugin]] = {}

    async def describe(self, found: Found) -> Manifest:
        """Import the plugin, to learn what it declares; raises PluginFailed."""
        plugin = await self._import(found)
        return manifest_of(plugin)

    async def load(self, found: Found, manifest: Manifest) -> Plugin:
        """Import the plugin, unless its description has done it; raises PluginFailed."""
        stamps, plugin = self._described.pop(found.origin, ((), None))
        if plugin is not None and stamps == stamps_of(found.root):
            return plugin
        plugin = await self._import(found)
        del self._described[found.origin]
        return plugin

    async def drop(self, plugin: Plugin) -> None:
        """Forget the modules of a plugin."""
        code = self._codes.pop(plugin, None)
        if code is None:
            return
        if self._newest.get(code.root) is code:
            del self._newest[code.root]
        code.drop(self._newest.get(code.root))

    def load_now(self, found: Found) -> Plugin:
        """Import the plugin while everybody waits, so only one of Isaac's own; raises PluginFailed."""
        stamps, plugin = self._described.pop(found.origin, ((), None))
        if plugin is not None and stamps == stamps_of(found.root):
            return plugin
        work = _Import(self._code(found))
        work.run()
        return self._taken(found, work)

    async def _import(self, found: Found) -> Plugin:
        stamps = stamps_of(found.root)
        done = asyncio.Event()
        work = _Import(self._code(found), partial(asyncio.get_running_loop().call_soon_threadsafe, done.set))
        noted = None if found.source == "bundled" else self._importing
        if noted is not None:
            noted.begin(found, stamps)
        try:
            work.start()
            with anyio.move_on_after(self._timeout_s()):
                await done.wait()
        finally:
            if noted is not None:
                noted.end(found)
        plugin = self._taken(found, work)
        self._described[found.origin] = (stamps, plugin)
        return plugin

    def _code(self, found: Found) -> Code:
        check_name(found.name)
        return Code(found)

    def _taken(self, found: Found, work: "_Import") -> Plugin:
        """Return what a finished import has brought; raises PluginFailed if it has not finished, or failed."""
        if not work.finished:
            work.give_up()
            raise PluginFailed(
                f"its import has taken longer than {self._timeout_s():g} s",
                hint="do slow things in @plugin.setup, or in the command that needs them",
            )
        error, plugin = work.error, work.result
        if error is not None:
            self._tell(found, error)
            reason, hint = why_not(error, found.root)
            momentary = isinstance(error, OSError) and error.errno in _MOMENTARY
            raise PluginFailed(reason, hint=hint, retry_after_ms=_MOMENT_MS if momentary else None)
        where = f"{found.module}{'' if found.attribute == 'plugin' else f':{found.attribute}'}"
        if not isinstance(plugin, Plugin):
            work.code.drop()
            raise PluginFailed(f'{where} has no `{found.attribute} = Plugin("{found.name}")`')
        if plugin.name != found.name:
            work.code.drop()
            raise PluginFailed(
                f'{where} calls itself Plugin("{plugin.name}"); it must be Plugin("{found.name}")'
            )
        self._codes[plugin] = self._newest[work.code.root] = work.code
        return plugin

    def _tell(self, found: Found, error: BaseException) -> None:
        try:
            raise error
        except BaseException:  # noqa: BLE001 - it was caught before, in the thread
            self._log.exception("plugin failed to load", plugin=found.name, origin=str(found.origin))


class _Import(threading.Thread):
    """One import in a thread that does not keep the process alive."""

    def __init__(self, code: Code, tell: Callable[[], object] = bool) -> None:
        super().__init__(name=f"import {code.name}", daemon=True)
        self.code = code
        self.result: object = None
        self.error: BaseException | None = None
        self.finished = False
        self._tell = tell

    def run(self) -> None:
        try:
            self.result = self.code.load()
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything while it is imported
            self.error = error
        self.finished = True
        with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
            self._tell()

    def give_up(self) -> None:
        """Raise SystemExit in the thread; it is seen when the thread next runs a line of Python."""
        import ctypes

        if self.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self.ident), ctypes.py_object(SystemExit)
            )
