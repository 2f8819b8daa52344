"""Plain JSON out and in: nothing is lost, nothing comes twice, and what is here stays."""

from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.backup.export import export
from isaacd.backup.importing import bring_in
from isaacd.errors import InvalidParams, UnsupportedVersion
from isaacd.ledger.schema import FACTS, SUMS
from tests.kept_house import KEY, KeptHouse

CALL = {
    **dict.fromkeys(FACTS, 0),
    **dict.fromkeys(("id", "day", "provider", "kind", "model", "caller", "lane", "reason", "how"), "x"),
    "outcome": "ok",
    "cost": 7,
}


def a_house(folder: Path) -> KeptHouse:
    folder.mkdir(parents=True)
    return KeptHouse(folder)


def furnish(house: KeptHouse) -> None:
    house.furnish()
    house.write("config/aliases.json", '{"version": 1, "aliases": {"gs": "git status"}}')
    with closing(house.database("history")) as db:
        db.execute("INSERT INTO lines (text, name) VALUES ('ls -l', 'ls'), ('pwd', 'pwd')")
        for line, at, key in ((1, 5, None), (1, 5, None), (2, None, b"\x00\xff"), (2, 9, None)):
            db.execute(
                "INSERT INTO runs (line, at, exit, cwd, host, session, shell, key) VALUES (?, ?, 0, '/', 'h', 's', 'bash', ?)",
                (line, at, key),
            )
    with closing(house.database("chats")) as db:
        db.execute("INSERT INTO chats (name, created_at, used_at, head) VALUES ('tea', 1, 2, 2)")
        db.execute("INSERT INTO turns (chat, number, at, role, content) VALUES (1, 1, 1, 'user', 'hi')")
        db.execute(
            "INSERT INTO turns (chat, number, parent, at, role, content) VALUES (1, 2, 1, 2, 'assistant', 'ho')"
        )
    with closing(house.database("jobs")) as db:
        db.execute(
            "INSERT INTO schedules (words, spec, zone, anchor, kind, argv, label, env, caller, approval, catch_up, created_at)"
            " VALUES ('daily', 'd', 'UTC', 0, 'shell', '[]', 'l', '{}', 'c', x'01', 0, 3)"
        )
        for state in ("done", "queued"):
            db.execute(
                "INSERT INTO tasks (state, kind, argv, label, env, caller, resumable, owner, created_at, schedule)"
                f" VALUES ('{state}', '{state}', '[]', 'l', '{{}}', 'c', 0, 'o', 4, 1)"
            )
        db.execute("INSERT INTO output VALUES (1, 0, 1, x'c3')")
    with closing(house.database("ledger")) as db:
        add_call(db, CALL)
    with closing(house.database("plugin:greet")) as db:
        db.execute("INSERT INTO state VALUES ('seen', x'a1')")


def add_call(db, call) -> None:
    db.execute(
        f"INSERT INTO calls ({', '.join(call)}) VALUES ({', '.join('?' * len(call))})", list(call.values())
    )
    db.execute(
        f"INSERT INTO days (day, caller, provider, model, {', '.join(SUMS)}) VALUES ('x', 'x', 'x', 'x', {', '.join('?' * len(SUMS))})",
        [1 if name in ("calls", "ok") else 7 if name == "cost" else 0 for name in SUMS],
    )


def document(house: KeptHouse, file: Path) -> dict:
    export(house.paths, file, now=0.0)
    return msgspec.json.decode(file.read_bytes())


def test_all_of_it_comes_over_and_back_again(tmp_path):
    old, new = a_house(tmp_path / "old"), a_house(tmp_path / "new")
    furnish(old)
    said = document(old, tmp_path / "a.json")
    bring_in(new.paths, tmp_path / "a.json", now=1.0)
    again = document(new, tmp_path / "b.json")
    (schedule,) = again["jobs"]["schedules"]
    assert (schedule["paused"], schedule["approval"]) == (1, None)
    assert [task["state"] for task in again["jobs"]["tasks"]] == ["done", "interrupted"]
    for part in (said, again):
        del part["jobs"]["schedules"], part["jobs"]["tasks"]
    assert again == said
    with closing(new.database("history")) as db:
        assert db.execute("SELECT uses FROM lines ORDER BY id").fetchall() == [(2,), (2,)]


def test_a_second_time_adds_nothing(tmp_path):
    old, new = a_house(tmp_path / "old"), a_house(tmp_path / "new")
    furnish(old)
    export(old.paths, tmp_path / "a.json", now=0.0)
    bring_in(new.paths, tmp_path / "a.json", now=1.0)
    before = document(new, tmp_path / "b.json")
    done = bring_in(new.paths, tmp_path / "a.json", now=2.0)
    assert (done.added, done.settings, done.differ) == ({}, (), ())
    assert document(new, tmp_path / "c.json") == before


