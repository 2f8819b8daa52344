"""What plugins were granted: known again from the file, and nothing once others could have written it."""

import os
from pathlib import Path

import pytest

from isaacd.plugin.grants import Grants


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plugins" / "granted.json"


def test_what_was_granted_is_known_again_and_private(file: Path) -> None:
    Grants(file).grant("dice", "user", ["ask"], now=1.0)
    assert Grants(file).of("dice", "user") == ("ask",)
    assert Grants(file).of("dice", "elsewhere") == ()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_a_file_that_is_opened_to_others_grants_nothing_from_then_on(file: Path) -> None:
    grants = Grants(file)
    grants.grant("dice", "user", ["ask"], now=1.0)
    assert grants.of("dice", "user") == ("ask",)
    file.chmod(0o666)
    assert grants.of("dice", "user") == ()
    file.chmod(0o600)
    assert grants.of("dice", "user") == ("ask",)


def test_a_pipe_in_its_place_grants_nothing_and_holds_nobody_up(file: Path) -> None:
    file.parent.mkdir()
    os.mkfifo(file, 0o600)
    assert Grants(file).of("dice", "user") == ()
