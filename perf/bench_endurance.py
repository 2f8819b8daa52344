"""What many requests leave behind: the daemon's memory at their end against that after the first tenth."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from alone import alone
from harness import Effort, Row
from place import Place

CLIENT = Path(__file__).resolve().with_name("clients") / "mixed.py"
PLUGIN = '''"""Commands that wait and count."""

from collections.abc import AsyncIterator

import anyio

from isaacd.api import Context, Plugin

plugin = Plugin("mixed")


@plugin.command
async def wait(context: Context) -> None:
    """Wait a moment."""
    await anyio.sleep(0)


@plugin.command
async def count(context: Context, to: int) -> AsyncIterator[str]:
    """Count."""
    for number in range(to):
        yield str(number)
'''


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Make requests of all kinds: calls, lines, streams, mistakes, and some that are left in the middle."""
    place.plugins.joinpath("mixed.py").write_text(PLUGIN)
    count = effort.size(effort.rounds(100_000, 3000), 200)
    with place.daemon() as daemon:
        daemon.wait_until_idle()
        argv = [place.python, str(CLIENT), str(count // 10), str(count)]
        done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the mixed requests failed: {done.stderr}")
    before, after = json.loads(done.stdout)["rss"]
    # So few requests as in a quick run still meet memory for the first time.
    target = 1.02 if count >= 100_000 else None
    name = f"RSS after {count:,} mixed requests"
    yield Row(name, "after a tenth of them", [after], [before], unit="byte", target=target)


if __name__ == "__main__":
    alone(__file__)
