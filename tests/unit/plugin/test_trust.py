"""Trust: what belongs to Isaac always, all else only as it was when a person trusted it."""

import stat
from pathlib import Path

import pytest

import isaacd
from isaacd.errors import NotFound, StorageUnavailable
from isaacd.plugin.trust import Trust, digest_of, is_bundled


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "config/trusted.json")


@pytest.fixture
def dice(tmp_path: Path) -> Path:
    file = tmp_path / "plugins/isaac_plugins/dice.py"
    file.parent.mkdir(parents=True)
    file.write_text("plugin = 1\n")
    return file


def test_bundled_plugins_are_trusted_by_their_place(trust: Trust) -> None:
    bundled = Path(isaacd.__file__).parents[1] / "plugins/isaac_plugins/greet.py"
    if not bundled.exists():
        bundled = Path(isaacd.__file__).parents[1] / "isaac_plugins/greet.py"
    assert is_bundled("greet", bundled)
    assert trust.of("greet", bundled).trusted


def test_a_plugin_beside_the_bundled_ones_in_site_packages_is_not_bundled(tmp_path: Path) -> None:
    assert not is_bundled("greet", tmp_path / "isaac_plugins/greet.py")


def test_others_are_not_trusted_until_a_person_says_so(trust: Trust, dice: Path) -> None:
    assert not trust.of("dice", dice).trusted
    assert "isaacctl plugins trust dice" in trust.of("dice", dice).reason
    trust.trust("dice", dice, now=1.0)
    assert trust.of("dice", dice).trusted


def test_a_changed_file_is_not_trusted_any_more_and_says_why(trust: Trust, dice: Path) -> None:
    trust.trust("dice", dice, now=1.0)
    dice.write_text("plugin = 2\n")
    verdict = trust.of("dice", dice)
    assert not verdict.trusted
    assert "changed" in verdict.reason
    trust.trust("dice", dice, now=2.0)
    assert trust.of("dice", dice).trusted
    assert len(trust.all()) == 1


def test_the_same_content_elsewhere_is_not_trusted(trust: Trust, dice: Path, tmp_path: Path) -> None:
    trust.trust("dice", dice, now=1.0)
    other = tmp_path / "dice.py"
    other.write_bytes(dice.read_bytes())
    assert not trust.of("dice", other).trusted


@pytest.mark.parametrize("change", ["added", "renamed", "changed", "link"])
def test_every_file_of_a_folder_counts(trust: Trust, tmp_path: Path, change: str) -> None:
    folder = tmp_path / "big"
    (folder / "part").mkdir(parents=True)
    (folder / "__init__.py").write_text("1")
    (folder / "part/data.txt").write_text("a")
    trust.trust("big", folder, now=1.0)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/x.pyc").write_bytes(b"made by python")
    assert trust.of("big", folder).trusted
    if change == "added":
        (folder / "part/more.py").write_text("")
    elif change == "renamed":
        (folder / "part/data.txt").rename(folder / "part/date.txt")
    elif change == "changed":
        (folder / "part/data.txt").write_text("b")
    else:
        (folder / "other").symlink_to(tmp_path)
    assert not trust.of("big", folder).trusted


def test_a_trusted_folder_trusts_what_lies_in_it_also_later(trust: Trust, dice: Path) -> None:
    trust.trust_folder(dice.parent, now=1.0)
    assert trust.of("dice", dice).trusted
    dice.write_text("other")
    assert trust.of("dice", dice).trusted
    assert not trust.of("dice", dice.parents[2] / "dice.py").trusted
    assert trust.revoke(str(dice.parent))
    assert not trust.of("dice", dice).trusted


def test_trust_can_be_taken_back(trust: Trust, dice: Path) -> None:
    trust.trust("dice", dice, now=1.0)
    trust.revoke("dice")
    assert not trust.of("dice", dice).trusted
    with pytest.raises(NotFound):
        trust.revoke("dice")


def test_the_file_is_private_and_one_that_others_can_write_counts_for_nothing(
    trust: Trust, dice: Path, tmp_path: Path
) -> None:
    trust.trust("dice", dice, now=1.0)
    file = tmp_path / "config/trusted.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [item.name for item in file.parent.iterdir()] == ["trusted.json"]
    file.chmod(0o666)
    assert not trust.of("dice", dice).trusted


@pytest.mark.parametrize("damage", [b"", b"{", b'{"trusted": [1]}', b"\xff" * 50])
def test_a_damaged_file_trusts_nothing(trust: Trust, dice: Path, tmp_path: Path, damage: bytes) -> None:
    trust.trust("dice", dice, now=1.0)
    (tmp_path / "config/trusted.json").write_bytes(damage)
    assert not trust.of("dice", dice).trusted


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, dice: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable):
        Trust(tmp_path / "file/trusted.json").trust("dice", dice, now=1.0)


def test_names_and_contents_cannot_be_shifted_into_each_other(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a/xy").write_text("z")
    (tmp_path / "b/x").write_text("yz")
    assert digest_of(tmp_path / "a") != digest_of(tmp_path / "b")
