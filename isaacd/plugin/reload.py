"""What is in force compared with the files as they are now: newer code, new plugins, and those that are gone."""

from collections.abc import Awaitable, Callable, Sequence

from isaacd.command.explain import nearest
from isaacd.context import PluginChanges
from isaacd.errors import NotFound
from isaacd.plugin.hall import Hall
from isaacd.plugin.seat import Seat


async def compare(
    hall: Hall, describe: Callable[[], Awaitable[None]], names: Sequence[str] = (), *, force: bool = False
) -> PluginChanges:
    """Bring what is in force up to the files; `describe` finds out what those declare that are pending.

    With `force` the plugins `names`, or all but Isaac's own, are loaded anew whether their files have changed or not.
    A plugin that cannot be loaded any more stays as it was. Raises NotFound for a name that no plugin has.
    """
    async with hall.lock:
        found = hall.find()
        _check(names, [item.name for item in found])
        before = dict(hall.seats)
        places = {item.name: item for item in found if hall.takes_part(item)}
        gone = [
            seat
            for name, seat in before.items()
            if name not in places or places[name].origin != seat.found.origin
        ]
        for seat in gone:
            hall.remove(seat)
        hall.others.clear()
        for item in found:
            if item.name in hall.seats and hall.takes_part(item):
                hall.seats[item.name].found = item
            else:
                hall.seat(item)
        await describe()
        hall.settle_conflicts()
        stayed = [seat for name, seat in hall.seats.items() if before.get(name) is seat]
        renewed = [seat for seat in stayed if await _renewed(seat, force=force and _is_meant(seat, names))]
        hall.settle_conflicts()
    added = [seat for name, seat in hall.seats.items() if before.get(name) is not seat]
    tried = [*renewed, *added]
    return PluginChanges(
        reloaded=tuple(seat.name for seat in renewed if _why(seat) is None),
        added=tuple(seat.name for seat in added if _why(seat) is None),
        removed=tuple(seat.name for seat in gone if seat.name not in hall.seats),
        failed={seat.name: reason for seat in tried if (reason := _why(seat)) is not None},
    )


async def _renewed(seat: Seat, *, force: bool) -> bool:
    """Load a plugin anew, if it has to be; what was not loaded yet is only described anew."""
    if not force and not seat.files.have_changed():
        return False
    seat.files.stale = True
    if seat.plugin is None:
        await seat.describe()
    else:
        await seat.renew()
    return True


def _is_meant(seat: Seat, names: Sequence[str]) -> bool:
    return seat.name in names if names else seat.found.source != "bundled" and not seat.shunned


def _why(seat: Seat) -> str | None:
    return seat.trouble or seat.error


def _check(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise NotFound(
                f"there is no plugin {name[:80]!r}",
                hint=f"did you mean {near}?" if near else "isaacctl plugins lists them",
            )
