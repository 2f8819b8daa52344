"""The seats of all plugins of one daemon: who is given one, what is in place, and what seats ask of each other."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from isaacd.belongings import Declared
from isaacd.clock import Clock
from isaacd.context import Services
from isaacd.errors import NotFound, PluginFailed
from isaacd.log import Log
from isaacd.plugin.activity import Activity
from isaacd.plugin.declared import check_name
from isaacd.plugin.importer import Importer
from isaacd.plugin.importing import Importing
from isaacd.plugin.index import FILE_NAME
from isaacd.plugin.loader import BootLoader, why_hidden
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.memory import Memory
from isaacd.plugin.places import Found, folders
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.registry import Offer, Registry
from isaacd.plugin.seat import Seat, State
from isaacd.plugin.stamps import Stamps, folder_stamps, stamps_of
from isaacd.plugin.timing import Timings
from isaacd.plugin.vigil import Vigil

if TYPE_CHECKING:
    from isaacd.plugin.ports import Seated

# A slow import does not keep the others waiting behind it for longer.
PATIENCE_S = 1.0
# Nor does it keep a person waiting for longer who wants to see them all, once nothing more becomes known.
WAIT_S = 10.0
# Whoever wants a new daemon waits for the old one to end.
END_S = 5.0


class Hall:
    """All plugins that were found, each on its seat; the port House of isaacd.plugin.ports.

    `loader` makes a BootLoader of the configuration as it is now; `importer` says who may bring a plugin to life, and
    `import_now` does it with one of Isaac's own while everybody waits. The Roster sets `placed`, which is told of each
    seat whose offer is in place, and `left`: files are gone, so all should be looked at.
    """

    placed: "Callable[[Seated], None]"
    left: Callable[[], None]

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
        uid: int,
        importing: Importing | None = None,
        wait_s: Callable[[], float] = lambda: WAIT_S,
    ) -> None:
        self.clock: Clock = services.clock
        self.log: Log = services.log
        self.services = services
        self.importer = importer
        self.import_now = import_now
        self.vigil = Vigil(_later)
        self.memory = Memory(services.paths.cache_dir / FILE_NAME, self.log, uid)
        self.registry = registry
        self.seats: dict[str, Seat] = {}
        self.others: list[Seat] = []  # disabled, hidden or refused: these take no part
        self.pending: list[Seat] = []  # what they declare has still to be found out
        self.most_known = anyio.Event()  # what all plugins of this process offer
        self.turns = anyio.Semaphore(1)
        self.lock = anyio.Lock()
        self._activity = activity
        self._loader = loader
        self._spawn = spawn
        self._importing = importing
        self._disabled: Collection[str] = ()
        self._folders: Stamps = ()
        self._born = self.clock.monotonic()
        self._wait_s = wait_s
        self._waits: set[anyio.CancelScope] = set()

    # What seats need.

    def spawn(self, main: Callable[..., Awaitable[None]], *args: object) -> None:
        """Start a task; what it raises is logged."""
        self._spawn(main, *args)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None, None]:
        """Import when it is one's turn: more at a time take longer; behind a slow one nobody waits for long."""
        has_turn = False
        with anyio.move_on_after(PATIENCE_S):
            await self.turns.acquire()
            has_turn = True
        try:
            yield
        finally:
            if has_turn:
                self.turns.release()

    @property
    def is_known(self) -> bool:
        """Whether all plugins of this process are known."""
        return self.most_known.is_set()

    async def known(self) -> None:
        """Wait until all plugins of this process are known: a first use may need what they offer."""
        with self.for_a_while():
            await self.most_known.wait()

    @contextmanager
    def for_a_while(self) -> Generator[None]:
        """Give up when nothing more has become known for a while: a busy machine gets on, what blocks does not."""
        with anyio.move_on_after(self._wait_s()) as scope:
            self._waits.add(scope)
            try:
                yield
            finally:
                self._waits.discard(scope)

    def _gets_on(self) -> None:
        for scope in self._waits:
            scope.deadline = anyio.current_time() + self._wait_s()

    async def require(self, name: str) -> Plugin:
        """Return a plugin, ready for use; raises PluginFailed."""
        seat = self.seats.get(name)
        if seat is None:
            raise PluginFailed(f"there is no plugin {name}")
        return await seat.use()

    def problem(self, name: str) -> str | None:
        """Say why a plugin's requirements cannot be met, if they cannot."""
        from isaacd.plugin.order import problem

        return problem(name, self.manifests())

    def place(self, seat: "Seated", offer: Offer) -> None:
        """Put what a plugin offers in place; raises PluginFailed."""
        self.registry.place(offer)
        self._gets_on()
        self._activity.put(seat.name, seat.subscribers(), seat.timed())
        self.placed(seat)

    def gone(self, seat: "Seated") -> None:
        """Take away a plugin whose files are gone; another one of its name may have been hidden by it."""
        mine = self.seats.get(seat.name)
        if mine is not None and mine is seat:
            self.remove(mine)
        self.left()

    def withdraw(self, name: str) -> None:
        """Take away what a plugin offers."""
        self.registry.withdraw(name)
        self._activity.put(name, (), ())

    def exchange(self, offer: Offer) -> None:
        """Put code in the place of what stood for it."""
        self.registry.exchange(offer)

    def tell(self, event: str, seat: "Seated") -> None:
        """Tell everybody what became of a plugin."""
        if event == "plugin.loaded" and seat.plugin is not None:
            data: dict[str, object] = {"name": seat.name, "version": seat.plugin.version}
        else:
            data = {"name": seat.name, "error": seat.error or seat.trouble or ""}
        self.services.publish(event, data)

    # Who is there.

    def manifests(self) -> Mapping[str, Manifest]:
        """Return the manifests of all plugins that take part."""
        return {name: seat.manifest for name, seat in self.seats.items() if seat.manifest is not None}

    def declared(self, name: str) -> Declared:
        """Return what a plugin has said of itself; raises NotFound if it is not in place."""
        seat = self.seats.get(name)
        if seat is None or seat.manifest is None:
            raise NotFound(f"there is no plugin {name}", hint="isaacctl plugins lists them")
        return Declared(capabilities=seat.manifest.capabilities, events=seat.manifest.events)

    def owner_of(self, file: str) -> str:
        """Name the plugin that a file of code belongs to, "" for none; may be called from any thread."""
        for seat in tuple(self.seats.values()):
            root = str(seat.found.root)
            if file == root or file.startswith(root + os.sep):
                return seat.name
        return ""

    # Who comes, and who goes.

    def find(self) -> list[Found]:
        """Return all plugins that lie about now."""
        self._folders = folder_stamps(self._watched())
        loader = self._loader(self.memory.entry_points)
        self._disabled = loader.disabled
        return loader.find()

    def find_all(self) -> list[Found]:
        """Return all plugins that lie about now, for somebody who only wants to see them."""
        return self._loader(self.memory.entry_points).find()

    def has_moved(self) -> bool:
        """Say whether plugins came or went since they were last found; a look at a few folders."""
        return self._folders != folder_stamps(self._watched())

    def _watched(self) -> list[Path]:
        user_dir = self.services.paths.data_dir / "plugins"
        return [*folders(), user_dir, user_dir / "isaac_plugins", user_dir / "installed"]

    def takes_part(self, found: Found) -> bool:
        """Say whether a plugin is to be used: it is neither disabled, hidden nor refused."""
        return found.name not in self._disabled and found.hidden_by is None and found.refused is None

    def fill(self) -> None:
        """Give each plugin that is found its seat; imports nothing."""
        self.memory.read()
        if self._importing is not None:
            self._importing.read()
        # Isaac's own are the first to take a name.
        for found in sorted(self.find(), key=lambda item: item.source != "bundled"):
            self.seat(found)
        self.settle_conflicts()

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
                self.pending.append(seat)
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
            self.withdraw(seat.name)
        for seat in rivals:
            try:
                seat.offer()
            except PluginFailed as error:
                seat.fail(error, seat.files.stamps)

    def remove(self, seat: Seat) -> None:
        """Take away a plugin and all that it offers; what is under way ends first."""
        del self.seats[seat.name]
        self.withdraw(seat.name)
        self.spawn(seat.withdraw)

    async def end(self) -> None:
        """Tear all plugins down at once, since the daemon ends; no longer than `END_S`, whatever they do."""
        with anyio.move_on_after(END_S):
            async with anyio.create_task_group() as group:
                for seat in self.seats.values():
                    group.start_soon(seat.end)
        self.vigil.close()


def _later(after_s: float, do: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(after_s, do)
