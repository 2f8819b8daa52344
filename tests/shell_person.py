"""A person in a shell that `isaacctl shell-init` is in."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from isaacd.history.records import Reader, Run
from tests.client_runs import Home
from tests.pty_person import Person, at_terminal

START = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
PROMPT = "ready> "
_SHELLS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "-i"),
}
_BEGIN = {
    "bash": """PS1='rea''dy> '; bind 'set enable-bracketed-paste off'; eval "$(cat ~/init)\"""",
    "zsh": """unsetopt zle prompt_cr prompt_sp; PS1='rea''dy> '; eval "$(cat ~/init)\"""",
    "fish": """function fish_prompt; echo -n rea''dy'> '; end; source ~/init""",
}


class ShellPerson:
    """Types commands one after another, each once the prompt is there."""

    def __init__(self, home: Home, person: Person) -> None:
        self.home = home
        self.person = person

    def runs(self, *lines: str) -> list[str]:
        """Type lines, and return what each has shown."""
        shown = []
        for line in lines:
            self.person.types(f"{line}\n")
            shown.append(self.person.reads(PROMPT))
        return shown

    def leaves(self) -> None:
        self.person.types("exit\n")
        self.person.leaves()


def spool_of(home: Home) -> Path:
    return home.base / ".local/state/isaac/spool/commands"


def records(home: Home) -> list[Run]:
    """Return what is in the spool; nothing in it may be torn."""
    reader = Reader()
    found = list(reader.feed(spool_of(home).read_bytes()))
    reader.end()
    assert reader.torn == 0
    return found


@contextlib.contextmanager
def in_shell(home: Home, shell: str = "bash", *options: str, first: str = "") -> Iterator[ShellPerson]:
    """Start a shell in a home, with what `shell-init` prints in it; `first` is run before that."""
    program = home.base / "isaacctl"
    if not program.exists():
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m isaacctl "$@"\n')
        program.chmod(0o755)
    done = home.run("shell-init", shell, *options)
    assert done.returncode == 0, done.stderr
    # Called as it would be from a PATH.
    text = done.stdout.replace(f"'{sys.executable}' '-P' '-m' 'isaacctl'", f"'{program}'")
    (home.base / "init").write_text(text)
    environ = {**home.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "HISTFILE": "/dev/null"}
    with at_terminal(["-c", START, *_SHELLS[shell]], environ, cwd=str(home.base)) as person:
        made = ShellPerson(home, person)
        for line in filter(None, (first, _BEGIN[shell])):
            person.types(f"{line}\n")
        person.reads(PROMPT)
        yield made


def syntax_errors(shell: str, text: str) -> str:
    """Return what a shell says of a script without running it."""
    return subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, check=False).stderr
