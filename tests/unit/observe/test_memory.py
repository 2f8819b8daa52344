"""What a room holds: each object once, at the room of its class or at who holds it, while others go on."""

import sys
from types import ModuleType

import anyio
import msgspec
import pytest

from isaacd.observe.memory import describe, room_of, weigh

MANY = 5000


class Shelf:
    def __init__(self, kept: object) -> None:
        self.kept = kept


class Note(msgspec.Struct, gc=False):
    text: str


def module(name: str, **names: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(names)
    for value in names.values():
        if isinstance(value, type):
            value.__module__ = name
    return made


@pytest.fixture
def shelf_class() -> type[Shelf]:
    return type("Shelf", (Shelf,), {"__module__": "isaacd.shelves.shelf"})


def sizes(rooms) -> dict[str, int]:
    return {item.room: item.bytes for item in rooms}


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("isaacd", "isaacd"),
        ("isaacd.cache.levels.one", "isaacd.cache"),
        ("isaac_plugins.ask", "isaac_plugins.ask"),
        ("aiohttp.client", "aiohttp"),
        ("json.decoder", "python"),
        ("__main__", "python"),
    ],
)
def test_a_room_is_the_first_two_words_of_ours_and_the_name_of_a_library(name: str, room: str) -> None:
    assert room_of(name) == room


@pytest.mark.anyio
async def test_what_is_kept_belongs_to_the_class_that_keeps_it(shelf_class) -> None:
    kept = [bytes(1000) + bytes([n % 256, n // 256]) for n in range(100)]
    shelf = shelf_class(kept)
    before = sizes(await weigh(modules=[module("isaacd.elsewhere.other", nothing={})]))
    found = sizes(await weigh(modules=[module("isaacd.elsewhere.other", nothing={"shelf": shelf})]))
    assert found["isaacd.shelves"] >= sum(map(sys.getsizeof, kept)) + sys.getsizeof(kept)
    assert found["isaacd.elsewhere"] < before["isaacd.elsewhere"] + 2000


@pytest.mark.anyio
async def test_each_object_counts_once() -> None:
    big = ["x" * 10_000 + str(n) for n in range(10)]
    one = module("isaacd.cache.one", held=big)
    two = module("isaacd.history.two", held=big, again=[big, *big])
    total = sum(sizes(await weigh(modules=[one, two])).values())
    assert sum(map(sys.getsizeof, big)) <= total < sum(map(sys.getsizeof, big)) * 1.2


@pytest.mark.anyio
async def test_what_the_collector_does_not_know_is_found_too() -> None:
    note = Note("y" * 100_000)
    assert sizes(await weigh(modules=[module("isaacd.chats.one", held=(note,))]))["isaacd.chats"] > 100_000


@pytest.mark.anyio
async def test_others_go_on_meanwhile() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(others)
        await weigh(modules=[module("isaacd.cache.many", held=[[n] for n in range(MANY)])])
        group.cancel_scope.cancel()
    assert turns >= MANY // 1000


@pytest.mark.anyio
async def test_a_proxy_whose_object_is_gone_is_no_trouble(shelf_class) -> None:
    import weakref

    gone = shelf_class(1)
    proxy = weakref.proxy(gone)
    del gone
    assert await weigh(modules=[module("isaacd.cache.proxies", held=[proxy])])


@pytest.mark.anyio
async def test_the_whole_process_is_described_with_the_largest_first() -> None:
    card = await describe()
    assert [item.bytes for item in card.rooms] == sorted((item.bytes for item in card.rooms), reverse=True)
    assert {"python", "isaacd.context", "msgspec"} <= {item.room for item in card.rooms}
    if card.rss is not None and card.pss is not None and card.own is not None:
        assert sum(item.bytes for item in card.rooms) < card.rss
        assert card.own <= card.pss <= card.rss
