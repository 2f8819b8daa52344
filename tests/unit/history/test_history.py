"""The history: what shells append is found, counted and forgotten, and no secret is in it."""

import stat

import pytest

from isaacd.config import ShellConfig
from isaacd.history.cards import Query
from tests.history_house import NOW, HistoryHouse

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[True, False], ids=["fts5", "without"])
async def house(request, tmp_path):
    made = HistoryHouse(tmp_path, use_fts=request.param)
    yield made
    await made.history.aclose()


async def found(house: HistoryHouse, text: str = "", **conditions: object) -> list[str]:
    fuzzy, unique = bool(conditions.pop("fuzzy", False)), bool(conditions.pop("unique", False))
    query = Query(text=text, **conditions)  # type: ignore[arg-type]
    return [run.command for run in await house.history.search(query, fuzzy=fuzzy, unique=unique)]


async def test_what_a_shell_appends_is_there_with_all_it_knows(house):
    house.run("make -j4", at=NOW - 60, duration_s=12.5, exit_code=2, session="7.1", cwd="/srv/x")
    (run,) = await house.history.search(Query())
    assert (run.command, run.at, run.duration_s, run.exit) == ("make -j4", NOW - 60, 12.5, 2)
    assert (run.session, run.host, run.shell, run.cwd, run.runs) == ("7.1", "box", "bash", "/srv/x", 1)


async def test_the_latest_comes_first_and_a_line_once_if_that_is_wanted(house):
    for second, command in enumerate(["ls", "pwd", "ls"]):
        house.run(command, at=NOW + second)
    assert await found(house) == ["ls", "pwd", "ls"]
    assert await found(house, unique=True) == ["ls", "pwd"]


async def test_words_are_found_in_any_order_and_begun(house):
    for command in ["docker compose up -d", "docker ps", "grep -r compose .", "echo 'a \"b\" c'"]:
        house.run(command)
    assert await found(house, "compose docker") == ["docker compose up -d"]
    assert sorted(await found(house, "comp")) == ["docker compose up -d", "grep -r compose ."]
    assert await found(house, "ompos up") == ["docker compose up -d"]
    assert await found(house, '"b"') == ["echo 'a \"b\" c'"]
    assert await found(house, "NEAR( OR *") == []
    assert sorted(await found(house, "ocker")) == ["docker compose up -d", "docker ps"]


async def test_what_is_no_text_is_looked_for_as_it_was_kept(house):
    house.run("cat caf\udce9")
    assert await found(house, "caf\udce9") == ["cat caf\\xe9"]
    assert await found(house, "\ud800\0", cwd="\ud800", pattern="\udcff*") == []


async def test_letters_may_be_left_out_or_mistyped(house):
    for command in ["docker compose up", "git commit --amend", "ls -la"]:
        house.run(command)
    assert await found(house, "gcam", fuzzy=True) == ["git commit --amend"]
    assert (await found(house, "dokcer", fuzzy=True))[0] == "docker compose up"
    assert await found(house, "zzzz", fuzzy=True) == []


async def test_conditions_hold_together(house):
    house.run("make", at=NOW, exit_code=2, cwd="/srv/a", session="1", host="x")
    house.run("make", at=NOW + 10, exit_code=0, cwd="/srv/ab", session="2", host="y", shell="zsh")
    house.run("ls", at=NOW + 20, exit_code=130, cwd="/srv/a/b", session="2", host="x")
    house.run("tail -f", at=NOW + 30, exit_code=None, cwd="/", session="3", host="x")
    assert await found(house, cwd="/srv/a") == ["ls", "make"]
    assert await found(house, cwd="/") == ["tail -f", "ls", "make", "make"]
    assert await found(house, failed=True) == ["make"]
    assert await found(house, failed=False) == ["ls", "make"]
    assert await found(house, exit=130) == ["ls"]
    assert await found(house, "make", session="2") == ["make"]
    assert await found(house, host="x", since=NOW + 5) == ["tail -f", "ls"]
    assert await found(house, until=NOW + 10, since=NOW + 10) == ["make"]
    assert await found(house, shell="zsh") == ["make"]
    assert await found(house, pattern="ma*") == ["make", "make"]


async def test_the_last_command_is_that_of_the_session_and_none_of_isaac(house):
    house.run("make", at=NOW, exit_code=2, session="1")
    house.run("ls", at=NOW + 1, session="2")
    house.run("isaacctl fix", at=NOW + 2, session="1", exit_code=1)
    last = await house.history.last(session="1")
    assert last is not None
    assert last.command == "make"
    failed = await house.history.last(failed=True)
    assert failed is not None
    assert failed.command == "make"
    assert await house.history.last(session="3") is None


async def test_secrets_are_masked_before_they_are_kept_and_the_spool_is_emptied(house):
    house.run("mysql -u root -phunter2pw shop")
    house.run("export API_TOKEN=hunter2pw")
    assert sorted(await found(house)) == ["export API_TOKEN=[redacted]", "mysql -u root -p[redacted] shop"]
    assert not any(b"hunter2pw" in data for data in house.files().values())
    assert all("hunter2pw" not in str(event) for event in house.events)


