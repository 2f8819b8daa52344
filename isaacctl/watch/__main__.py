"""`python -m isaacctl.watch OPTIONS`: carry out what the daemon has read from a command line; OPTIONS are JSON."""

import signal

if __name__ == "__main__":
    # Until there is somebody to catch it, Ctrl-C just ends this, and does not show where Python was.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import json
import os
import re
import sys

from isaacctl.search.__main__ import has_color
from isaacctl.search.names import UnknownKind, file_test
from isaacctl.search.out import Out, complain
from isaacctl.watch.loop import Loop
from isaacctl.watch.tree import Tree

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main(argv: "list[str]") -> int:
    """Watch, and return the exit code."""
    options = json.loads(argv[0])
    environ = dict(os.environ)
    out = Out(color=has_color(options, os.isatty(1), environ), terminal=os.isatty(1))
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        test = file_test(options.get("types", ()), options.get("not_types", ()), options.get("globs", ()))
        tree = Tree([_plain(path) for path in options.get("paths") or ["."]], options, environ, test)
        return Loop(options, tree, out).run()
    except (re.error, UnknownKind) as error:
        complain(f"error: {error}")
        return EXIT_USAGE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return EXIT_INTERRUPTED


def _plain(path: str) -> str:
    """Return a path without what says nothing: `./src/` is src."""
    plain = os.path.normpath(path)
    return "." if plain == "" else plain


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
