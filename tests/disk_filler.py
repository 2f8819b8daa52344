"""Runs where the data folder is a disk of one MiB: fills it by a daemon, makes room, and says what became of it all.

`python -m tests.disk_filler HOME`: prints JSON.
"""

import json
import sys
from pathlib import Path

from tests.daemon import Caller, Home, running

MOST = 4000
NOTE = "x" * 2000


def add(caller: Caller, number: int) -> str:
    """Keep a note and return "", or what was said instead."""
    kind, _, said = caller.answer(caller.ask("notes.add", {"text": f"note {number} {NOTE}"}))
    return "" if kind == "reply" else str(said)


def numbers(caller: Caller) -> list[int]:
    """Return the numbers of all notes that are there."""
    return sorted(int(item["text"].split()[1]) for item in caller.call("notes.list", {"limit": 100_000}))


def main(home: Home) -> dict[str, object]:
    """Write until the disk refuses, ask how the daemon is, make room, go on, and look at everything once more."""
    kept, refusals, number = [], [], 0
    filling = home.directory / "data/filling"
    with running(home=home) as daemon, daemon.caller() as caller:
        while number < MOST and len(refusals) < 5:
            number += 1
            said = add(caller, number)
            (refusals.append(said) if said else kept.append(number))
        during = caller.call("greet")
        seen = numbers(caller)
        filling.unlink()
        again = add(caller, 100_000)
        if not again:
            kept.append(100_000)
    with running(home=home) as daemon, daemon.caller() as caller:
        found = numbers(caller)
    return {
        "kept": kept,
        "refusals": refusals,
        "during": during,
        "seen": seen,
        "again": again,
        "found": found,
    }


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    (directory / "data/filling").write_bytes(b"\0" * 300_000)
    print(json.dumps(main(Home(directory))))
