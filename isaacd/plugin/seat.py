"""One plugin in the daemon: what is known of it, its code once somebody needed it, and newer code when its files change."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio

from isaacd.command import Command
from isaacd.command.outlined import LazyCommand
from isaacd.errors import IsaacError, PluginFailed
from isaacd.plugin.files import Files
from isaacd.plugin.importer import Importer
from isaacd.plugin.index import Known
from isaacd.plugin.late import command_of, late_offer, offer_of
from isaacd.plugin.later import later_jobs, later_subscribers
from isaacd.plugin.manifest import Manifest, manifest_of
from isaacd.plugin.places import Found
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.registry import Offer
from isaacd.plugin.stamps import Stamps, stamps_of
from isaacd.plugin.timing import Timings
from isaacd.plugin.unasked import Subscriber, Timed

if TYPE_CHECKING:
    from isaacd.plugin.ports import House

State = Literal["waiting", "ready", "loaded", "failed", "disabled", "hidden"]
# What failed is not tried again with every request.
RETRY_S = 10.0
_LOOK_FOR_GONE_S = 0.05
_LOOKS_FOR_GONE = 5


class Seat:
    """One plugin; its manifest holds for `files` as they were. Work on it happens once, however many wait for it."""

    def __init__(self, found: Found, house: "House", timings: Timings, state: State = "waiting") -> None:
        self.found = found
        self.name = found.name
        self.timings = timings
        self.manifest: Manifest | None = None
        self.plugin: Plugin | None = None
        self.error: str | None = None
        self.hint: str | None = None
        self.trouble: str | None = None  # why newer code is not in force
        self.isolation = ""
        self.record: Known | None = None  # what is worth remembering for the next daemon
        self.conflicts = False  # another plugin offers something of the same name
        self.wanted = False  # somebody waits for its description
        # Daemons did not survive its import: only somebody who names it has it tried again.
        self.shunned = False
        self._state: State = state
        self._house = house
        self._done: anyio.Event | None = None
        self._retry_at = 0.0
        self._described: anyio.Event | None = None
        self._importer: Importer | None = None
        self._is_own = found.source == "bundled"
        self.files = Files(
            found.root,
            fixed=self._is_own,
            vigil=house.vigil,
            clock=house.clock,
            asleep=self._trust_files,
            awake=self._look_at_files,
        )

    @property
    def state(self) -> State:
        """How it stands."""
        if self._state in ("disabled", "hidden"):
            return self._state
        if self.error is not None:
            return "failed"
        if self.plugin is not None:
            return "loaded"
        return "ready" if self.manifest is not None else "waiting"

    @property
    def is_described(self) -> bool:
        """Whether it is known what it offers, or why that cannot be known."""
        return self.manifest is not None or self.error is not None

    async def described(self) -> None:
        """Wait until it is known what it offers, or why that cannot be known."""
        while not self.is_described:
            self._described = self._described or anyio.Event()
            await self._described.wait()

    def _tell_described(self) -> None:
        if self._described is not None:
            self._described.set()
            self._described = None

    @property
    def usable(self) -> bool:
        """Whether it takes part at all."""
        return self._state not in ("disabled", "hidden") and self.found.refused is None

    def protection(self) -> str:
        """Say what keeps the plugin from harming others, now or at its next use; "" if nothing does."""
        if not self.usable or self._is_own:
            return ""
        return (self._importer or self._house.importer(self.found)).isolation

    # Its code, on demand.

    async def use(self) -> Plugin:
        """Return the plugin, set up, as its files are now; raises PluginFailed, and says which plugin it was."""
        plugin = self.plugin
        if plugin is not None and self.error is None and not self.files.changed():
            return plugin
        if not self.usable:
            raise self.refusal()
        if self.conflicts or (self.error is not None and not self.files.changed() and not self._may_retry()):
            raise self.refusal()
        await self.renew()
        if self.plugin is None or self.error is not None:
            raise self.refusal()
        return self.plugin

    def now(self) -> Plugin | None:
        """Return the plugin where nobody can wait: None if it is not here yet; then it is on its way."""
        if self.plugin is None and self.usable and self.error is None:
            if self.manifest is not None and self._is_quick(self.manifest):
                self._bring()
            else:
                self._house.spawn(self.quietly)
        return self.plugin

    async def renew(self) -> None:
        """Bring the code of the files as they are now to life; what goes wrong is kept as `error` or `trouble`."""
        if self._done is None:
            self._done = anyio.Event()
            self._house.spawn(self._work, self._done)
        await self._done.wait()

    def _trust_files(self) -> None:
        for command in self.plugin.commands if self.plugin is not None else ():
            command.renew = None

    def _look_at_files(self) -> None:
        """Have every request for a command look first."""
        if self.plugin is not None and not self._is_own:
            for command in self.plugin.commands:
                command.renew = partial(self._newest, command)

    def refusal(self) -> PluginFailed:
        """Say why the plugin cannot be used."""
        return PluginFailed(
            f"the plugin {self.name} cannot be used: {self.error or 'it is not there'}",
            hint=self.hint or f"isaacctl plugins info {self.name}",
            detail={"plugin": self.name},
        )

    def _may_retry(self) -> bool:
        return self._house.clock.monotonic() >= self._retry_at

    async def quietly(self) -> None:
        """Have it ready for use; what goes wrong is kept and logged."""
        try:
            await self.use()
        except IsaacError:
            return  # it is logged, and said by `plugins`

    async def _work(self, done: anyio.Event) -> None:
        try:
            await self._house.known()
            if not await self._is_there():
                self.fail(PluginFailed(f"{self.found.root} is gone"), ())
                self._house.gone(self)
            elif self.plugin is None:
                await self._begin()
            else:
                await self._exchange(self.plugin)
        except Exception as error:  # it must reach neither the task group nor those who wait
            self._house.log.exception("plugin failed", plugin=self.name)
            self.fail(PluginFailed(f"{type(error).__name__}: {error}"), self.files.stamps)
        finally:
            self._done = None
            done.set()

    async def _is_there(self) -> bool:
        """Tell whether there are files at all; some programs remove a file for a moment to write it anew."""
        for _ in range(_LOOKS_FOR_GONE):
            if stamps_of(self.found.root):
                return True
            await anyio.sleep(_LOOK_FOR_GONE_S)
        return False

    async def describe(self) -> None:
        """Learn what the plugin declares, and put that in place; what goes wrong is kept as `error`."""
        try:
            await self._describe()
        except PluginFailed as error:
            self.fail(error, self.files.stamps)
        except Exception as error:  # it must reach neither the task group nor those who wait
            self._house.log.exception("plugin failed", plugin=self.name)
            self.fail(PluginFailed(f"{type(error).__name__}: {error}"), self.files.stamps)

    async def _describe(self) -> None:
        from isaacd.plugin.bringing import describe

        stamps = stamps_of(self.found.root)
        importer = self._chosen()
        try:
            manifest = await describe(self.found, importer, self._house, self.timings)
        except PluginFailed as error:
            self.manifest = None
            self.record = Known(stamps=stamps, error=error.message, hint=error.hint)
            self._house.withdraw(self.name)
            raise
        finally:
            self.files.are(stamps)
        self.know(manifest, stamps)

    def know(self, manifest: Manifest, stamps: Stamps) -> None:
        """Take what is known of the plugin, and put what it offers in place; raises PluginFailed."""
        self.manifest, self.shunned = manifest, False
        self.files.are(stamps)
        self.error = self.hint = None
        self.record = Known(stamps=stamps, manifest=manifest)
        self._tell_described()
        self.offer()

    def offer(self) -> None:
        """Put what the plugin offers in place; raises PluginFailed if it is in conflict with another one."""
        manifest = self.manifest
        assert manifest is not None
        try:
            self._house.place(self, self._late(manifest) if self.plugin is None else offer_of(self.plugin))
        except PluginFailed:
            self.conflicts = True
            raise
        if self.conflicts:
            self.conflicts, self.error, self.hint = False, None, None

    def _late(self, manifest: Manifest) -> Offer:
        offer = late_offer(manifest, self.use, self.now)
        if self._is_quick(manifest):
            for command in offer.commands:
                if command.mode == "inline":
                    command.renew = partial(self._at_once, command)
        return offer

    def _is_quick(self, manifest: Manifest) -> bool:
        """Say whether the code can be had without waiting: Isaac's own, which needs nothing else, imports in no time."""
        return self._is_own and not (manifest.has_setup or manifest.requires)

    def _bring(self) -> None:
        """Import a plugin that is quick, while everybody waits; what goes wrong is kept as `error`."""
        if self.plugin is None and self.error is None and self._done is None and self._house.is_known:
            try:
                with self.timings.step("import"):
                    plugin = self._house.import_now(self.found)
            except PluginFailed as error:
                self.fail(error, self.files.stamps)
            else:
                self._take(plugin)
                self._house.tell("plugin.loaded", self)

    def _at_once(self, command: Command) -> Command:
        """Return an inline command with its code, so that it is answered in its turn; or itself, if that takes longer."""
        self._bring()
        found = (item for item in (self.plugin.commands if self.plugin else ()) if item.name == command.name)
        return next(found, command)

    async def _begin(self) -> None:
        try:
            if self.manifest is None or self.files.have_changed():
                await self._describe()
            assert self.manifest is not None
            plugin = await self._loaded(self.manifest)
        except PluginFailed as error:
            soon_ms = error.retry_after_ms
            self.fail(error, self.files.stamps, RETRY_S if soon_ms is None else soon_ms / 1000)
            return
        self.error = self.hint = None
        self._take(plugin)
        self._house.tell("plugin.loaded", self)

    async def _loaded(self, manifest: Manifest) -> Plugin:
        """Return the plugin with code, set up, after those that it requires; raises PluginFailed."""
        from isaacd.plugin.bringing import bring_in

        return await bring_in(self.found, manifest, self._chosen, self._house, self.timings)

    def _chosen(self) -> Importer:
        """Choose who brings the code to life; what a person trusts may have changed since the last time."""
        self._importer = self._house.importer(self.found)
        self.isolation = self._importer.isolation
        return self._importer

    def _take(self, plugin: Plugin) -> None:
        """Put the code in place."""
        self.plugin = plugin
        self.files.begin_anew()
        if self.manifest is not None and not self.isolation and manifest_of(plugin) != self.manifest:
            # What it declares depends on something besides its files.
            self.manifest = manifest_of(plugin)
            self._house.place(self, offer_of(plugin))
        else:
            self._house.exchange(offer_of(plugin))

    def _newest(self, command: Command) -> Command:
        """Return the command, or what waits for newer code if its file has changed."""
        if not self.files.changed() or self.manifest is None:
            return command
        outline = next((item for item in self.manifest.commands if item.name == command.name), None)
        return command if outline is None else LazyCommand(outline, partial(self.command, command.name))

    async def command(self, name: str) -> Command:
        """Return a command with its code; raises PluginFailed."""
        return command_of(await self.use(), name)

    def fail(self, error: PluginFailed, stamps: Stamps, retry_s: float = RETRY_S) -> None:
        """Keep why the plugin cannot be used, as long as its files are as `stamps` say; a use tries again after a while."""
        self.files.are(stamps)
        if self.error != error.message:
            self._house.log.error(
                "plugin refused", plugin=self.name, origin=str(self.found.origin), reason=error.message
            )
        self.error, self.hint = error.message, error.hint
        self._retry_at = self._house.clock.monotonic() + retry_s
        self._house.tell("plugin.failed", self)
        self._tell_described()

    # Newer code in the place of older.

    async def _exchange(self, old: Plugin) -> None:
        """Load the files as they are now; if that cannot be, the old code stays in force."""
        from isaacd.plugin.bringing import describe, leave, retire

        before, stamps = self.manifest, stamps_of(self.found.root)
        former, isolation = self._importer, self.isolation
        importer = self._chosen()
        new: Plugin | None = None
        try:
            self.manifest = await describe(self.found, importer, self._house, self.timings)
            new = await self._loaded(self.manifest)
            self._house.place(self, offer_of(new))
        except PluginFailed as error:
            self.manifest, self.trouble, self.hint = before, error.message, error.hint
            self.record = Known(stamps=stamps, error=error.message, hint=error.hint)
            self._importer, self.isolation = former, isolation
            if new is not None:
                await leave(new, importer, self._house.services)
            self._house.log.warning("plugin not reloaded", plugin=self.name, reason=error.message)
            self._house.tell("plugin.failed", self)
            return
        finally:
            self.files.are(stamps)
        self.trouble = self.error = self.hint = None
        self.record = Known(stamps=stamps, manifest=self.manifest)
        self._take(new)
        self._house.log.info("plugin reloaded", plugin=self.name, version=new.version)
        self._house.tell("plugin.loaded", self)
        self._house.spawn(retire, old, former, self._house.services)

    async def withdraw(self) -> None:
        """Let go of the code as soon as nothing of it is under way; the plugin is no more."""
        plugin, self.plugin = self.plugin, None
        if plugin is not None:
            from isaacd.plugin.bringing import retire

            await retire(plugin, self._importer, self._house.services)

    async def end(self) -> None:
        """Tear the plugin down, since the daemon ends; what is under way has ended before."""
        plugin, self.plugin = self.plugin, None
        if plugin is not None and plugin.end is not None:  # else nothing is imported when the daemon leaves
            from isaacd.plugin.bringing import leave

            await leave(plugin, None, self._house.services)

    # What it does unasked.

    def subscribers(self) -> Iterator[Subscriber]:
        """Give what calls its handlers of events."""
        return later_subscribers(self.manifest or Manifest(name=self.name), self.use, self._house.services)

    def timed(self) -> Iterator[Timed]:
        """Give what does its jobs."""
        return later_jobs(self.manifest or Manifest(name=self.name), self.use, self._house.services)
