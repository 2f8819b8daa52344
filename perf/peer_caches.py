"""Hits and sets of caches with a TTL, each in a process of its own against a dict in the same turns."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from environment import Peer
from peer import Figure, Section
from place import Place

PEERS = {
    "cachetools": ("cachetools",),
    "cachebox": ("cachebox",),
    "theine": ("theine",),
    "diskcache": ("diskcache",),
}
SCRIPT = Path(__file__).resolve().parent / "others" / "caches.py"
IN_MEMORY, ON_DISK = (
    ("isaac", "isaac second", "cachetools", "cachebox", "theine"),
    ("isaac disk", "diskcache"),
)


def measure(place: Place, peers: Mapping[str, Peer], quick: bool) -> Iterator[Section]:
    """Measure what is in memory, then what is on the disk."""
    rounds = 10 if quick else 60
    found: dict[str, dict[str, list[float]]] = {}
    errors: dict[str, str] = {}
    for name in (*IN_MEMORY, *ON_DISK):
        python = (
            Path(place.python) if name.startswith("isaac") else peers[name].python if name in peers else None
        )
        if python is None:
            continue
        folder = place.directory / name
        folder.mkdir()
        argv = [
            python,
            str(SCRIPT),
            name,
            str(rounds if name in IN_MEMORY else max(3, rounds // 6)),
            str(folder),
        ]
        done = subprocess.run(argv, env=place.environ, capture_output=True, text=True, check=False)
        if done.returncode:
            errors[name] = (done.stderr.strip().splitlines() or ["failed"])[-1][:80]
        else:
            found[name] = json.loads(done.stdout)
    for names, kind in ((IN_MEMORY, "in memory"), (ON_DISK, "on disk")):
        for what in ("get", "set"):
            figures: list[Figure] = []
            for name in names:
                version = peers[name].version if name in peers else ""
                values = found.get(name, {})
                figures.append(
                    Figure(
                        name, errors.get(name, version), values.get(what, []), values.get(f"dict {what}", [])
                    )
                )
            note = "1000 keys with a TTL, values of 600 bytes, hits only; floor: the same with a dict; `isaac` is L1, `second` L2"
            if kind == "in memory":
                note += "; by the CPU of the whole process"
            if kind == "on disk" and what == "set":
                note += "; ours is written behind, diskcache at once: ours may lose what is younger than its next flush"
            yield Section(f"A cache {kind}: {what}", note, figures)
