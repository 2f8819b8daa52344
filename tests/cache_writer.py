"""A process that writes to a cache file until it is killed, and says on standard output what was acknowledged.

`python cache_writer.py FILE NAME KEYS`: writes generations 1, 2, 3 ... of KEYS keys named NAME:0, NAME:1 ...; after
each flush that returned with a writable store it prints the generation. A value is its key, its generation and a
filling that depends on both.
"""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from isaacd.cache.entry import Entry
from isaacd.cache.sqlite import SQLiteStore
from isaacd.clock import SystemClock


def value_of(key: str, generation: int) -> bytes:
    """Return what a key holds in a generation; the sizes vary and cross pages."""
    filling = (f"{key}/{generation};".encode() * 400)[: 17 + (hash_of(key) + generation * 997) % 6000]
    return msgspec.msgpack.encode((key, generation, filling))


def hash_of(key: str) -> int:
    """Return a number that is the same in each process."""
    return sum(key.encode()) * 7919


def generation_in(key: str, value: bytes) -> int:
    """Return the generation of a value; raises AssertionError if it is not what was written for that key."""
    found_key, generation, _ = msgspec.msgpack.decode(value, type=tuple[str, int, bytes])
    assert found_key == key
    assert value == value_of(key, generation)
    return generation


async def write(file: Path, name: str, keys: int) -> None:
    """Write until killed."""
    clock = SystemClock()
    store = SQLiteStore(file, clock=clock)
    await store.open()
    generation = 0
    while True:
        generation += 1
        for number in range(keys):
            key = f"{name}:{number}"
            store.put(
                Entry(key, value_of(key, generation), False, clock.now(), tags=(f"{name}{number % 3}",))
            )
        await store.flush()
        if store.stats().writable:
            os.write(1, f"{generation}\n".encode())


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
