"""A conversation with a host is, byte for byte, the one that is written down; `>` is what the host says, `<` what it hears."""

import json
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from isaacd import __version__
from isaacd.command import Command
from isaacd.context import Context
from isaacd.safety.tier import Tier
from tests.mcp_host import Host

pytestmark = pytest.mark.anyio
GOLDEN = Path(__file__).parents[2] / "golden/mcp.txt"


async def greet(context: Context, name: str = "world") -> str:
    """Greet someone by name."""
    await context.progress(1, 2, "half way")
    return f"hello {name}"


def count(context: Context, words: list[str]) -> dict[str, int]:
    """Count words."""
    return {word: len(word) for word in words}


def erase(context: Context) -> str:
    """Erase everything."""
    return "erased"


def talks() -> Iterator[tuple[str, list[str]]]:
    """Read the conversations: each with its title, and its lines."""
    title, lines = "", list[str]()
    for line in GOLDEN.read_text().splitlines():
        if line.startswith("#"):
            continue
        if line and line[0] in "<>":
            lines.append(line)
        elif line:
            if lines:
                yield title, lines
            title, lines = line, []
    yield title, lines


@pytest.mark.parametrize(("title", "lines"), [pytest.param(*item, id=item[0]) for item in talks()])
async def test_every_byte_is_as_it_is_written_down(title, lines, monkeypatch) -> None:
    monkeypatch.setattr("isaacd.faces.mcp.face.unguessable", lambda count: "0" * 2 * count)
    async with anyio.create_task_group() as group:
        host = Host(
            group,
            Command(greet, name="greet", plugin="test", scope="ask"),
            Command(count, name="count", plugin="test", scope="ask"),
            Command(erase, name="erase", plugin="test", scope="ask", tool=Tier.BEYOND),
        )
        for line in lines:
            if line.startswith("> "):
                host.say_raw(line[2:].encode() + b"\n")
                continue
            wanted = line[2:].replace("VERSION", __version__).encode() + b"\n"
            with anyio.fail_after(60):
                while not host.talk.written:
                    await anyio.lowlevel.checkpoint()
            heard = host.talk.written.pop(0)
            assert heard == wanted, f"{title}: {json.loads(heard)}"
        assert not host.talk.written
        group.cancel_scope.cancel()
