"""However often whoever takes the spool in is killed, and however shells write meanwhile: each record is kept once."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isaacd.history.cards import Query
from isaacd.history.drain import Spool, Taken
from tests.history_house import NOW, HistoryHouse

DRAINER = """
import asyncio, sys
from pathlib import Path
from tests.history_house import HistoryHouse

async def main():
    house = HistoryHouse(Path(sys.argv[1]))
    print("ready", flush=True)
    while True:
        await house.history.drain()

asyncio.run(main())
"""


async def all_commands(base: Path) -> Counter[str]:
    house = HistoryHouse(base)
    try:
        return Counter(run.command for run in await house.history.search(Query(), limit=1_000_000))
    finally:
        await house.history.aclose()


def test_nothing_is_lost_or_doubled_by_sigkill(tmp_path):
    house = HistoryHouse(tmp_path)
    chance = random.Random(20261201)
    expected: Counter[str] = Counter()
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", DRAINER, str(tmp_path)], stdout=subprocess.PIPE, env=environ
        ) as drainer:
            assert drainer.stdout is not None
            assert drainer.stdout.readline() == b"ready\n"
            for _ in range(chance.randrange(50, 400)):
                command = f"run {len(expected)} {'x' * chance.randrange(3000)}"
                house.run(command)
                expected[command] += 1
            drainer.send_signal(signal.SIGKILL)
    assert asyncio.run(all_commands(tmp_path)) == expected
    # The last to be killed may have left the name that it was about to remove.
    house.history.spool.sweep()
    assert {file.name for file in house.spool.iterdir()} == {"commands"}


class Killed(BaseException):
    """The process ended here."""


STEPS = ("take", "read", "add", "remove", "tidy")


@given(
    st.lists(
        st.one_of(
            st.integers(1, 4),
            st.sampled_from([(step, when) for step in STEPS for when in ("before", "after")]),
        ),
        max_size=12,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_it_is_killed_each_record_is_kept_once(tmp_path_factory, script):
    base = tmp_path_factory.mktemp("h")
    shells = HistoryHouse(base)
    count = 0

    async def die(step: str, when: str) -> None:
        house = HistoryHouse(base)
        cut(house, step, when)
        try:
            await house.history.drain()
        except Killed:
            pass
        finally:
            await house.history.aclose()

    for move in script:
        if isinstance(move, int):
            for _ in range(move):
                shells.run(f"run {count}", at=NOW + count)
                count += 1
        else:
            asyncio.run(die(*move))
    assert asyncio.run(all_commands(base)) == Counter(f"run {number}" for number in range(count))


def cut(house: HistoryHouse, step: str, when: str) -> None:
    """Have the process end before or after a step."""
    history = house.history
    owner, name = {
        "take": (history.spool, "take"),
        "read": (history, "_read"),
        "add": (history.store, "add"),
        "remove": (history, "_remove"),
        "tidy": (history, "_tidy"),
    }[step]
    whole = getattr(owner, name)
    if asyncio.iscoroutinefunction(whole):

        async def slowly(*args, **kwargs):
            if when == "after":
                await whole(*args, **kwargs)
            raise Killed

        setattr(owner, name, slowly)
        return

    def at_once(*args, **kwargs):
        if when == "after":
            whole(*args, **kwargs)
        raise Killed

    setattr(owner, name, at_once)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "spool")
    made.prepare()
    return made


def test_a_spool_that_a_shell_still_has_open_is_left_until_it_is_closed(spool):
    with spool.file.open("ab", buffering=0) as shell:
        shell.write(b"first\n")
        assert spool.take() == []
        shell.write(b"second\n")
    (taken,) = spool.take()
    assert b"".join(taken.pieces()) == b"first\nsecond\n"


def test_what_is_removed_is_overwritten_first(spool):
    spool.file.write_bytes(b"secret\n")
    (taken,) = spool.take()
    with taken.path.open("rb") as still_open:
        taken.remove()
        assert still_open.read() == bytes(7)
    assert not taken.path.exists()


def test_a_shell_that_is_faster_than_the_new_file_loses_nothing(spool):
    spool.file.write_bytes(b"one\n")
    spool.take()[0].remove()
    spool.file.unlink()
    before = os.umask(0)
    try:
        spool.file.write_bytes(b"two\n")
    finally:
        os.umask(before)
    spool.prepare()
    assert spool.file.read_bytes() == b"two\n"
    assert spool.file.stat().st_mode & 0o777 == 0o600


def test_what_dead_shells_and_daemons_left_is_swept_away(spool):
    (spool.folder / f"line-{os.getpid()}").touch()
    with subprocess.Popen(["true"]) as ended:
        pass
    (spool.folder / f"line-{ended.pid}").touch()
    (spool.folder / f"new-{os.getpid()}-00ff").touch()
    (spool.folder / f"new-{ended.pid}-00ff").touch()
    spool.sweep()
    left = {file.name for file in spool.folder.iterdir()}
    assert left == {"commands", f"line-{os.getpid()}", f"new-{os.getpid()}-00ff"}


def test_a_full_disk_leaves_the_spool_as_it_is(tmp_path):
    house = HistoryHouse(tmp_path)
    house.run("ls")
    house.paths.data_dir.parent.mkdir(parents=True, exist_ok=True)
    house.paths.data_dir.symlink_to("/dev/full")
    with contextlib.suppress(Exception):
        asyncio.run(house.history.drain())
    house.paths.data_dir.unlink()
    assert asyncio.run(all_commands(tmp_path)) == Counter({"ls": 1})


def test_taken_spools_have_names_that_never_come_back(spool):
    names = set()
    for _ in range(50):
        spool.file.write_bytes(b"x\n")
        for taken in spool.take():
            names.add(taken.name)
            Taken(taken.path).remove()
    assert len(names) == 50
