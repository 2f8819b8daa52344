"""Laws of a plugin's state: typed values, all or nothing, a quota, and no other plugin's."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import msgspec
import pytest

from isaacd.belongings.state import MAX_KEY_CHARS, State, Transaction
from isaacd.belongings.state_file import StateFile
from isaacd.errors import InvalidParams, Overloaded, PluginFailed, QuotaExceeded, StorageUnavailable
from isaacd.log import open_log
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio


class Note(msgspec.Struct):
    text: str
    tags: list[str] = []


class House:
    """The states of plugins in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[StateFile] = []

    def keeper(self, plugin: str = "p", quota_bytes: int = 1000) -> StateFile:
        log = open_log(self.folder / "log")
        file = StateFile(
            plugin,
            self.folder / plugin / "state.sqlite",
            clock=FakeClock(),
            log=log,
            quota_bytes=quota_bytes,
        )
        self.files.append(file)
        return file

    def state(self, plugin: str = "p", quota_bytes: int = 1000) -> State:
        return State(self.keeper(plugin, quota_bytes))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    for file in made.files:
        await file.aclose()


async def test_however_many_change_one_key_at_once_each_of_them_counts(house: House) -> None:
    state = house.state()

    async def count(transaction: Transaction) -> None:
        number = await transaction.get("number", int, 0)
        transaction.set("number", number + 1)

    async with anyio.create_task_group() as group:
        for _ in range(120):
            group.start_soon(state.transaction, count)
    assert await state.get("number") == 120


async def test_a_value_comes_back_as_the_type_that_is_asked_for(house: House) -> None:
    state = house.state()
    await state.set("note", Note("buy milk", ["home"]))
    assert await state.get("note", Note) == Note("buy milk", ["home"])
    assert await state.get("note") == {"text": "buy milk", "tags": ["home"]}
    assert await state.get("missing", Note) is None
    assert await state.get("missing", int, 7) == 7
    with pytest.raises(PluginFailed, match="'note' is not what was asked for"):
        await state.get("note", int)


async def test_who_only_looks_makes_no_file(house: House) -> None:
    state = house.state()
    assert await state.get("x") is None
    assert [item async for item in state.items()] == []
    assert not (house.folder / "p").exists()


async def test_no_plugin_sees_the_state_of_another(house: House) -> None:
    one, other = house.state("one"), house.state("other")
    await one.set("x", 1)
    assert await other.get("x") is None
    await other.set("x", 2)
    assert await one.get("x") == 1


async def test_items_come_in_order_with_their_prefix_and_in_constant_pieces(house: House) -> None:
    state = house.state(quota_bytes=1_000_000)
    for number in range(700):
        await state.set(f"n:{number:04}", number)
    await state.set("m%", "other")
    await state.set("n", "shorter")
    assert [value async for _, value in state.items("n:", int)] == [*range(700)]
    assert [key async for key, _ in state.items("m%")] == ["m%"]
    assert len([key async for key, _ in state.items()]) == 702


async def test_a_transaction_is_all_or_nothing(house: House) -> None:
    state = house.state()
    await state.set("a", 1)

    async def broken(transaction: Transaction) -> None:
        transaction.set("a", 2)
        transaction.delete("b")
        assert await transaction.get("a", int) == 2
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await state.transaction(broken)
    assert await state.get("a") == 1


async def test_transactions_of_many_at_once_lose_nothing(house: House) -> None:
    state = house.state()

    async def more(transaction: Transaction) -> None:
        count = await transaction.get("n", int, 0)
        await anyio.lowlevel.checkpoint()
        transaction.set("n", count + 1)

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(state.transaction, more)
    assert await state.get("n") == 20


async def test_a_transaction_that_never_comes_through_says_so(house: House) -> None:
    state = house.state()

    async def disturbed(transaction: Transaction) -> None:
        count = await transaction.get("n", int, 0)
        await state.set("n", count + 1)
        transaction.set("n", -1)

    with pytest.raises(Overloaded):
        await state.transaction(disturbed)


async def test_delete_says_whether_there_was_something(house: House) -> None:
    state = house.state()
    await state.set("a", None)
    assert await state.delete("a") is True
    assert await state.delete("a") is False


async def test_over_the_quota_nothing_is_changed_and_room_can_be_made(house: House) -> None:
    state = house.state(quota_bytes=200)
    await state.set("a", "x" * 150)
    with pytest.raises(QuotaExceeded, match="the state of the plugin p would take") as refused:
        await state.set("b", "y" * 150)
    assert "200" in refused.value.message
    assert await state.get("b") is None
    with pytest.raises(QuotaExceeded):
        await state.set("a", "x" * 300)
    assert await state.get("a") == "x" * 150
    await state.set("a", "z")
    await state.set("b", "y" * 150)
    smaller = house.state(quota_bytes=10)
    await smaller.set("b", "y" * 100)
    assert await smaller.get("b") == "y" * 100


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY_CHARS + 1), "a\0b", "\ud800", 7, None])
async def test_what_is_no_key_is_refused(house: House, key: object) -> None:
    state = house.state()
    with pytest.raises(InvalidParams, match="key of the state"):
        await state.set(key, 1)  # type: ignore[arg-type]
    with pytest.raises(InvalidParams, match="key of the state"):
        await state.get(key)  # type: ignore[call-overload]


@pytest.mark.parametrize("value", [object(), {1j}, 2**70])
async def test_what_cannot_be_kept_is_refused_before_anything_is_changed(house: House, value: object) -> None:
    state = house.state()
    await state.set("a", 1)
    with pytest.raises(TypeError):
        await state.set("a", value)
    assert await state.get("a") == 1


async def test_a_file_that_cannot_be_used_is_told_and_a_damaged_one_begun_anew(house: House) -> None:
    state = house.state()
    await state.set("a", 1)
    for file in house.files:
        await file.aclose()
    path = house.folder / "p/state.sqlite"
    path.write_bytes(b"nonsense" * 1000)
    assert await house.state().get("a") is None
    (house.folder / "q").mkdir()
    (house.folder / "q/state.sqlite").mkdir()
    with pytest.raises(StorageUnavailable):
        await house.state("q").set("a", 1)
