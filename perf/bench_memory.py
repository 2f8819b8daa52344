"""What the daemon weighs when nobody asks it anything, against a bare daemon on the same loop."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from alone import alone
from harness import Effort, Row
from place import Place

CLIENTS = Path(__file__).resolve().with_name("clients")
FLOOR = "bare anyio + uvloop daemon"
PLUGIN = '''"""A plugin like many."""

from typing import Annotated, Literal

from isaacd.api import Context, Plugin

plugin = Plugin("made{number}", summary="One of many.")


@plugin.command
def made{number}(context: Context, name: str = "world", times: Annotated[int, "how often"] = 1) -> str:
    """Greet someone."""
    return " ".join(["hello", name] * times)


@plugin.command
async def look(context: Context, kind: Literal["short", "long"], words: list[str] | None = None) -> str:
    """Look at something."""
    return kind + " ".join(words or [])
'''


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Measure with the bundled plugins, then with 50 more."""
    rounds = effort.rounds(5, 2)
    done = subprocess.run(
        [place.python, str(CLIENTS / "rooms.py")],
        env=place.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    place.tell("rooms", json.loads(done.stdout))
    yield from _rows("bundled plugins", place, rounds, target=None)
    more = effort.size(50, 2)
    for number in range(more):
        place.plugins.joinpath(f"made{number}.py").write_text(PLUGIN.format(number=number))
    yield from _rows(f"{more} plugins more", place, rounds, target=1.45)


def _rows(what: str, place: Place, rounds: int, *, target: float | None) -> Iterator[Row]:
    ours, floor = [], []
    for _ in range(rounds + 1):
        # Both at the same time, so that both share the interpreter's pages with one other.
        with place.daemon() as daemon, place.floor_server("bare_anyio") as bare:
            bare.wait_until_ready()
            daemon.wait_until_ready()
            # Help brings in click, which a daemon in use always has.
            place.process_s(place.script("isaacctl", "--help"))
            daemon.wait_until_idle()
            ours.append(daemon.memory_bytes())
            floor.append(bare.memory_bytes())
    # The first start of all has plugins to describe, which imports them; those that follow read what it has written.
    for starts, which in ((slice(1, None), ""), (slice(1), ", just described")):
        for name, wanted in (("Rss", target), ("Pss", None)):
            yield Row(
                f"idle {name.upper()}, {what}{which}",
                FLOOR,
                [one[name] for one in ours[starts]],
                [one[name] for one in floor[starts]],
                unit="byte",
                target=None if which else wanted,
            )


if __name__ == "__main__":
    alone(__file__)
