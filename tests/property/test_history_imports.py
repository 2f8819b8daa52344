"""What shells write into their files is read as it was typed, and importing twice adds nothing."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.errors import InvalidParams, NotFound
from isaacd.history.cards import Query, RunCard
from isaacd.history.importing.bash import read_bash
from isaacd.history.importing.fish import read_fish
from isaacd.history.importing.sources import history_file, read_file
from isaacd.history.importing.zsh import read_zsh
from tests.history_house import HistoryHouse

# Printable, so that no shell would have trouble with it; lines in between.
LINE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() and text[0] not in "#: "
)
COMMAND = st.lists(LINE, min_size=1, max_size=3).map("\n".join)
TIME = st.integers(1_000_000_000, 2_000_000_000)
ENTRIES = st.lists(st.tuples(COMMAND, TIME), max_size=8)


def metafied(text: str) -> bytes:
    """Write as zsh does: bytes that mean something to it become 83 and the byte with 20 flipped."""
    out = bytearray()
    for byte in text.encode():
        if byte == 0 or 0x83 <= byte <= 0xA2:
            out += bytes((0x83, byte ^ 0x20))
        else:
            out.append(byte)
    return bytes(out)


@given(ENTRIES)
def test_bash_with_times(entries):
    data = "".join(f"#{at}\n{command}\n" for command, at in entries).encode()
    assert [(run.command, run.started_us) for run in read_bash(data)] == [
        (command, at * 1_000_000) for command, at in entries
    ]


@given(st.lists(LINE.filter(lambda text: not set(text) & set("'\"\\")), max_size=8))
def test_bash_without_times(lines):
    data = "".join(f"{line}\n" for line in lines).encode()
    assert [(run.command, run.started_us) for run in read_bash(data)] == [(line, None) for line in lines]


def test_bash_without_times_keeps_what_belongs_together():
    data = b"echo 'a\nb'\nls \\\n  -l\necho \"it's\"\npwd # isn't it\nls\n"
    assert [run.command for run in read_bash(data)] == [
        "echo 'a\nb'",
        "ls \\\n  -l",
        'echo "it\'s"',
        "pwd # isn't it",
        "ls",
    ]


def test_bash_whose_times_begin_in_the_middle():
    data = b"old\nolder\n#1700000000\nnew\nafter\n"
    assert [(run.command, run.started_us) for run in read_bash(data)] == [
        ("old", None),
        ("older", None),
        ("new", 1_700_000_000_000_000),
        ("after", None),
    ]


@given(
    st.lists(st.tuples(COMMAND.filter(lambda text: "\\" not in text), TIME, st.integers(0, 9999)), max_size=8)
)
def test_zsh_extended(entries):
    data = b"".join(
        f": {at}:{took};".encode() + metafied(command.replace("\n", "\\\n")) + b"\n"
        for command, at, took in entries
    )
    assert [(run.command, run.started_us, run.duration_us) for run in read_zsh(data)] == [
        (command, at * 1_000_000, took * 1_000_000) for command, at, took in entries
    ]


def test_zsh_plain():
    assert [run.command for run in read_zsh(b"ls\nfor i in 1; do\\\necho $i\\\ndone\necho a\\ \n")] == [
        "ls",
        "for i in 1; do\necho $i\ndone",
        "echo a\\",
    ]


@given(ENTRIES)
def test_fish(entries):
    data = "".join(
        f"- cmd: {command.replace(chr(92), chr(92) * 2).replace(chr(10), chr(92) + 'n')}\n  when: {at}\n  paths:\n    - x\n"
        for command, at in entries
    ).encode()
    assert [(run.command, run.started_us) for run in read_fish(data)] == [
        (command, at * 1_000_000) for command, at in entries
    ]


@given(st.binary(max_size=200))
def test_no_bytes_break_a_reader(noise):
    for reader in (read_bash, read_zsh, read_fish):
        for run in reader(noise):
            run.command.encode()


def atuin(file: Path, rows: list[tuple[object, ...]]) -> Path:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "CREATE TABLE history (id text primary key, timestamp integer not null, duration integer not null, "
            "exit integer not null, command text not null, cwd text not null, session text not null, "
            "hostname text not null, deleted_at integer, unique(timestamp, cwd, command))"
        )
        connection.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    return file


def test_atuin(tmp_path):
    file = atuin(
        tmp_path / "history db.sqlite",
        [
            ("a1", 1_700_000_000_123_456_789, 1_500_000_000, 2, "make", "/srv", "s1", "box:ada", None),
            ("a2", 1_700_000_001_000_000_000, -1, -1, "ls", "unknown", "s1", "box:ada", None),
            ("a3", 1_700_000_002_000_000_000, 1, 0, "gone", "/", "s1", "box:ada", 1_700_000_003),
        ],
    )
    (one, first), (two, second) = read_file("atuin", file)
    assert (one, two) == ("a1", "a2")
    assert (first.command, first.started_us, first.duration_us, first.exit_code, first.cwd, first.host) == (
        "make", 1_700_000_000_123_456, 1_500_000, 2, "/srv", "box",
    )  # fmt: skip
    assert (second.duration_us, second.exit_code) == (None, None)


def test_what_is_no_history_is_refused_in_words(tmp_path):
    (tmp_path / "x").write_text("ls\n")
    with pytest.raises(InvalidParams, match="no history of atuin"):
        list(read_file("atuin", tmp_path / "x"))
    with pytest.raises(InvalidParams, match="is a database"):
        list(read_file("bash", atuin(tmp_path / "y", [])))
    with pytest.raises(NotFound):
        list(read_file("bash", tmp_path / "z"))
    with pytest.raises(NotFound, match="no history of fish"):
        history_file("fish", {"HOME": str(tmp_path)})


async def no_progress(_done: int) -> None:
    pass


async def imported(house: HistoryHouse, source: str, file: Path, times: int) -> list[RunCard]:
    for _ in range(times):
        added = await house.history.take_in(source, file, no_progress)  # type: ignore[arg-type]
    assert added.added == 0 or times == 1
    found = await house.history.search(Query(), limit=100_000)
    await house.history.aclose()
    return found


@given(
    st.lists(
        st.tuples(st.sampled_from(["ls", "make", "pwd"]), st.integers(1_700_000_000, 1_700_000_002)),
        max_size=12,
    )
)
@settings(max_examples=20, deadline=None)
def test_importing_twice_adds_nothing_and_once_all(tmp_path_factory, entries):
    base = tmp_path_factory.mktemp("h")
    for source, text in (
        ("bash", "".join(f"#{at}\n{command}\n" for command, at in entries)),
        ("zsh", "".join(f"{command}\n" for command, _ in entries)),
    ):
        (base / source).mkdir()
        file = base / f"{source}.history"
        file.write_text(text)
        house = HistoryHouse(base / source)
        assert len(asyncio.run(imported(house, source, file, 2))) == len(entries)


def test_a_file_that_has_grown_adds_what_is_new(tmp_path):
    file = tmp_path / "history"
    house = HistoryHouse(tmp_path / "home")
    file.write_text("ls\nls\n")

    async def grow() -> list[int]:
        first = await house.history.take_in("bash", file, no_progress)
        file.write_text("ls\nls\nmake\nls\n")
        second = await house.history.take_in("bash", file, no_progress)
        await house.history.aclose()
        return [first.added, second.added, second.known]

    assert asyncio.run(grow()) == [2, 2, 2]


def test_what_the_shell_itself_has_told_is_not_added_again_and_secrets_are_masked(tmp_path):
    file = tmp_path / "history"
    house = HistoryHouse(tmp_path / "home")
    house.run("make", at=1_700_000_000.3)
    file.write_text(
        "#1700000000\nmake\n#1700000009\nmake\n#1700000010\nexport TOKEN=hunter2pw\n#1700000011\n hidden\n"
    )
    found = asyncio.run(imported(house, "bash", file, 1))
    assert [run.command for run in found] == ["export TOKEN=[redacted]", "make", "make"]
    assert not any(b"hunter2pw" in data for name, data in house.files().items())
