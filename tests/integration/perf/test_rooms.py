"""Every room of the suite runs its smallest case, with no more than this environment has."""

import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import replays
from harness import Effort, Row
from place import Place
from targets import TARGETS

LEAST = Effort(least=True)
ROOMS = (
    "startup",
    "ipc",
    "wire",
    "router",
    "ai",
    "gateway",
    "cache",
    "plugins",
    "memory",
    "structures",
    "shell",
    "isolation",
    "endurance",
    "crowd",
)


@pytest.fixture
def place() -> Iterator[Place]:
    # Sockets want a short path.
    with TemporaryDirectory(prefix="isaac-") as folder:
        made = Place(Path(sys.executable), Path(folder) / "p")
        made.environ["ISAAC_PERF_DATA"] = folder
        yield made


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_gives_rows(room: str, place: Place) -> None:
    rows = list(import_module(f"bench_{room}").measure(place, LEAST))
    assert rows
    assert len({row.title for row in rows}) == len(rows)
    for row in rows:
        assert bool(row.ours) != bool(row.note)
        assert not row.floor or len(row.floor) == len(row.ours)
    titles = [_without_sizes(row.title) for row in rows]
    for target in TARGETS:
        if target.room == room:
            assert any(fnmatchcase(title, _without_sizes(target.row)) for title in titles), target.row


def _without_sizes(title: str) -> str:
    """The smallest case has other numbers in its titles."""
    return re.sub(r"\d[\d,]*", "N", title)


def test_a_replay_without_recordings_says_so(place: Place) -> None:
    for name in replays.READERS:
        assert list(replays.measure(f"replay_{name}", place, place.directory / "absent", LEAST)) == [
            Row(f"replay_{name}", note="there are no recorded sessions in absent")
        ]
