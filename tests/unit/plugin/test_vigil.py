"""The kernel rings before whoever changed a file can go on, and what sleeps by that wakes."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from isaacd.plugin.vigil import LOOK_AT_LEAST_S, MAX_FOLDERS, Bell, Vigil


class Ear:
    """Counts how often it rang."""

    def __init__(self) -> None:
        self.heard = 0

    def __call__(self) -> None:
        self.heard += 1


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def bell(ear: Ear, tmp_path: Path) -> Iterator[Bell]:
    bell = Bell(ear)
    try:
        if not bell.hangs_in(str(tmp_path)):
            pytest.skip("this kernel does not tell of changes in folders")
        yield bell
    finally:
        bell.close()


def rewritten(file: Path) -> None:
    file.write_text("new")


def replaced(file: Path) -> None:
    file.with_name(".new").write_text("new")
    file.with_name(".new").replace(file)


def touched(file: Path) -> None:
    os.utime(file, (1, 1))


CHANGES: list[Callable[[Path], None]] = [
    rewritten,
    replaced,
    touched,
    Path.unlink,
    lambda file: file.chmod(0o600),
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_has_rung_when_the_call_that_made_it_returns(
    bell: Bell, ear: Ear, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    file = tmp_path / "plugin.py"
    file.write_text("old")
    for _ in range(3):
        before = ear.heard
        file.write_text("old")
        change(file)
        assert ear.heard > before


def test_it_rings_for_its_folders_only_and_no_more_once_it_is_closed(
    bell: Bell, ear: Ear, tmp_path: Path
) -> None:
    below = tmp_path / "below"
    below.mkdir()
    before = ear.heard
    (below / "file").write_text("nobody asked")
    assert ear.heard == before
    assert bell.hangs_in(str(below))
    (below / "file").write_text("somebody asked")
    assert ear.heard > before
    bell.close()
    before = ear.heard
    (below / "file").write_text("again")
    os.kill(os.getpid(), signal.SIGIO)  # one that was still on its way does not end the process
    assert ear.heard == before
    assert not bell.hangs_in(str(below))


def test_two_bells_ring_side_by_side(bell: Bell, ear: Ear, tmp_path: Path) -> None:
    other = Ear()
    second = Bell(other)
    (tmp_path / "other").mkdir()
    assert second.hangs_in(str(tmp_path / "other"))
    before = ear.heard
    (tmp_path / "file").write_text("new")
    assert ear.heard > before
    before = other.heard
    (tmp_path / "other" / "file").write_text("new")
    assert other.heard > before
    second.close()
    before, after = ear.heard, other.heard
    (tmp_path / "file").write_text("newer")
    assert (ear.heard > before, other.heard) == (True, after)


def test_what_is_no_folder_or_one_too_many_cannot_be_watched(bell: Bell, tmp_path: Path) -> None:
    assert not bell.hangs_in(str(tmp_path / "nothing"))
    for number in range(MAX_FOLDERS - 1):
        (tmp_path / str(number)).mkdir()
        assert bell.hangs_in(str(tmp_path / str(number)))
    (tmp_path / "last").mkdir()
    assert not bell.hangs_in(str(tmp_path / "last"))
    bell.take_down(str(tmp_path / "0"))
    assert bell.hangs_in(str(tmp_path / "last"))


def test_who_sleeps_is_woken_once_by_a_change_by_the_time_or_by_who_lets_go(
    bell: Bell, tmp_path: Path
) -> None:
    sleeper = Ear()
    timers: list[tuple[float, Callable[[], None]]] = []
    vigil = Vigil(lambda after_s, do: timers.append((after_s, do)))
    folders = [str(tmp_path)]
    try:
        assert vigil.watches(folders, sleeper)
        rings, before = vigil.rings, sleeper.heard
        (tmp_path / "file").write_text("new")
        assert (vigil.rings > rings, sleeper.heard) == (True, before + 1)
        (tmp_path / "file").write_text("nobody sleeps")
        assert sleeper.heard == before + 1
        assert vigil.watches(folders, sleeper)
        ((after_s, do),) = timers  # one, however many sleep
        assert after_s == LOOK_AT_LEAST_S
        do()
        assert sleeper.heard == before + 2
        assert vigil.watches(folders, sleeper)
        assert len(timers) == 2
        vigil.forget(folders)
        assert sleeper.heard == before + 3
        assert not vigil.watches([*folders, str(tmp_path / "nothing")], sleeper)
    finally:
        vigil.close()
