"""What this Isaac can read: its own version, and that of each kind of database."""

from pathlib import Path

from isaacd import __version__
from isaacd.backup.manifest import Entry, Manifest
from isaacd.batch.journal import SCHEMA as BATCHES
from isaacd.belongings.state_file import SCHEMA as PLUGIN_STATE
from isaacd.chats.schema import SCHEMA as CHATS
from isaacd.errors import UnsupportedVersion
from isaacd.history.schema import SCHEMA as HISTORY
from isaacd.jobs.schema import SCHEMA as JOBS
from isaacd.ledger.schema import SCHEMA as LEDGER
from isaacd.plugin.runs import SCHEMA as PLUGIN_RUNS

KNOWN = {item.number: item for item in (BATCHES, PLUGIN_STATE, CHATS, HISTORY, JOBS, LEDGER, PLUGIN_RUNS)}


def refuse_newer(file: Path, manifest: Manifest) -> None:
    """Raise UnsupportedVersion for an archive of a newer Isaac, or with a database that only a newer one can read."""
    if _order(manifest.isaac) > _order(__version__):
        raise UnsupportedVersion(
            f"{file} was written by a newer Isaac ({manifest.isaac}; this is {__version__})",
            hint="update Isaac, then restore it",
        )
    for entry in manifest.files:
        if _is_newer(entry):
            raise UnsupportedVersion(
                f"{file}: {KNOWN[entry.number].what} in it was written by a newer Isaac (version {entry.version})",
                hint="update Isaac, then restore it",
            )


def _is_newer(entry: Entry) -> bool:
    known = KNOWN.get(entry.number) if entry.database else None
    return known is not None and entry.version > len(known.versions)


def _order(version: str) -> tuple[int, ...]:
    """Return what orders versions; whatever follows the numbers, as in 0.3.0rc1, does not count."""
    parts = []
    for part in version.split("."):
        digits = part[: next((at for at, char in enumerate(part) if not char.isdecimal()), len(part))]
        if not digits:
            break
        parts.append(int(digits))
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)