async def test_what_is_not_to_be_kept_is_not(house):
    house.config = ShellConfig(ignore=("cd *", "*password*"))
    for command in [" secret", "cd /tmp", "less my password.txt", "cdrecord"]:
        house.run(command)
    assert await found(house) == ["cdrecord"]
    house.config = ShellConfig(history=False)
    house.run("ls")
    assert await found(house) == ["cdrecord"]
    assert (house.spool / "commands").read_bytes() == b""


async def test_others_are_told_of_what_was_run(house):
    house.run("make", exit_code=2, duration_s=1.5, cwd="/srv")
    await house.history.drain()
    ((name, data),) = house.events
    assert name == "history.added"
    assert data == {
        "command": "make", "cwd": "/srv", "exit": 2, "at": NOW, "duration_s": 1.5, "session": "1.1", "host": "box",
        "shell": "bash",
    }  # fmt: skip


async def test_figures_add_up(house):
    for second in range(4):
        house.run("make test", at=NOW + second, exit_code=second % 2, duration_s=10 + second)
    house.run("sudo -u x make install", at=NOW + 9, exit_code=None, duration_s=None)
    house.run("ls", at=NOW + 10, exit_code=130, duration_s=0.25, cwd="/srv")
    stats = await house.history.stats(Query(), top=5)
    assert (stats.runs, stats.lines, stats.failed, stats.failure_rate) == (6, 3, 2, 0.4)
    assert [(row.name, row.runs, row.failed, row.failure_rate) for row in stats.names] == [
        ("make", 5, 2, 0.5),
        ("ls", 1, 0, 0.0),
    ]
    assert stats.names[0].mean_s == 11.5
    assert stats.total_s == 46.25
    assert (stats.slowest[0].command, stats.slowest[0].seconds) == ("make test", 13.0)
    assert sum(stats.hours) == 6
    assert stats.places[0].cwd == "/home/ada"
    assert (await house.history.stats(Query(text="install"))).runs == 1
    assert await house.history.counts() == {"make": 5, "ls": 1}


async def test_an_empty_history_has_figures_too(house):
    stats = await house.history.stats(Query())
    assert (stats.runs, stats.failure_rate, stats.median_s, stats.first_at) == (0, None, None, None)


async def test_what_is_forgotten_is_in_no_file_any_more(house):
    for number in range(300):
        house.run(f"deploy unspeakable-{number} --now", at=NOW + number)
        house.run(f"ls {number}", at=NOW + number)
    await house.history.drain()
    house.run("deploy unspeakable-late")
    would = await house.history.forget(Query(pattern="*unspeakable*"), dry_run=True)
    assert (would.runs, would.dry_run, len(await found(house, "unspeakable"))) == (301, True, 100)
    gone = await house.history.forget(Query(pattern="*unspeakable*"), dry_run=False)
    assert gone.runs == 301
    assert await found(house, "unspeakable") == []
    await house.history.aclose()
    assert not any(b"unspeakable" in data for data in house.files().values())
    assert len(await house.history.search(Query(), limit=1000)) == 300


async def test_a_line_stays_as_long_as_somebody_has_run_it_elsewhere(house):
    house.run("ls", session="1")
    house.run("ls", session="2")
    await house.history.forget(Query(session="1"), dry_run=False)
    (run,) = await house.history.search(Query(text="ls"))
    assert (run.session, run.runs) == ("2", 1)


async def test_times_and_sessions_are_forgotten_as_asked(house):
    for second in range(5):
        house.run(f"ls {second}", at=NOW + second)
    await house.history.forget(Query(since=NOW + 1, until=NOW + 3), dry_run=False)
    assert await found(house) == ["ls 4", "ls 0"]


async def test_files_are_private(house):
    house.run("ls")
    await house.history.drain()
    for path in (house.spool / "commands", house.paths.data_dir / "history.sqlite"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_torn_records_are_counted_and_told(house):
    house.run("before")
    with (house.spool / "commands").open("ab") as file:
        file.write(b"\x1e1\t12345")
    house.run("after")
    assert sorted(await found(house)) == ["after", "before"]
    assert (await house.history.stats(Query())).torn == 1


async def test_a_link_in_place_of_the_spool_is_not_followed(house, tmp_path):
    house.run("ls")
    other = tmp_path / "other"
    other.write_text("precious")
    (house.spool / "commands").unlink()
    (house.spool / "commands").symlink_to(other)
    await house.history.drain()
    assert other.read_text() == "precious"
    assert not (house.spool / "commands").is_symlink()


async def test_typing_mistakes_learn_what_is_used(house):
    for second in range(40):
        house.run("git status", at=NOW + second)
    house.run("got")
    await house.history.drain()
    assert house.learned.often("git") == 1.0
    assert house.learned.often("got") == house.learned.often("gut") == 0.0


async def test_a_moved_file_is_begun_anew(house):
    house.run("ls 1")
    await house.history.drain()
    await house.history.aclose()
    house.history.store.file.write_bytes(b"nonsense" * 1000)
    house.run("ls 2")
    assert await found(house, "ls") == ["ls 2"]
    assert "damaged" in house.history.store.notices[0]


async def test_times_that_cannot_be_are_not_known(house):
    for number in range(4):
        house.run(f"ls {number}", at=3e11, duration_s=4e11)
    house.run("ls now")
    runs = await house.history.search(Query())
    assert {(run.at, run.duration_s) for run in runs} == {(NOW, 0.5), (None, None)}
    assert (await house.history.stats(Query())).total_s == 0.5
