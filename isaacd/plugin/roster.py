"""The plugins of one daemon, from being found to being gone; it supplies the catalog with their commands."""

import asyncio
import os
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from functools import partial
from math import inf
from pathlib import Path
from typing import Literal

import anyio
import msgspec

from isaacd.belongings import Declared
from isaacd.clock import Clock
from isaacd.command import Command
from isaacd.command.catalog import Wait
from isaacd.command.outline import Outline
from isaacd.command.outlined import LazyCommand
from isaacd.config import Offered
from isaacd.context import PluginCard, PluginChanges, PluginTimes, Services
from isaacd.errors import MethodNotFound, NotFound, PluginFailed
from isaacd.log import Log
from isaacd.plugin.activity import Activity
from isaacd.plugin.importer import Importer
from isaacd.plugin.importing import Importing
from isaacd.plugin.index import FILE_NAME
from isaacd.plugin.loader import BootLoader, why_hidden
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.memory import Memory
from isaacd.plugin.order import in_order, problem
from isaacd.plugin.places import Found, folders
from isaacd.plugin.plugin import Plugin, check_name
from isaacd.plugin.registry import Offer, Registry
from isaacd.plugin.reload import compare
from isaacd.plugin.seat import Seat, State
from isaacd.plugin.shown import card_of, steps_of
from isaacd.plugin.stamps import Stamps, folder_stamps, stamps_of
from isaacd.plugin.timing import Timings
from isaacd.plugin.vigil import Vigil

Load = Literal["lazy", "sequential", "concurrent", "threaded"]
# A plugin that takes longer to be described does not keep the others waiting behind it.
PATIENCE_S = 1.0
# Nor does it keep a person waiting for longer who wants to see them all.
WAIT_S = 5.0
# Whoever wants a new daemon waits for the old one to end.
END_S = 5.0
AT_ONCE = 8
ISOLATED_AT_ONCE = 4


