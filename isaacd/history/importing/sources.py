"""Where histories come from, and what makes an imported run the same as one that was imported before."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from isaacd.errors import InvalidParams, NotFound, PermissionDenied
from isaacd.history.importing.bash import read_bash
from isaacd.history.importing.fish import read_fish
from isaacd.history.importing.zsh import read_zsh
from isaacd.history.records import Run

Source = Literal["bash", "zsh", "fish", "atuin"]
MAX_FILE_BYTES = 512 * 1024 * 1024
_READERS = {"bash": read_bash, "zsh": read_zsh, "fish": read_fish}


def history_file(source: Source, environ: Mapping[str, str]) -> Path:
    """Return the file in which that history usually is; raises NotFound if there is none."""
    home = Path(environ.get("HOME", "/"))
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    places = {
        "bash": [home / ".bash_history"],
        "zsh": [
            home / ".zsh_history",
            home / ".zhistory",
            home / ".histfile",
            home / ".local/state/zsh/history",
        ],
        "fish": [data / "fish/fish_history"],
        "atuin": [data / "atuin/history.db"],
    }[source]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise NotFound(
            f"there is no history of {source} at {places[0]}",
            hint=f"name the file: isaacctl history import {source} FILE",
        )
    return found


def read_file(source: Source, file: Path) -> Iterator[tuple[str, Run]]:
    """Give the runs in a file, each with an id of its own or ""; raises NotFound, PermissionDenied, InvalidParams."""
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    if source == "atuin":
        from isaacd.history.importing.atuin import read_atuin

        yield from read_atuin(file)
        return
    if file.stat().st_size > MAX_FILE_BYTES:
        raise InvalidParams(f"{file} is larger than {MAX_FILE_BYTES >> 20} MiB")
    try:
        data = file.read_bytes()
    except PermissionError as error:
        raise PermissionDenied(f"{file} cannot be read: {error.strerror}") from None
    if data.startswith(b"SQLite format 3\0"):
        raise InvalidParams(f"{file} is a database", hint="isaacctl history import atuin FILE")
    for run in _READERS[source](data):
        yield "", run


class Keys:
    """Gives each imported run a key that it gets again when the same file is read again.

    It is made of its shell, its time and its command, and of how many such came before it in the file. The command is
    the masked one: of a secret not even a hash is kept.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[int | None, str]] = Counter()

    def key(self, own: str, run: Run) -> bytes:
        """Return the key of a run; `own` is the id that its source has for it."""
        if own:
            text = f"{run.shell}\0{own}"
        else:
            what = (run.started_us, run.command)
            self._seen[what] += 1
            text = f"{run.shell}\0{run.started_us}\0{self._seen[what]}\0{run.command}"
        return blake2b(os.fsencode(text), digest_size=12).digest()
