"""Files of records: private, versioned, one transaction at a time, and never lost for a doubt."""

import asyncio
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import aiosqlite
import anyio
import pytest

from isaacd.database import Database, Schema
from isaacd.errors import StorageUnavailable, UnsupportedVersion
from isaacd.log import open_log
from tests.fakes import FakeClock

pytestmark = pytest.mark.anyio

FIRST = ("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",)
SECOND = ("ALTER TABLE notes ADD COLUMN stars INTEGER NOT NULL DEFAULT 3",)
ONE = Schema(what="the notes", number=200, versions=(FIRST,))
TWO = Schema(what="the notes", number=200, versions=(FIRST, SECOND))
INSERT = "INSERT INTO notes (text) VALUES (?)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "private" / "notes.sqlite"


def database(file: Path, schema: Schema = ONE) -> Database:
    return Database(file, schema, clock=FakeClock(), log=open_log(file.parent.parent / "log", level="info"))


def folder_of(file: Path) -> Path:
    file.parent.mkdir()
    return file.parent


def link(file: Path, target: Path) -> Path:
    target.write_text("precious")
    folder_of(file)
    file.symlink_to(target)
    return target


def damage(file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"no database at all " * 500)


def contents(file: Path) -> bytes:
    return file.read_bytes()


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def moved_aside(file: Path) -> list[Path]:
    return [item for item in file.parent.iterdir() if "damaged" in item.name]


def move(file: Path) -> None:
    file.rename(file.with_name("gone"))
    for end in ("-wal", "-shm"):
        file.with_name(file.name + end).unlink()


async def texts(book: Database) -> list[str]:
    return [text for (text,) in await book.read("SELECT text FROM notes ORDER BY id")]


async def test_files_and_folder_are_private_whatever_the_umask(file: Path) -> None:
    before = os.umask(0)
    try:
        book = database(file)
        await book.execute(INSERT, ("a",))
        assert mode(file.parent) == 0o700
        for end in ("", "-wal", "-shm"):
            assert mode(file.with_name(file.name + end)) == 0o600
        await book.aclose()
    finally:
        os.umask(before)


async def test_a_file_that_was_open_to_others_is_closed_to_them(file: Path) -> None:
    book = database(file)
    await book.execute(INSERT, ("a",))
    await book.aclose()
    os.chmod(file, 0o644)  # noqa: PTH101
    assert await texts(book) == ["a"]
    assert mode(file) == 0o600
    await book.aclose()


async def test_a_link_in_the_files_place_is_refused(file: Path, tmp_path: Path) -> None:
    elsewhere = link(file, tmp_path / "elsewhere")
    with pytest.raises(StorageUnavailable, match="the notes"):
        await texts(database(file))
    assert contents(elsewhere) == b"precious"


async def test_an_older_file_is_brought_up_to_date_with_all_that_is_in_it(file: Path) -> None:
    old = database(file)
    await old.execute(INSERT, ("a",))
    await old.aclose()
    new = database(file, TWO)
    assert await new.read("SELECT text, stars FROM notes") == [("a", 3)]
    await new.aclose()


async def test_a_migration_that_fails_leaves_the_old_version(file: Path) -> None:
    old = database(file)
    await old.execute(INSERT, ("a",))
    await old.aclose()
    wrong = Schema(what="the notes", number=200, versions=(FIRST, (*SECOND, "SELECT nonsense FROM nowhere")))
    with pytest.raises(sqlite3.OperationalError):
        await texts(database(file, wrong))
    assert await texts(old) == ["a"]
    await old.aclose()


async def test_a_file_of_a_newer_version_is_refused_untouched(file: Path) -> None:
    new = database(file, TWO)
    await new.execute(INSERT, ("a",))
    await new.aclose()
    before = contents(file)
    with pytest.raises(UnsupportedVersion, match="newer Isaac"):
        await texts(database(file, ONE))
    assert contents(file) == before
    assert moved_aside(file) == []


async def test_a_file_of_somebody_else_is_refused_untouched(file: Path) -> None:
    folder_of(file)
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE precious (x)")
    other.commit()
    other.close()
    before = contents(file)
    with pytest.raises(UnsupportedVersion, match="is not the file of the notes"):
        await texts(database(file))
    assert contents(file) == before


async def test_a_damaged_file_is_moved_aside_and_said(file: Path) -> None:
    damage(file)
    book = database(file)
    assert await texts(book) == []
    (aside,) = moved_aside(file)
    assert contents(aside).startswith(b"no database")
    assert "was damaged" in book.notices[0]
    assert str(aside) in book.notices[0]
    await book.aclose()


async def test_two_that_meet_the_same_damage_keep_what_the_first_has_begun(file: Path) -> None:
    one, two = database(file), database(file)
    for book in (one, two):
        await book.execute(INSERT, ("a",))
    await one.aclose()
    await two.aclose()
    damage(file)
    await one.execute(INSERT, ("b",))
    await two.execute(INSERT, ("c",))
    assert await texts(one) == await texts(two) == ["b", "c"]
    assert len(moved_aside(file)) == 1
    await one.aclose()
    await two.aclose()