class Roster:
    """All plugins that were found, each on its seat.

    `loader` makes a BootLoader of the configuration as it is now; `importer` says who may bring a plugin to life, and
    `import_now` does it with one of Isaac's own while everybody waits;
    `changed` is called when what plugins offer may be something else than before.
    """

    def __init__(
        self,
        registry: Registry,
        activity: Activity,
        *,
        loader: Callable[[Callable[[], Iterable[Found]]], BootLoader],
        importer: Callable[[Found], Importer],
        import_now: Callable[[Found], Plugin],
        spawn: Callable[..., None],
        services: Services,
        changed: Callable[[], None],
        uid: int,
        importing: Importing | None = None,
    ) -> None:
        self._importing = importing
        self.clock: Clock = services.clock
        self.log: Log = services.log
        self.services = services
        self.importer = importer
        self.import_now = import_now
        self.vigil = Vigil(_later)
        self.is_open = False
        self._changed = changed
        self._again = False
        self._spawn = spawn
        self.memory = Memory(services.paths.cache_dir / FILE_NAME, self.log, uid)
        self.seats: dict[str, Seat] = {}
        self.others: list[Seat] = []  # disabled, hidden or refused: these take no part
        self.lock = anyio.Lock()
        self.load: Load = "lazy"
        self._registry = registry
        self._activity = activity
        self._loader = loader
        self._disabled: Collection[str] = ()
        self._born = self.clock.monotonic()
        self._folders: Stamps = ()
        self._told: dict[str, tuple[object, ...]] = {}  # what callers of `changed` know of each plugin
        self._pending: list[Seat] = []
        self._busy: anyio.Event | None = None
        self._most_known = anyio.Event()
        self._turns = anyio.Semaphore(1)

    # The port Supply of isaacd.command.

    def open(self) -> None:
        """Put in place what the index knows, and begin to describe all else; imports nothing."""
        self.memory.read()
        if self._importing is not None:
            self._importing.read()
        # Isaac's own are the first to take a name.
        for found in sorted(self.find(), key=lambda item: item.source != "bundled"):
            self.seat(found)
        self.settle_conflicts()
        if not self._pending:
            self._tell_most()
        if self._pending or self.memory.outdated(self.seats.values()):
            self._begin(self._settle)
        self.is_open = True

    def missing(self, name: str) -> Command | None:
        """Return what stands for a command that may still come, or that a plugin had which cannot be used."""
        word = name.partition(".")[0]
        waiting = self.waiting(word)
        seat = self.seats.get(word)
        if waiting is None and (seat is None or seat.error is None):
            return None

        async def find() -> Command:
            if waiting is not None:
                await waiting()
            seat = self.seats.get(word)
            if seat is None:
                raise MethodNotFound(f"no command {name[:80]!r}", hint="the method `commands` lists them all")
            return await seat.command(name)

        return LazyCommand(Outline(name, word, f"Wait for {name}.", "task", (), b"{}"), find)

    def waiting(self, word: str) -> Wait | None:
        """Return what waits until a plugin is known, with "" all of them; None if there is nothing to wait for."""
        seat = self.seats.get(word)
        if seat is not None:
            seat.wanted = True
            if not seat.is_described:
                return partial(self._wait, seat)
            return partial(self._renew, seat) if seat.changed() else None
        self._look()
        return None if self._busy is None else self._wait_for_all

    async def _wait(self, seat: Seat) -> None:
        with anyio.move_on_after(WAIT_S):
            await seat.described()

    async def _renew(self, seat: Seat) -> None:
        """Wait until newer files count: they may offer other commands, or be mended, or be gone."""
        with anyio.move_on_after(WAIT_S):
            await seat.renew()
            self.settle_conflicts()

    async def _wait_for_all(self) -> None:
        """Wait until nothing is to be done any more, also for what came while something else was done."""
        with anyio.move_on_after(WAIT_S):
            while self._busy is not None:
                await self._busy.wait()
                self._look()

    async def settled(self) -> None:
        """Wait until it is known of every plugin what it offers, or why that cannot be known, however long it takes."""
        while self._busy is not None:
            await self._busy.wait()

    # The port House of isaacd.plugin.seat.

    def spawn(self, main: Callable[..., Awaitable[None]], *args: object) -> None:
        """Start a task; what it raises is logged."""
        self._spawn(self._guarded, main, *args)

    async def _guarded(self, main: Callable[..., Awaitable[None]], *args: object) -> None:
        try:
            await main(*args)
        except Exception:  # a defect here must not end the daemon
            self.log.exception("work on plugins failed")

    async def require(self, name: str) -> Plugin:
        """Return a plugin, ready for use; raises PluginFailed."""
        seat = self.seats.get(name)
        if seat is None:
            raise PluginFailed(f"there is no plugin {name}")
        return await seat.use()

    async def end(self) -> None:
        """Tear all plugins down at once, since the daemon ends; no longer than `END_S`, whatever they do."""
        with anyio.move_on_after(END_S):
            async with anyio.create_task_group() as group:
                for seat in self.seats.values():
                    group.start_soon(seat.end)
        self.vigil.close()

    def problem(self, seat: Seat) -> str | None:
        """Say why a plugin's requirements cannot be met, if they cannot."""
        return problem(seat.name, self.manifests())

    def place(self, seat: Seat, offer: Offer) -> None:
        """Put what a plugin offers in place; raises PluginFailed."""
        self._registry.place(offer)
        self._activity.put(seat.name, seat.subscribers(), seat.timed())
        if self.is_open and (self._busy is None or self._is_news(seat)):
            self._tell_changed()

    def _is_news(self, seat: Seat) -> bool:
        """Say whether a plugin adds something else to the configuration than it was said to."""
        told = self._told.get(seat.name)
        return told is not None and seat.manifest is not None and told != _added_by(seat.manifest)

    def _tell_changed(self) -> None:
        self._told = {name: _added_by(manifest) for name, manifest in self.manifests().items()}
        self._changed()

    def gone(self, seat: Seat) -> None:
        """Take away a plugin whose files are gone; another one of its name may have been hidden by it."""
        if self.seats.get(seat.name) is seat:
            self.remove(seat)
        self.check()

    def withdraw(self, seat: Seat) -> None:
        """Take away what a plugin offers."""
        self._registry.withdraw(seat.name)
        self._activity.put(seat.name, (), ())

    def exchange(self, offer: Offer) -> None:
        """Put code in the place of what stood for it."""
        self._registry.exchange(offer)

    def tell(self, event: str, seat: Seat) -> None:
        """Tell everybody what became of a plugin."""
        if event == "plugin.loaded" and seat.plugin is not None:
            data: dict[str, object] = {"name": seat.name, "version": seat.plugin.version}
        else:
            data = {"name": seat.name, "error": seat.error or seat.trouble or ""}
        self.services.publish(event, data)

    # What there is.

    def manifests(self) -> Mapping[str, Manifest]:
        """Return the manifests of all plugins that take part."""
        return {name: seat.manifest for name, seat in self.seats.items() if seat.manifest is not None}

    def declared(self, name: str) -> Declared:
        """Return what a plugin has said of itself; raises NotFound if it is not in place."""
        seat = self.seats.get(name)
        if seat is None or seat.manifest is None:
            raise NotFound(f"there is no plugin {name}", hint="isaacctl plugins lists them")
        return Declared(capabilities=seat.manifest.capabilities, events=seat.manifest.events)

    @property
    def usable(self) -> int:
        """How many plugins can be used."""
        return sum(seat.state in ("ready", "loaded") for seat in self.seats.values())

    def cards(self) -> list[PluginCard]:
        """Describe every plugin that was found."""
        every = [*self.seats.values(), *self.others]
        return [
            self._card(seat) for seat in sorted(every, key=lambda seat: (seat.name, seat.state == "hidden"))
        ]

    def owner_of(self, file: str) -> str:
        """Name the plugin that a file of code belongs to, "" for none; may be called from any thread."""
        for seat in tuple(self.seats.values()):
            root = str(seat.found.root)
            if file == root or file.startswith(root + os.sep):
                return seat.name
        return ""

    def _card(self, seat: Seat) -> PluginCard:
        """Describe a plugin; what it requires in vain is said before its first use is refused for it."""
        card = card_of(seat)
        if card.error is not None or not card.requires or self.seats.get(seat.name) is not seat:
            return card
        reason = self.problem(seat)
        return card if reason is None else msgspec.structs.replace(card, state="failed", error=reason)

    def offered(self) -> Offered:
        """Return what plugins add to the configuration; one that cannot be used cannot be asked for its settings."""
        settings: dict[str, dict[str, object] | None] = {seat.name: None for seat in self.others}
        for name, seat in self.seats.items():
            if seat.manifest is None:
                settings[name] = None
            elif seat.manifest.settings is not None:
                settings[name] = msgspec.json.decode(seat.manifest.settings)
            else:
                settings.pop(name, None)
        return Offered(settings, tuple(self._registry.policies))

    def times(self) -> PluginTimes:
        """Say what all plugins have cost so far."""
        return PluginTimes(load=self.load, plugins=tuple(steps_of(seat) for seat in self.seats.values()))

    def refusal(self, word: str) -> PluginFailed | None:
        """Say why a plugin has no commands, if it is there and cannot be used."""
        seat = self.seats.get(word) or self.seats.get(word.replace("_", "-"))
        if seat is not None and not seat.is_described:
            return PluginFailed(
                f"the plugin {word} is still being looked at: its import takes long",
                hint=f"try again in a moment; isaacctl plugins info {word}",
            )
        if seat is None and any(item.name == word and item.state == "disabled" for item in self.others):
            return PluginFailed(f"the plugin {word} is switched off", hint=f"isaacctl plugins enable {word}")
        return seat.refusal() if seat is not None and seat.manifest is None and seat.error else None

    # From found to known.

    def find(self) -> list[Found]:
        """Return all plugins that lie about now."""
        self._folders = folder_stamps(self._watched())
        loader = self._loader(self.memory.entry_points)
        self._disabled = loader.disabled
        return loader.find()

    def find_all(self) -> list[Found]:
        """Return all plugins that lie about now, for somebody who only wants to see them."""
        return self._loader(self.memory.entry_points).find()

    def takes_part(self, found: Found) -> bool:
        """Say whether a plugin is to be used: it is neither disabled, hidden nor refused."""
        return found.name not in self._disabled and found.hidden_by is None and found.refused is None

    def seat(self, found: Found) -> Seat:
        """Give a plugin its seat, with all that is known of it; what is not known yet becomes pending."""
        timings = Timings(self.clock, self._born)
        disabled = found.name in self._disabled
        state: State = "disabled" if disabled else "hidden" if found.hidden_by else "waiting"
        seat = Seat(found, self, timings, state)
        if not seat.usable:
            seat.error = why_hidden(found) if state == "hidden" else None if disabled else found.refused
            if seat.error is not None:
                what = "plugin hidden" if state == "hidden" else "plugin refused"
                self.log.warning(what, plugin=found.name, origin=str(found.origin), reason=seat.error)
            self.others.append(seat)
            return seat
        self.seats[found.name] = seat
        start = self.clock.monotonic()
        stamps = stamps_of(found.root)
        known = self.memory.known(found, stamps)
        timings.note("discovery", start, self.clock.monotonic())
        try:
            check_name(found.name)
            self._refuse_deadly(seat, stamps)
            if known is None:
                self._pending.append(seat)
            elif known.manifest is not None:
                seat.know(known.manifest, stamps)
            else:
                raise PluginFailed(known.error or "it failed before", hint=known.hint)
        except PluginFailed as error:
            seat.fail(error, stamps, retry_s=inf if seat.shunned else 0.0)
        return seat

    def _refuse_deadly(self, seat: Seat, stamps: Stamps) -> None:
        """Raise PluginFailed for what daemons did not survive; in a process of its own it may do what it likes."""
        if self._importing is None or seat.found.source == "bundled":
            return
        try:
            self._importing.refuse_deadly(seat.found, stamps)
        except PluginFailed:
            seat.shunned = not self.importer(seat.found).isolation
            if seat.shunned:
                raise

    def remove(self, seat: Seat) -> None:
        """Take away a plugin and all that it offers; what is under way ends first."""
        del self.seats[seat.name]
        self.withdraw(seat)
        self.spawn(seat.withdraw)

    def _begin(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do something in the background for which those wait who want to see all plugins."""
        if self._busy is None:
            self._busy = anyio.Event()
            self.spawn(self._work, work, self._busy)
        else:
            self._again = True

    async def _work(self, work: Callable[[], Awaitable[object]], busy: anyio.Event) -> None:
        try:
            await work()
            while self._again:
                self._again = False
                await self.reload()
        finally:
            self._busy = None
            self._tell_changed()
            busy.set()

    async def _settle(self) -> None:
        """Describe what is not known, look for entry points if there may be others, and write it all down."""
        await self.describe()
        if await self.memory.look_for_entry_points():
            await compare(self)
        await self.memory.write(self.seats.values())

    async def describe(self) -> None:
        """Describe what is pending, one after another, but none for long behind a slow one.

        What runs in a process of its own comes last, and several at once.
        """
        isolated = {seat.name for seat in self._pending if self.importer(seat.found).isolation}
        places = anyio.Semaphore(ISOLATED_AT_ONCE)

        async def beside(seat: Seat) -> None:
            group.start_soon(seat.describe)
            with anyio.move_on_after(PATIENCE_S):
                await seat.described()
            places.release()

        async with anyio.create_task_group() as group:
            while self._pending:
                seat = self._next(isolated)
                if seat.name in isolated:
                    self._tell_most()
                    await places.acquire()
                    if not self._pending:
                        break  # somebody else has described the rest meanwhile
                    seat = self._next(isolated)  # somebody may wait for another by now
                    self._pending.remove(seat)
                    group.start_soon(beside, seat)
                    continue
                self._pending.remove(seat)
                group.start_soon(seat.describe)
                with anyio.move_on_after(PATIENCE_S):
                    await seat.described()
            self._tell_most()

    def settle_conflicts(self) -> None:
        """Put what plugins offer in place anew, where some offer the same: of these it is the first by name."""
        rivals = [
            seat
            for name, seat in sorted(self.seats.items())
            if seat.manifest is not None and seat.found.source != "bundled"
        ]
        if not any(seat.conflicts for seat in rivals):
            return
        for seat in rivals:
            self.withdraw(seat)
        for seat in rivals:
            try:
                seat.offer()
            except PluginFailed as error:
                seat.fail(error, seat.stamps)

    def _next(self, isolated: Collection[str]) -> Seat:
        """Choose whom to describe next: what somebody waits for comes first, then Isaac's own."""
        return min(
            self._pending,
            key=lambda item: (item.name in isolated, not item.wanted, item.found.source != "bundled"),
        )

    def _tell_most(self) -> None:
        self.settle_conflicts()
        if not self._most_known.is_set():
            self._tell_changed()
            self._most_known.set()

    @property
    def is_known(self) -> bool:
        """Whether all plugins of this process are known."""
        return self._most_known.is_set()

    async def known(self) -> None:
        """Wait until all plugins of this process are known: a first use may need what they offer."""
        with anyio.move_on_after(WAIT_S):
            await self._most_known.wait()

    def _watched(self) -> list[Path]:
        user_dir = self.services.paths.data_dir / "plugins"
        return [*folders(), user_dir, user_dir / "isaac_plugins", user_dir / "installed"]

    def _look(self) -> None:
        """Begin to compare, if plugins came or went since the last time."""
        if self._busy is None and self._folders != folder_stamps(self._watched()):
            self._begin(self.reload)

    def check(self) -> None:
        """Begin to look at all files, and for entry points."""
        if self.is_open:
            self._begin(self.reload)

    async def look_again(self) -> None:
        """Look at all files, and for entry points, and wait for what comes of it, but not for long."""
        self.check()
        await self._wait_for_all()

    async def reload(self, names: Sequence[str] = (), *, force: bool = False) -> PluginChanges:
        """Look at all files; load what has changed anew, with `force` also what has not, as `compare` says.

        Raises NotFound for a name that no plugin has.
        """
        await self.memory.look_for_entry_points()
        changes = await compare(self, names, force=force)
        if changes != PluginChanges():
            await self.memory.write(self.seats.values())
            self._tell_changed()
        return changes

    # All at once.

    async def start(self, load: Load) -> None:
        """Begin the plugins that want it at the start, or with another way to load than lazily all of them."""
        if self._busy is not None:
            await self._busy.wait()
        self.load = load
        manifests = self.manifests()
        names = [
            name for name in in_order(manifests) if load != "lazy" or manifests[name].activation == "start"
        ]
        self._turns = anyio.Semaphore(AT_ONCE if load == "threaded" else 1)
        async with anyio.create_task_group() as group:
            for name in names:
                if load == "sequential":
                    await self.seats[name].quietly()
                else:
                    group.start_soon(self.seats[name].quietly)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None, None]:
        """Import when it is one's turn: more at a time take longer; behind a slow one nobody waits for long."""
        has_turn = False
        with anyio.move_on_after(PATIENCE_S):
            await self._turns.acquire()
            has_turn = True
        try:
            yield
        finally:
            if has_turn:
                self._turns.release()


def _added_by(manifest: Manifest) -> tuple[object, ...]:
    """Return what a plugin adds to the configuration, to be compared."""
    return manifest.settings, manifest.policies


def _later(after_s: float, do: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(after_s, do)
