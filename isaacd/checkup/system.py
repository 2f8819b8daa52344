"""The machine itself: its clock, Python, SQLite and the libraries, and what can keep strangers' plugins in."""

import sqlite3
import sys
from collections.abc import Iterator
from importlib import metadata

from isaacd.checkup.finding import Finding, error, warning
from isaacd.checkup.machine import Machine
from isaacd.plugin.isolation.fence import expected

# 2025-01-01; nothing of this Isaac is older, so a clock before it is wrong.
_BORN = 1_735_689_600.0
_AHEAD_S = 120.0
_OLDEST_PYTHON = (3, 11)


def clock(machine: Machine) -> Iterator[Finding]:
    """Compare the clock with the files that were written by it."""
    if machine.now < _BORN:
        yield error("the clock", "it says that it is before 2025", "set it: timedatectl set-ntp true")
        return
    for file in (machine.paths.log_file, machine.paths.data_dir / "ledger.sqlite"):
        try:
            ahead_s = file.stat().st_mtime - machine.now
        except OSError:
            continue
        if ahead_s > _AHEAD_S:
            yield warning(
                "the clock",
                f"{file} was written {ahead_s / 60:.0f} minutes in the future: the clock has gone back",
                "set it: timedatectl set-ntp true; schedules and budgets go by it",
            )
            return


def libraries(machine: Machine) -> Iterator[Finding]:
    """Look at the versions of Python, SQLite and what Isaac needs."""
    if sys.version_info < _OLDEST_PYTHON:
        yield error("Python", f"this is {sys.version.split()[0]}", "install Isaac with Python 3.11 or newer")
    with sqlite3.connect(":memory:") as database:
        modules = [row[0] for row in database.execute("PRAGMA module_list")]
    database.close()
    if "fts5" not in modules:
        yield warning("SQLite", "it has no full-text search, so searches are slow", "use a Python with FTS5")
    yield from missing(metadata.requires("isaacd") or [])


def missing(requirements: list[str]) -> Iterator[Finding]:
    """Look whether each requirement that always holds, such as `aiohttp>=3.11`, is there and new enough."""
    for requirement in requirements:
        wanted, _, marker = requirement.partition(";")
        if "extra" in marker:
            continue
        name, _, least = wanted.partition(">=")
        try:
            found = metadata.version(name.strip())
        except metadata.PackageNotFoundError:
            if not marker:  # else it may not be needed here
                yield error(name.strip(), "it is missing", "install Isaac anew")
            continue
        if _numbers(found) < _numbers(least):
            yield error(
                name.strip(), f"version {found} is too old, {least.strip()} is needed", "install Isaac anew"
            )


def isolation(machine: Machine) -> Iterator[Finding]:
    """Say what cannot keep strangers' plugins in here."""
    held = expected()
    hint = "run only plugins that you trust; a newer kernel has it"
    if not held.landlock:
        yield warning("isolation", "Landlock is missing: plugins that run apart can read your files", hint)
    if not held.seccomp:
        yield warning("isolation", "system calls cannot be filtered on this machine", hint)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.strip().split(".") if part.isdecimal())
