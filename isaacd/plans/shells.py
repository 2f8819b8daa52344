"""Which shell a caller has, and how it is given a line."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol

import msgspec

Family = Literal["bash", "sh", "ksh", "zsh", "fish", "other"]

HOOK = "ISAAC_SHELL"
_FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("bash", "rbash"), "bash"),
    **dict.fromkeys(("sh", "dash", "ash", "busybox", "yash", "posh"), "sh"),
    **dict.fromkeys(("ksh", "ksh93", "mksh", "oksh", "loksh", "pdksh"), "ksh"),
    **dict.fromkeys(("zsh", "zsh5", "rzsh"), "zsh"),
    "fish": "fish",
    **dict.fromkeys(("csh", "tcsh", "nu", "xonsh", "elvish", "pwsh", "osh", "ysh", "murex", "ion"), "other"),
}
_FALLBACKS = ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/sh")


class Shell(msgspec.Struct, frozen=True):
    """A shell: its program, the name that it is called by, and how it reads a line."""

    path: str
    name: str
    family: Family

    @property
    def quotes_as_bash(self) -> bool:
        """Whether it takes a quoted word for what bash takes it for."""
        return self.family in ("bash", "sh", "ksh", "zsh")

    def argv(self, line: str) -> tuple[str, ...]:
        """Return the words that have it execute a line.

        A line that begins with the sign of an option gets a blank before it, so that it is none.
        """
        text = f" {line}" if line[:1] in ("-", "+") else line
        given = "-Command" if self.name == "pwsh" else "-c"
        return (self.path, *(("sh",) if self.name == "busybox" else ()), given, text)


class Ways(Protocol):
    """What the machine tells about programs and processes."""

    def is_program(self, path: str) -> bool:
        """Say whether a path is that of a program."""
        ...

    def parent(self, pid: int) -> str | None:
        """Return the program of the process that started another; None if that is not told."""
        ...

    def login(self) -> str | None:
        """Return the shell of the user's entry."""
        ...


def shell_of(environ: Mapping[str, str], pid: int | None, ways: Ways) -> Shell:
    """Return the shell that a caller's lines are executed in; `pid` is the client's process, if it is a command line.

    The variable of the hook says it best; else it is the process that started the client, if that is a shell, then
    `SHELL`, the shell of the user's entry, and bash, because lines are judged as bash reads them.
    """
    for path in _candidates(environ, pid, ways):
        found = None if path is None else known_shell(path, ways)
        if found is not None:
            return found
    return Shell("/bin/sh", "sh", "sh")


def known_shell(path: str, ways: Ways) -> Shell | None:
    """Return the shell at a path; None if there is none, or one that nobody here knows how to use."""
    name = path.rpartition("/")[2]
    family = _FAMILIES.get(name)
    return Shell(path, name, family) if family and path.startswith("/") and ways.is_program(path) else None


def _candidates(environ: Mapping[str, str], pid: int | None, ways: Ways) -> Iterator[str | None]:
    yield environ.get(HOOK)
    if pid is not None:
        yield ways.parent(pid)
    yield environ.get("SHELL")
    yield ways.login()
    yield from _FALLBACKS


class Machine:
    """What this machine tells."""

    def is_program(self, path: str) -> bool:
        """Say whether a path is that of a program."""
        return os.access(path, os.X_OK) and not Path(path).is_dir()

    def parent(self, pid: int) -> str | None:
        """Return the program of the process that started another; None where /proc does not tell."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
            # The name in parentheses may hold anything; behind the last one come state and parent.
            above = int(stat.rpartition(b")")[2].split()[1])
            return os.readlink(f"/proc/{above}/exe")  # noqa: PTH115 - a name, which need not be there any more
        except (OSError, ValueError, IndexError):
            return None

    def login(self) -> str | None:
        """Return the shell of the user's entry."""
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_shell or None
        except KeyError:
            return None
