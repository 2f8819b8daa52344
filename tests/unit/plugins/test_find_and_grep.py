"""The commands find and grep: what they hand to the client, and what they give to programs."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from isaac_plugins import find, grep
from isaacd.context import TTY, Context, Meta
from isaacd.errors import InvalidParams
from tests.fake_caller import PIPES, FakeEvents
from tests.fake_caller import Caller as Person
from tests.fakes import FakeServices


@pytest.fixture
def caller() -> Person:
    return Person(find.plugin, grep.plugin)


def told(words: tuple[str, ...]) -> dict[str, object]:
    assert words[1:4] == ("-P", "-m", "isaacctl.search")
    return dict(json.loads(words[4]))


def test_the_client_searches_in_its_own_terminal_whatever_that_is(caller: Person) -> None:
    shown = caller.type("grep", "--engine", "own", "-t", "py", "-C2", "x", "src", "a b")
    options = told(shown.outcome.exec)
    assert options == {
        "what": "grep", "pattern": "x", "paths": ["src", "a b"], "case": "smart", "before": 2, "after": 2, "types": ["py"],
    }  # fmt: skip
    assert told(caller.type("grep", "x", "--json").outcome.exec)["json"] is True
    assert told(caller.type("find", "*.py", "--larger", "1.5k").outcome.exec)["larger"] == 1536
    assert told(caller.type("find", "src/x").outcome.exec)["paths"] == ["src/x"]


def test_ripgrep_does_it_if_it_is_there_and_would_do_the_same(caller: Person, tmp_path: Path) -> None:
    rg = tmp_path / "rg"
    rg.write_text("#!/bin/sh\n")
    rg.chmod(0o755)
    env = {"PATH": str(tmp_path)}
    shown = caller.type("grep", "-w", "-A1", "-H", "x", "src", env=env).outcome.exec
    assert shown[0] == str(rg)
    assert shown[-4:] == ("-e", "x", "--", "src")
    assert {"--word-regexp", "--hidden", "--smart-case", "--no-config", "--color=never"} <= set(shown)
    assert caller.type("grep", "a(?=b)", env=env).outcome.exec[0] != str(rg)
    assert caller.type("grep", "x", env=env, tty=TTY(stdin=False)).outcome.exec[0] != str(rg)
    assert caller.type("grep", "x", "--json", env=env).outcome.exec[0] != str(rg)
    assert caller.type("grep", "--engine", "rg", "-t", "py", "x", env=env).exit == 2


@pytest.mark.parametrize(
    "argv",
    [
        ["grep", "("],
        ["grep", "x", "-i", "-s"],
        ["grep", "x", "-l", "-c"],
        ["grep", "x", "-C", "-1"],
        ["grep", "x", "--max-depth", "0"],
        ["grep", "x", "--smaller", "big"],
        ["grep", "x", "--newer", "someday"],
        ["find", "(", "--regex"],
        ["find", "x", "--glob", "--regex"],
        ["find", "--kind", "fiel"],
        ["find", "-n", "0"],
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_begins(caller: Person, argv: list[str]) -> None:
    shown = caller.type(*argv, tty=PIPES)
    assert (shown.exit, shown.outcome.exec) == (2, ())
    assert shown.err.startswith("error: ")


def _as_program(tmp_path: Path, *argv: str, **options: Any) -> tuple[list[dict[str, Any]], FakeEvents]:
    events = FakeEvents()
    context = Context(FakeServices(), Meta(cwd=str(tmp_path)), events, 1)

    async def main() -> list[dict[str, Any]]:
        found = await grep.grep(context, *argv, **options)
        assert isinstance(found, list)
        return found

    return anyio.run(main), events


def test_a_program_gets_rows_and_the_first_of_them_together(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"f{number:02}").write_text("needle\n" * 50)
    found, events = _as_program(tmp_path, "needle")
    assert len(found) == 1000
    assert len(events.sent) == 1500
    assert found[0]["path"] == "f00"


def test_a_fault_of_the_search_is_told_to_the_program(tmp_path: Path) -> None:
    with pytest.raises(InvalidParams, match="no kind of file 'pyy'"):
        _as_program(tmp_path, "x", types=["pyy"])


def _searching(folder: Path) -> list[Path]:
    """Return the processes that search in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes()
            if b"isaacctl.search" in command and (place / "cwd").readlink() == folder:
                found.append(place)
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="processes are looked for in /proc")
def test_a_search_that_is_cancelled_leaves_no_process_behind(tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("a" * 5000 + "c\n")
    context = Context(FakeServices(), Meta(cwd=str(tmp_path)), FakeEvents(), 1)

    async def main() -> list[Path]:
        async with anyio.create_task_group() as group:
            group.start_soon(grep.grep, context, "(a+)+$")
            while not (found := _searching(tmp_path)):  # noqa: ASYNC110 - a process has no event
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        return found

    # Not even one that has ended and that nobody has seen off: its end would be told to a loop that is closed.
    assert [place for place in anyio.run(main) if place.exists()] == []
