"""What a command runs by itself: other commands behind it, and texts that it gives to a shell."""

from isaacd.shell.indirect.builtins import BUILTINS
from isaacd.shell.indirect.found import SHELLS, Found, merged
from isaacd.shell.indirect.interpreters import INTERPRETERS, interpreter, reads_code
from isaacd.shell.indirect.options import LINES_BEHIND, lines_behind
from isaacd.shell.indirect.programs import PROGRAMS
from isaacd.shell.indirect.remote import REMOTES
from isaacd.shell.indirect.shells import LOADER, loader, shell
from isaacd.shell.indirect.wrapped import RUNNERS, runner, wrapped
from isaacd.shell.invocation import Invocation
from isaacd.shell.wrappers import WRAPPERS

__all__ = ["NOTHING", "SHELLS", "Found", "indirect", "reads_code"]

_SPECIAL = {**BUILTINS, **PROGRAMS, **REMOTES}
NOTHING = Found()


def indirect(invocation: Invocation) -> Found:
    """Say what a command, whose name is seen, runs by itself."""
    name = invocation.name or ""
    found = NOTHING
    special = _SPECIAL.get(name)
    if special is not None:
        found = special(invocation)
    elif name in SHELLS:
        return shell(invocation)
    elif name in WRAPPERS:
        found = wrapped(name, invocation)
    elif name in RUNNERS:
        found = runner(name, invocation)
        if INTERPRETERS.match(name):
            found = merged(found, interpreter(invocation))
    elif INTERPRETERS.match(name):
        found = interpreter(invocation)
    elif LOADER.match(name):
        found = loader(invocation)
    return merged(found, lines_behind(invocation)) if name in LINES_BEHIND else found
