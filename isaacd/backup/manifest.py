"""What an archive says of itself: versions, and a checksum for each file."""

import msgspec

FORMAT = 1
NAME = "manifest.json"
MAX_MANIFEST_BYTES = 64 * 1024 * 1024


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file. `path` begins with `config/`, `data/` or `state/`; `number` and `version` are those of a database."""

    path: str
    bytes: int
    sha256: str
    mode: int = 0o600
    database: bool = False
    number: int = 0
    version: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A whole archive; `made_at` in seconds since the epoch, `skipped` are links and sockets that were left out."""

    format: int
    isaac: str
    made_at: float
    with_keys: bool
    files: tuple[Entry, ...]
    skipped: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person is told once something was kept or brought back."""

    file: str
    files: int
    databases: int
    bytes: int
    with_keys: bool
    isaac: str = ""
    made_at: float = 0.0
    kept: str = ""
    skipped: tuple[str, ...] = ()