async def test_a_file_that_was_moved_under_us_is_left_for_the_one_that_has_its_name(file: Path) -> None:
    one, two = database(file), database(file)
    await one.execute(INSERT, ("a",))
    move(file)
    await two.execute(INSERT, ("b",))
    assert await texts(one) == ["b"]
    await one.aclose()
    await two.aclose()


async def test_a_wrong_statement_damages_nothing(file: Path) -> None:
    book = database(file)
    await book.execute(INSERT, ("a",))
    with pytest.raises(sqlite3.OperationalError):
        await book.read("SELECT sum(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 1)")
    with pytest.raises(sqlite3.IntegrityError):
        await book.execute("INSERT INTO notes (text) VALUES (NULL)")
    assert await texts(book) == ["a"]
    assert book.notices == []
    await book.aclose()


async def test_a_full_disk_is_said_and_changes_nothing(file: Path) -> None:
    book = database(file)
    await book.execute(INSERT, ("a",))

    async def fill(connection: aiosqlite.Connection) -> None:
        ((pages,),) = await connection.execute_fetchall("PRAGMA page_count")
        await connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    await book.write(fill)
    with pytest.raises(StorageUnavailable, match="the disk is full") as caught:
        await book.execute(INSERT, ("x" * 1_000_000,))
    assert str(file) in (caught.value.hint or "")
    assert await texts(book) == ["a"]
    await book.aclose()


async def test_a_transaction_is_all_or_nothing(file: Path) -> None:
    book = database(file)

    async def step(connection: aiosqlite.Connection) -> None:
        await connection.execute(INSERT, ("a",))
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed"):
        await book.write(step)
    assert await texts(book) == []
    await book.aclose()


@pytest.mark.parametrize("with_anyio", [True, False])
async def test_cancellation_waits_for_the_end_of_the_transaction(file: Path, *, with_anyio: bool) -> None:
    book = database(file)
    inside, go_on = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def step(connection: aiosqlite.Connection) -> None:
        inside.set()
        await connection.execute(INSERT, ("a",))
        await go_on.wait()
        done.append("step")

    async def asker() -> None:
        try:
            await book.write(step)
        finally:
            done.append("asker")

    with anyio.fail_after(90):
        if with_anyio:
            async with anyio.create_task_group() as group:
                group.start_soon(asker)
                await inside.wait()
                group.cancel_scope.cancel()
                asyncio.get_running_loop().call_later(0.05, go_on.set)
        else:
            task = asyncio.create_task(asker())
            await inside.wait()
            for _ in range(3):
                task.cancel()
                await asyncio.sleep(0)
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
    assert done == ["step", "asker"]
    assert await texts(book) == ["a"]
    await book.aclose()


async def test_two_writers_take_turns(file: Path) -> None:
    books = [database(file), database(file)]

    async def count(connection: aiosqlite.Connection) -> None:
        rows: Any = await connection.execute_fetchall("SELECT count(*) FROM notes")
        await connection.execute(INSERT, (f"{next(iter(rows))[0]}",))

    async with anyio.create_task_group() as group:
        for index in range(40):
            group.start_soon(books[index % 2].write, count)
    assert await texts(books[0]) == [str(number) for number in range(40)]
    for book in books:
        await book.aclose()


async def test_rows_are_given_a_few_at_a_time_in_order(file: Path) -> None:
    book = database(file)

    async def fill(connection: aiosqlite.Connection) -> None:
        await connection.executemany(INSERT, [(str(number),) for number in range(1000)])

    await book.write(fill)
    query = "SELECT id, text FROM notes WHERE text != ? AND id > ? ORDER BY id LIMIT ?"
    found = [row[1] async for row in book.iterate(query, ("500",))]
    assert found == [str(number) for number in range(1000) if number != 500]
    await book.aclose()


async def test_a_closed_file_opens_again(file: Path) -> None:
    book = database(file)
    await book.execute(INSERT, ("a",))
    await book.aclose()
    await book.aclose()
    assert await texts(book) == ["a"]
    await book.aclose()


async def test_a_migration_keeps_a_copy_that_an_older_isaac_can_read(file):
    old = database(file)
    await old.execute(INSERT, ("one",))
    await old.aclose()
    new = database(file, TWO)
    await new.execute("UPDATE notes SET stars = 5")
    await new.aclose()
    copy = file.with_name("notes.sqlite.version-1")
    assert mode(copy) == 0o600
    copy.rename(file)
    again = database(file)
    assert await again.read("SELECT * FROM notes") == [(1, "one")]
    await again.aclose()


async def test_without_room_for_the_copy_nothing_is_migrated(file):
    old = database(file)
    await old.execute(INSERT, ("one",))
    await old.aclose()
    (file.parent / ".notes.sqlite.version-partial").mkdir()  # so that the copy cannot be made
    new = database(file, TWO)
    with pytest.raises(StorageUnavailable):
        await new.read("SELECT stars FROM notes")
    assert await old.read("SELECT * FROM notes") == [(1, "one")]
    await old.aclose()


async def test_only_the_last_copy_stays(file):
    (folder_of(file) / "notes.sqlite.version-0").write_text("older")
    old = database(file)
    await old.execute(INSERT, ("one",))
    await old.aclose()
    new = database(file, TWO)
    await new.read("SELECT stars FROM notes")
    await new.aclose()
    assert [path.name for path in file.parent.glob("*.version-*")] == ["notes.sqlite.version-1"]
