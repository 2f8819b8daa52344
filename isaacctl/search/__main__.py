"""`python -m isaacctl.search OPTIONS`: carry out what the daemon has read from a command line; OPTIONS are JSON."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, whatever it does

import json
import os
import re
import sys

from isaacctl.search.names import UnknownKind
from isaacctl.search.out import Out, complain

EXIT_USAGE = 2


def main(argv: "list[str]") -> int:
    """Run one search and return its exit code."""
    options = json.loads(argv[0])
    terminal = os.isatty(1)
    out = Out(color=has_color(options, terminal, dict(os.environ)), terminal=terminal)
    paths = list(options.get("paths") or ())
    try:
        if options["what"] == "find":
            from isaacctl.search.find import Find

            return Find(options, out, dict(os.environ)).run(paths or ["."])
        from isaacctl.search.grep import Grep, standard_input_is_given

        if not paths:
            paths = ["-"] if standard_input_is_given() and not options.get("program") else ["."]
        return Grep(options, out, dict(os.environ)).run(paths)
    except re.error as error:
        complain(f"error: the pattern cannot be used: {error}")
        return EXIT_USAGE
    except UnknownKind as error:
        complain(f"error: {error}")
        return EXIT_USAGE
    except RecursionError:
        complain("error: the pattern is nested too deeply")
        return EXIT_USAGE


def has_color(options: "dict[str, object]", terminal: bool, environ: "dict[str, str]") -> bool:
    """Tell whether the output should have colours (no-color.org, force-color.org, bixense.com/clicolors)."""
    wish = options.get("color", "auto")
    if wish != "auto" or options.get("json"):
        return wish == "always" and not options.get("json")
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return terminal and environ.get("TERM", "dumb") != "dumb" and environ.get("CLICOLOR") != "0"


if __name__ == "__main__":
    # Without a shutdown of the interpreter, which would take as long as a small search.
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
