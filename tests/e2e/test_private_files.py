"""Whatever the umask, and whatever others have planted: what Isaac makes is its owner's alone, and goes where it should."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon import DEADLINE_S, Home, a_home

PLUGIN = '''
from isaacd.api import Context, Plugin

plugin = Plugin("keep", summary="Keeps things.", capabilities=("state", "cache"))

@plugin.command
async def put(context: Context) -> str:
    """Keep."""
    await context.state.set("a", "b")
    await context.cache.set("a", "b")
    return "kept"
'''
# What a person does in a day, as far as it leaves something behind.
DAY = (
    ("start",),
    ("keep", "put"),
    ("notes", "add", "remember"),
    ("tasks", "run", "--", "greet"),
    ("tasks", "wait"),
    ("history", "import", "bash", "%HOME%/theirs/history"),
    ("run", "echo hello"),
    ("ask", "--provider", "knowledge", "list all files by size"),
    ("route", "git sttaus"),
    ("alias", "add", "gs", "git status"),
    ("schedule", "add", "every day at 07:30", "greet"),
    ("cache", "stats"),
    ("usage",),
    ("plugins", "reload"),
    ("backup", "%HOME%/theirs/backup.isaac"),
    ("export", "%HOME%/theirs/export"),
    ("status",),
    ("stop",),
)
HISTORY = "make all\n"
# What is planted in Isaac's own way below the runtime directory is refused as a whole: tests of the client hold that.
_RUNTIME = "isaacd"


def live(home: Home, umask: int) -> dict[str, str]:
    """Do all that a person does in a day; return what was said on standard error."""
    theirs = home.directory / "theirs"
    theirs.mkdir()
    (theirs / "history").write_text(HISTORY)
    home.write_plugin("keep", PLUGIN)
    said = {}
    for words in DAY:
        argv = [word.replace("%HOME%", str(home.directory)) for word in words]
        done = subprocess.run(
            [sys.executable, "-m", "isaacctl", *argv],
            env=home.environ, cwd=theirs, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=DEADLINE_S, umask=umask,
        )  # fmt: skip
        said[" ".join(words)] = f"{done.returncode}: {done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
    return said


def made(home: Home) -> Iterator[Path]:
    """Give all that Isaac has made, and not the test."""
    own = {
        home.directory / name
        for name in ("theirs", "theirs/history", "data", "data/isaac", "data/isaac/plugins")
    }
    own |= {home.data / "plugins/isaac_plugins", home.data / "plugins/isaac_plugins/keep.py"}
    for file in home.directory.rglob("*"):
        if file not in own and "__pycache__" not in file.parts:
            yield file


@pytest.mark.parametrize("umask", [0o000, 0o777, 0o022])
def test_all_that_is_made_is_private_whatever_the_umask(umask: int) -> None:
    with a_home() as home:
        said = live(home, umask)
        files = list(made(home))
        open_to_others = [
            f"{stat.filemode(file.lstat().st_mode)} {file.relative_to(home.directory)}"
            for file in files
            if file.lstat().st_mode & 0o077 and not file.is_symlink() and not _is_of_xdg(home, file)
        ]
        assert not open_to_others
        assert {file.name for file in files} >= {"isaacd.log", "jobs.sqlite", "commands", "isaacd.lock"}, said


def _is_of_xdg(home: Home, file: Path) -> bool:
    """Folders that all programs share, such as ~/.config, have the mode that the person's umask gives them."""
    return file.parent == home.directory and file.name in ("config", "data", "state", "cache")


@pytest.fixture(scope="module")
def names() -> list[Path]:
    """Where Isaac puts its files, below the home directory."""
    with a_home() as home:
        live(home, 0o077)
        return [
            file.relative_to(home.directory)
            for file in made(home)
            if file.is_file() and not file.is_symlink() and file.relative_to(home.directory).parts[0] != _RUNTIME
            and "theirs" not in file.parts
        ]  # fmt: skip


@pytest.mark.parametrize("kind", ["file", "missing", "device"])
def test_links_that_others_have_planted_lead_nowhere(names: list[Path], kind: str) -> None:
    """A link in the place of each file: what it points to is neither written, nor made, nor opened to others."""
    with a_home() as home:
        victims = home.directory / "victims"
        victims.mkdir()
        targets = {}
        for number, name in enumerate(names):
            link = home.directory / name
            target = Path("/dev/null") if kind == "device" else victims / str(number)
            if kind == "file":
                target.write_bytes(b"precious")
                target.chmod(0o644)
            link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if link.name not in ("keep.py", "trusted.json"):
                link.symlink_to(target)
                targets[name] = target
        live(home, 0o022)
        home.isaacctl("stop")
        if kind == "file":
            changed = [name for name, target in targets.items() if target.read_bytes() != b"precious"]
            opened = [
                name for name, target in targets.items() if stat.S_IMODE(target.stat().st_mode) != 0o644
            ]
            assert (changed, opened) == ([], [])
        elif kind == "missing":
            assert [name for name, target in targets.items() if target.exists()] == []
        else:
            assert Path("/dev/null").is_char_device()
