"""What a caller wants done, described as work: its own line, directory and variables become those of the work."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from isaacd.errors import InvalidParams
from isaacd.jobs.cards import Work

_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH")
# Commands with a journal of their own: run again, they go on where they stopped.
RESUMES = frozenset({"batch"})
# These come in every call, and have a meaning of their own each time.
_NOT_KEPT = ("ISAAC_CALLER",)


class Origin(msgspec.Struct, frozen=True):
    """Who asks: where, with which variables, and by which program."""

    cwd: Path | None
    env: Mapping[str, str]
    caller: str


class Orders:
    """Taken from one caller; `check` raises for a line that isaacctl would not understand."""

    def __init__(self, origin: Origin, check: Callable[[Sequence[str]], None]) -> None:
        self._origin = origin
        self._check = check

    def work(
        self,
        argv: Sequence[str],
        *,
        label: str = "",
        given: bytes | None = None,
        resumable: bool = False,
    ) -> Work:
        """Describe a command line of isaacctl as work; raises InvalidParams for one that cannot be understood."""
        if not argv:
            raise InvalidParams(
                "there is nothing to run", hint='name a command, as in: isaacctl tasks run -- ask "..."'
            )
        self._check(argv)
        return msgspec.structs.replace(
            self._here(tuple(argv), label), input=given, resumable=resumable or argv[0] in RESUMES
        )

    def shell_work(self, line: str, *, label: str = "") -> Work:
        """Describe a line for a shell as work."""
        return msgspec.structs.replace(self._here((line,), label), kind="shell", secrets={})

    def _here(self, argv: tuple[str, ...], label: str) -> Work:
        kept, secrets = parted(self._origin.env)
        return Work(
            argv=argv,
            label=label,
            cwd=str(self._origin.cwd) if self._origin.cwd else None,
            env=kept,
            secrets=secrets,
            caller=self._origin.caller,
        )

    @property
    def secrets(self) -> dict[str, str]:
        """The caller's variables that must not be written down."""
        return parted(self._origin.env)[1]


def parted(env: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part a caller's variables into those that may be written down and those that must not."""
    kept: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for name, value in env.items():
        if name not in _NOT_KEPT:
            (secrets if is_secret(name, value) else kept)[name] = value
    return kept, secrets


def is_secret(name: str, value: str) -> bool:
    """Tell whether a variable may hold a secret: by its name, or because it is an address with a password in it."""
    return any(word in name.upper() for word in _SECRET) or ("://" in value and "@" in value)
