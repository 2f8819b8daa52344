"""What is known of the plugins of one daemon, and what is still being found out; it supplies the catalog with commands."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio
import msgspec

from isaacd.command import Command
from isaacd.command.catalog import Wait
from isaacd.command.outline import Outline
from isaacd.command.outlined import LazyCommand
from isaacd.config import Offered
from isaacd.context import PluginCard, PluginChanges, PluginTimes
from isaacd.errors import PluginFailed
from isaacd.plugin.hall import PATIENCE_S, Hall
from isaacd.plugin.manifest import Manifest
from isaacd.plugin.order import in_order
from isaacd.plugin.seat import Seat

if TYPE_CHECKING:
    from isaacd.plugin.ports import Seated

Load = Literal["lazy", "sequential", "concurrent", "threaded"]
AT_ONCE = 8
ISOLATED_AT_ONCE = 4


class Roster:
    """All plugins that were found, each on its seat in the `hall`; the port Supply of isaacd.command.

    `changed` is called when what plugins offer may be something else than before.
    """

    def __init__(self, hall: Hall, changed: Callable[[], None]) -> None:
        self.hall = hall
        hall.placed, hall.left = self._placed, self.check
        self.load: Load = "lazy"
        self._changed = changed
        self._told: dict[str, tuple[object, ...]] = {}  # what callers of `changed` know of each plugin
        self._is_open = False
        self._busy: anyio.Event | None = None
        self._again = False

    # What the catalog is supplied with.

    def open(self) -> None:
        """Put in place what the index knows, and begin to describe all else; imports nothing."""
        hall = self.hall
        hall.fill()
        if not hall.pending:
            self._tell_most()
        if hall.pending or hall.memory.outdated(hall.seats.values()):
            self._begin(self._settle)
        self._is_open = True

    def missing(self, name: str) -> Command | None:
        """Return what stands for a command that may still come, or that a plugin had which cannot be used."""
        word = name.partition(".")[0]
        waiting = self.waiting(word)
        seat = self.hall.seats.get(word)
        if waiting is None and (seat is None or seat.error is None):
            return None

        async def find() -> Command:
            if waiting is not None:
                await waiting()
            seat = self.hall.seats.get(word)
            if seat is None:
                raise self.hall.registry.unknown(name)
            return await seat.command(name)

        return LazyCommand(Outline(name, word, f"Wait for {name}.", "task", (), b"{}"), find)

    def waiting(self, word: str) -> Wait | None:
        """Return what waits until a plugin is known, with "" all of them; None if there is nothing to wait for."""
        seat = self.hall.seats.get(word)
        if seat is not None:
            seat.wanted = True
            if not seat.is_described:
                return partial(self._wait, seat)
            return partial(self._renew, seat) if seat.files.changed() else None
        self._look()
        return None if self._busy is None else self._wait_for_all

    async def _wait(self, seat: Seat) -> None:
        with self.hall.for_a_while():
            await seat.described()

    async def _renew(self, seat: Seat) -> None:
        """Wait until newer files count: they may offer other commands, or be mended, or be gone."""
        with self.hall.for_a_while():
            await seat.renew()
            self.hall.settle_conflicts()

    def refusal(self, word: str) -> PluginFailed | None:
        """Say why a plugin has no commands, if it is there and cannot be used."""
        seats = self.hall.seats
        seat = seats.get(word) or seats.get(word.replace("_", "-"))
        if seat is not None and not seat.is_described:
            return PluginFailed(
                f"the plugin {word} is still being looked at: its import takes long",
                hint=f"try again in a moment; isaacctl plugins info {word}",
            )
        if seat is None and any(item.name == word and item.state == "disabled" for item in self.hall.others):
            return PluginFailed(f"the plugin {word} is switched off", hint=f"isaacctl plugins enable {word}")
        return seat.refusal() if seat is not None and seat.manifest is None and seat.error else None

    # What there is, for others to see.

    @property
    def usable(self) -> int:
        """How many plugins can be used."""
        return sum(seat.state in ("ready", "loaded") for seat in self.hall.seats.values())

    def cards(self) -> list[PluginCard]:
        """Describe every plugin that was found."""
        every = [*self.hall.seats.values(), *self.hall.others]
        return [
            self._card(item) for item in sorted(every, key=lambda item: (item.name, item.state == "hidden"))
        ]

    def _card(self, seat: Seat) -> PluginCard:
        """Describe a plugin; what it requires in vain is said before its first use is refused for it."""
        from isaacd.plugin.shown import card_of

        card = card_of(seat)
        if card.error is not None or not card.requires or self.hall.seats.get(seat.name) is not seat:
            return card
        reason = self.hall.problem(seat.name)
        return card if reason is None else msgspec.structs.replace(card, state="failed", error=reason)

    def times(self) -> PluginTimes:
        """Say what all plugins have cost so far."""
        from isaacd.plugin.shown import steps_of

        return PluginTimes(load=self.load, plugins=tuple(map(steps_of, self.hall.seats.values())))

    def offered(self) -> Offered:
        """Return what plugins add to the configuration; one that cannot be used cannot be asked for its settings."""
        settings: dict[str, dict[str, object] | None] = {seat.name: None for seat in self.hall.others}
        for name, seat in self.hall.seats.items():
            if seat.manifest is None:
                settings[name] = None
            elif seat.manifest.settings is not None:
                settings[name] = msgspec.json.decode(seat.manifest.settings)
            else:
                settings.pop(name, None)
        return Offered(settings, tuple(self.hall.registry.policies))

    def _placed(self, seat: "Seated") -> None:
        if self._is_open and (self._busy is None or self._is_news(seat)):
            self._tell_changed()

    def _is_news(self, seat: "Seated") -> bool:
        """Say whether a plugin adds something else to the configuration than it was said to."""
        told = self._told.get(seat.name)
        return told is not None and seat.manifest is not None and told != _added_by(seat.manifest)

    def _tell_changed(self) -> None:
        self._told = {name: _added_by(manifest) for name, manifest in self.hall.manifests().items()}
        self._changed()

    def _tell_most(self) -> None:
        self.hall.settle_conflicts()
        if not self.hall.is_known:
            self._tell_changed()
            self.hall.most_known.set()

    # What is done in the background: one thing at a time, for which those wait who want to see all plugins.

    def _begin(self, work: Callable[[], Awaitable[object]]) -> None:
        if self._busy is None:
            self._busy = anyio.Event()
            self.hall.spawn(self._work, work, self._busy)
        else:
            self._again = True

    async def _work(self, work: Callable[[], Awaitable[object]], busy: anyio.Event) -> None:
        try:
            await work()
            while self._again:
                self._again = False
                await self.reload()
        except Exception:
            self._tell_most()  # nobody waits for what will not be found out
            raise
        finally:
            self._busy = None
            self._tell_changed()
            busy.set()

    async def settled(self) -> None:
        """Wait until it is known of every plugin what it offers, or why that cannot be known, however long it takes."""
        while self._busy is not None:
            await self._busy.wait()

    async def _wait_for_all(self) -> None:
        """Wait until nothing is to be done any more, also for what came while something else was done."""
        with self.hall.for_a_while():
            while self._busy is not None:
                await self._busy.wait()
                self._look()

    def _look(self) -> None:
        """Begin to compare, if plugins came or went since the last time."""
        if self._busy is None and self.hall.has_moved():
            self._begin(self.reload)

    def check(self) -> None:
        """Begin to look at all files, and for entry points."""
        if self._is_open:
            self._begin(self.reload)

    async def look_again(self) -> None:
        """Look at all files, and for entry points, and wait for what comes of it, but not for long."""
        self.check()
        await self._wait_for_all()

    async def reload(self, names: Sequence[str] = (), *, force: bool = False) -> PluginChanges:
        """Look at all files; load what has changed anew, with `force` also what has not, as `compare` says.

        Raises NotFound for a name that no plugin has.
        """
        from isaacd.plugin.reload import compare

        await self.hall.memory.look_for_entry_points()
        changes = await compare(self.hall, self._describe, names, force=force)
        if changes != PluginChanges():
            await self.hall.memory.write(self.hall.seats.values())
            self._tell_changed()
        return changes

    async def _settle(self) -> None:
        """Describe what is not known, look for entry points if there may be others, and write it all down."""
        from isaacd.plugin.reload import compare

        await self._describe()
        if await self.hall.memory.look_for_entry_points():
            await compare(self.hall, self._describe)
        await self.hall.memory.write(self.hall.seats.values())

    async def _describe(self) -> None:
        """Describe what is pending, one after another, but none for long behind a slow one.

        What runs in a process of its own comes last, and several at once.
        """
        pending = self.hall.pending
        isolated = {seat.name for seat in pending if self._is_apart(seat)}
        places = anyio.Semaphore(ISOLATED_AT_ONCE)

        async def beside(seat: Seat) -> None:
            group.start_soon(seat.describe)
            with anyio.move_on_after(PATIENCE_S):
                await seat.described()
            places.release()

        async with anyio.create_task_group() as group:
            while pending:
                seat = _next(pending, isolated)
                if seat.name in isolated:
                    self._tell_most()
                    await places.acquire()
                    if not pending:
                        break  # somebody else has described the rest meanwhile
                    seat = _next(pending, isolated)  # somebody may wait for another by now
                    pending.remove(seat)
                    group.start_soon(beside, seat)
                    continue
                pending.remove(seat)
                group.start_soon(seat.describe)
                with anyio.move_on_after(PATIENCE_S):
                    await seat.described()
            self._tell_most()

    def _is_apart(self, seat: Seat) -> bool:
        try:
            return bool(self.hall.importer(seat.found).isolation)
        except OSError:
            return True  # what it takes could not be read now; `describe` will say so of this plugin alone

    async def start(self, load: Load) -> None:
        """Begin the plugins that want it at the start, or with another way to load than lazily all of them."""
        if self._busy is not None:
            await self._busy.wait()
        self.load = load
        manifests = self.hall.manifests()
        names = [
            name for name in in_order(manifests) if load != "lazy" or manifests[name].activation == "start"
        ]
        self.hall.turns = anyio.Semaphore(AT_ONCE if load == "threaded" else 1)
        async with anyio.create_task_group() as group:
            for name in names:
                if load == "sequential":
                    await self.hall.seats[name].quietly()
                else:
                    group.start_soon(self.hall.seats[name].quietly)


def _next(pending: Iterable[Seat], isolated: Collection[str]) -> Seat:
    """Choose whom to describe next: what somebody waits for comes first, then Isaac's own."""
    return min(
        pending, key=lambda item: (item.name in isolated, not item.wanted, item.found.source != "bundled")
    )


def _added_by(manifest: Manifest) -> tuple[object, ...]:
    """Return what a plugin adds to the configuration, to be compared."""
    return manifest.settings, manifest.policies
