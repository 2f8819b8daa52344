"""What `status --memory` shows: what each room holds in Python, and what the process has in all."""

import gc
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FunctionType, ModuleType

from anyio.lowlevel import checkpoint

from isaacd.context import MemoryCard, RoomMemory

_OURS = ("isaacd", "isaac_plugins")
# A turn of the loop counts so many objects, a millisecond or two, then others have theirs.
_A_TURN = 1000
_CODE = (type, FunctionType)
_NOBODYS = (type(None), bool, type(...))


async def describe(*roots: object) -> MemoryCard:
    """Count everything that can be reached from the modules that are loaded, and from `roots`."""
    # First, because counting takes some megabytes itself, for as long as it goes on.
    rss, pss, own = _resident()
    rooms = await weigh(*roots, modules=list(sys.modules.values()))
    _give_back()
    return MemoryCard(rss=rss, pss=pss, own=own, rooms=rooms)


async def weigh(*roots: object, modules: Iterable[object]) -> tuple[RoomMemory, ...]:
    """Return what each room holds, the largest first; each object counts once.

    An object of one of our own classes belongs to the room of its class, code to where it was written, and everything
    else to who holds it: a dict of the cache is the cache's. Libraries are rooms by their names, all that comes with
    Python is `python`. What only C code or a suspended coroutine knows of is not found.
    """
    # Our own modules first: what they share with a library is theirs.
    named = [(module, room_of(module.__name__)) for module in modules if isinstance(module, ModuleType)]
    named.sort(key=lambda pair: (not pair[1].startswith(_OURS), pair[1] == "python"))
    pending: list[tuple[object, str]] = [(vars(module), room) for module, room in reversed(named)]
    pending += [(root, room_of(type(root).__module__)) for root in roots]
    seen = {id(pending), id(named)}
    # [bytes, objects] of each room.
    found: dict[str, list[int]] = {}
    turn = 0
    while pending:
        value, room = pending.pop()
        # By its type, and not by isinstance, which asks the object: a weakref.proxy would look for what is gone.
        if id(value) in seen or issubclass(type(value), (*_NOBODYS, ModuleType)):
            continue
        seen.add(id(value))
        room = _belongs(value, room)
        sums = found.setdefault(room, [0, 0])
        sums[0] += sys.getsizeof(value)
        sums[1] += 1
        pending += [(item, room) for item in _held(value) if id(item) not in seen]
        turn += 1
        if turn % _A_TURN == 0:
            await checkpoint()
    rooms = (RoomMemory(room=room, bytes=size, objects=count) for room, (size, count) in found.items())
    return tuple(sorted(rooms, key=lambda item: (-item.bytes, item.room)))


def room_of(module: str) -> str:
    """Return the room of a module by its name: isaacd.cache, isaac_plugins.ask, aiohttp, python."""
    first, *rest = module.split(".", 2)
    if first in _OURS:
        return f"{first}.{rest[0]}" if rest else first
    return "python" if first in sys.stdlib_module_names or first == "__main__" else first


def _belongs(value: object, holder: str) -> str:
    """Return the room of an object that `holder` holds."""
    is_code = issubclass(type(value), _CODE)
    where = getattr(value if is_code else type(value), "__module__", None)
    if not isinstance(where, str):
        return holder
    if is_code or where.partition(".")[0] in _OURS:
        return room_of(where)
    return holder


def _held(value: object) -> list[object]:
    """Return what an object refers to; a msgspec.Struct with gc=False tells the collector nothing."""
    if gc.is_tracked(value):
        return gc.get_referents(value)
    fields: tuple[str, ...] = getattr(type(value), "__struct_fields__", ())
    return [getattr(value, name, None) for name in fields] or gc.get_referents(value)


def _give_back() -> None:
    """Have the C library return what counting took: it would keep it, and the daemon would be larger for having been asked."""
    import ctypes

    with suppress(OSError, AttributeError):  # only glibc can
        ctypes.CDLL(None).malloc_trim(0)


def _resident() -> tuple[int | None, int | None, int | None]:
    """Return RSS, PSS and the private part of this process in bytes, by the kernel's word."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None, None, None
    kib = {line.partition(":")[0]: int(line.split()[1]) for line in lines}
    own = kib["Private_Clean"] + kib["Private_Dirty"]
    return kib["Rss"] * 1024, kib["Pss"] * 1024, own * 1024
