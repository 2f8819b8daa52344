"""Where a line would run."""

from collections.abc import Mapping

import msgspec

from isaacd.judge.facts import Facts, NoFacts
from isaacd.judge.overrides import NO_OVERRIDES, Overrides

TEMPORARY = ("/tmp", "/var/tmp", "/private/tmp", "/dev/shm")  # noqa: S108 - names to recognise, nothing is made there
# Variables whose value decides what a word of the line is; others stay unseen.
_SEEN = ("HOME", "PWD", "OLDPWD", "TMPDIR", "USER", "LOGNAME")


class Surroundings(msgspec.Struct, frozen=True):
    """Where a line would run: for whom, in which folder, and what is known of the machine.

    `environ` holds variables of the caller's shell, as many as are known. `overrides` are the caller's own rules.
    """

    cwd: str
    home: str
    is_root: bool = False
    environ: Mapping[str, str] = {}
    facts: Facts = NoFacts()
    overrides: Overrides = NO_OVERRIDES

    @property
    def values(self) -> dict[str, str]:
        """The variables whose value is in sight of the line."""
        values = {name: self.environ[name] for name in _SEEN if name in self.environ}
        return {"HOME": self.home, "PWD": self.cwd, **values}

    @property
    def temporary(self) -> tuple[str, ...]:
        """The folders for temporary files."""
        own = self.environ.get("TMPDIR", "").rstrip("/")
        return (*TEMPORARY, own) if own.startswith("/") and own.count("/") > 1 else TEMPORARY