def test_where_it_came_from_nothing_changes(tmp_path):
    house = a_house(tmp_path / "old")
    furnish(house)
    before = document(house, tmp_path / "a.json")
    assert bring_in(house.paths, tmp_path / "a.json", now=1.0).added == {}
    assert document(house, tmp_path / "b.json") == before


def test_what_is_here_keeps_its_number_and_its_name(tmp_path):
    old, new = a_house(tmp_path / "old"), a_house(tmp_path / "new")
    furnish(old)
    new.note("mine")
    with closing(new.database("chats")) as db:
        db.execute("INSERT INTO chats (name, created_at, used_at) VALUES ('tea', 77, 77)")
    new.write("config/config.toml", "[ai]\nmodel = 'mine'\n")
    export(old.paths, tmp_path / "a.json", now=0.0)
    done = bring_in(new.paths, tmp_path / "a.json", now=1.0)
    assert new.notes() == ["mine", "the first"]
    assert done.differ == ("config.toml",)
    with closing(new.database("chats")) as db:
        assert db.execute("SELECT name FROM chats ORDER BY id").fetchall() == [("tea",), ("tea-2",)]
        ((head, content),) = db.execute(
            "SELECT turns.chat, content FROM chats JOIN turns ON turns.id = head WHERE name = 'tea-2'"
        ).fetchall()
    assert (head, content) == (2, "ho")


def test_sums_of_the_ledger_count_new_calls_once(tmp_path):
    old, new = a_house(tmp_path / "old"), a_house(tmp_path / "new")
    with closing(old.database("ledger")) as db:
        add_call(db, CALL)
    with closing(new.database("ledger")) as db:
        add_call(db, {**CALL, "id": "other"})
    export(old.paths, tmp_path / "a.json", now=0.0)
    for _ in range(2):
        bring_in(new.paths, tmp_path / "a.json", now=1.0)
    with closing(new.database("ledger")) as db:
        assert db.execute("SELECT calls, ok, cost FROM days").fetchall() == [(2, 2, 14)]


def test_no_key_is_ever_exported(tmp_path):
    house = a_house(tmp_path / "old")
    furnish(house)
    export(house.paths, tmp_path / "a.json", now=0.0)
    assert KEY not in (tmp_path / "a.json").read_text()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"{}",
        b'{"isaac_export": 1, "settings": {"../x": "y"}}',
        b'{"isaac_export": 1, "settings": {"keys/openai": "y"}}',
        b'{"isaac_export": 1, "notes": {"notes": [{"text": 1e999}]}}',
        b'{"isaac_export": 1, "notes": {"notes": [{"text": {"a": 1}, "created_at": 1}]}}',
        b'{"isaac_export": 1, "notes": {"notes": [3]}}',
        b'{"isaac_export": 1, "notes": {"notes": "no"}}',
        b'{"isaac_export": 1, "notes": 5}',
        b'{"isaac_export": 1, "settings": ["x"]}',
        b'{"isaac_export": 1, "notes": ' + b"[" * 100_000,
        # What comes first is well, what comes later is not.
        b'{"isaac_export": 1, "notes": {"notes": [{"text": "a", "created_at": 1}]},'
        b' "jobs": {"output": [{"data": {"base64": "!"}}]}}',
        b'{"isaac_export": 1, "notes": {"notes": [{"text": "a", "created_at": 1}]}, "settings": {"a//b": ""}}',
    ],
)
def test_what_is_no_export_is_refused(tmp_path, said):
    house = a_house(tmp_path / "home")
    house.furnish()
    before = house.seen()
    (tmp_path / "a.json").write_bytes(said)
    with pytest.raises(InvalidParams):
        bring_in(house.paths, tmp_path / "a.json", now=1.0)
    assert house.seen() == before


def test_a_newer_export_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"isaac_export": 2}')
    with pytest.raises(UnsupportedVersion):
        bring_in(a_house(tmp_path / "home").paths, tmp_path / "a.json", now=1.0)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "ü\n"]), st.integers(0, 2)), max_size=6), st.data())
def test_importing_twice_is_importing_once(tmp_path_factory, notes, data):
    base = tmp_path_factory.mktemp("homes")
    old, new = a_house(base / "old"), a_house(base / "new")
    for text, at in notes:
        old.note(text, at)
    for text, at in data.draw(st.lists(st.sampled_from(notes), max_size=3) if notes else st.just([])):
        new.note(text, at)
    had = new.notes()
    export(old.paths, base / "a.json", now=0.0)
    bring_in(new.paths, base / "a.json", now=1.0)
    once = new.notes()
    bring_in(new.paths, base / "a.json", now=2.0)
    assert new.notes() == once
    assert once[: len(had)] == had
    for text in {text for text, _ in notes}:
        assert once.count(text) >= old.notes().count(text)
