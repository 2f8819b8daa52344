"""What the kernel says of a process's memory: how much is resident, what of it is shared, and what it is."""

import contextlib
import os
from collections import Counter
from pathlib import Path

import msgspec

ANONYMOUS = "heap and anonymous"
LIBRARIES = "program and libraries"
SQLITE = "SQLite's shared maps"
STACK = "stack"
FILES = "other files"


class Mapped(msgspec.Struct, frozen=True):
    """Kibibytes of one process: resident, its share of what others have too, its own alone, swapped; and by kind."""

    rss: int = 0
    pss: int = 0
    private: int = 0
    swapped: int = 0
    kinds: dict[str, int] = {}


def mapped(process: Path = Path("/proc/self")) -> Mapped:
    """Read the maps of a process; all zero where the kernel does not tell."""
    try:
        text = (process / "smaps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Mapped()
    sums: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    kind = ANONYMOUS
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        if not name.endswith(":"):
            kind = kind_of(rest.split(maxsplit=4)[4:])
            continue
        if rest.endswith(" kB"):
            amount = int(rest[:-3])
            sums[name] += amount
            if name == "Rss:":
                kinds[kind] += amount
    private = sums["Private_Clean:"] + sums["Private_Dirty:"]
    return Mapped(sums["Rss:"], sums["Pss:"], private, sums["Swap:"], dict(kinds))


def kind_of(path: list[str]) -> str:
    """Say what is mapped from a path of `smaps`, which is none for anonymous memory."""
    name = path[0].removesuffix(" (deleted)") if path else ""
    if not name or name.startswith(("[heap", "[anon")):
        return ANONYMOUS
    if name.startswith("["):
        return STACK if name == "[stack]" else FILES
    base = os.path.basename(name)  # noqa: PTH119 - of hundreds of lines
    if base.endswith("-shm") or ".sqlite" in base:
        return SQLITE
    return LIBRARIES if ".so" in base or base.startswith("python") else FILES


def children() -> list[tuple[int, str]]:
    """Return the processes that this one has started, with their names: the isolated plugins and what keeps them."""
    found = []
    with contextlib.suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            for word in (task / "children").read_text().split():
                with contextlib.suppress(OSError):
                    found.append((int(word), Path(f"/proc/{word}/comm").read_text().strip()))
    return found


def sqlite_used() -> int:
    """Return how many bytes SQLite itself has allocated for all files together; 0 where it cannot be asked."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError, ValueError):
        for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
            _, _, path = line.partition("/")
            if "libsqlite3" in path:
                used = ctypes.CDLL(f"/{path}").sqlite3_memory_used
                used.restype = ctypes.c_int64
                return int(used())
    return 0
