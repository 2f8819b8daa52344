"""How dangerous a call is: never less than declared, and more where a path is no business of a model's."""

import dataclasses
from pathlib import Path

import msgspec
import pytest

from isaacd.command import Command
from isaacd.context import Context
from isaacd.safety.tier import Tier
from isaacd.tools.judge import Judgement, judge
from tests.fake_caller import call_on_wire


class Where(msgspec.Struct):
    place: Path


@dataclasses.dataclass
class Pair:
    one: Path
    other: str = ""


def read(
    context: Context,
    file: Path | None = None,
    files: list[Path] = [],  # noqa: B006
    where: Where | None = None,
    pair: Pair | None = None,
    named: dict[str, Path] | None = None,
) -> str:
    """Read files."""
    return ""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "project/src").mkdir(parents=True)
    return home


def judged(tier: Tier, home: Path, params: dict[str, object], cwd: Path | None) -> Judgement:
    command = Command(read, name="read", plugin="test", tool=tier)
    args = call_on_wire(command, params, "json")
    return judge(tier, command, args, cwd, home)


@pytest.mark.parametrize("tier", Tier)
def test_without_paths_a_call_is_as_dangerous_as_its_command(tier: Tier, home: Path) -> None:
    assert judged(tier, home, {}, home / "project").tier is tier


def test_a_path_within_the_working_tree_changes_nothing(home: Path) -> None:
    assert (
        judged(Tier.READ, home, {"file": str(home / "project/src/a.c")}, home / "project").tier is Tier.READ
    )


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize(
    "params",
    [
        {"file": "/etc/passwd"},
        {"file": "../other"},
        {"file": "src/../../other"},
        {"file": ".env"},
        {"file": "src/.git/config"},
        {"file": "link/key"},
        {"file": "loop"},
        {"file": "\0"},
        {"files": ["src/a.c", "/etc/passwd"]},
        {"where": {"place": "/etc/passwd"}},
        {"pair": {"one": "/etc/passwd"}},
        {"named": {"a": "/etc/passwd"}},
    ],
)
def test_any_other_path_goes_beyond_and_never_lowers(
    tier: Tier, params: dict[str, object], home: Path, tmp_path: Path
) -> None:
    (home / "project/link").symlink_to(tmp_path)
    (home / "project/loop").symlink_to("loop")
    found = judged(tier, home, params, home / "project")
    assert found.tier is tier.raise_to(Tier.BEYOND)
    assert len(found.reasons) == 2


@pytest.mark.parametrize("cwd", [None, "/", "."])
def test_a_whole_home_is_no_working_tree(cwd: str | None, home: Path) -> None:
    tree = None if cwd is None else home / cwd
    assert judged(Tier.READ, home, {"file": str(home / "notes.txt")}, tree).tier is Tier.BEYOND
