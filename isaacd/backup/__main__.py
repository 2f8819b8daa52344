"""`python -m isaacd.backup VERB OPTIONS`: one step of keeping, for `isaacctl`; OPTIONS and the answer are JSON."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from isaacd.backup.archive import make_archive
from isaacd.backup.export import export
from isaacd.backup.importing import bring_in
from isaacd.backup.restore import finish, outcome, restore
from isaacd.cli.exits import exit_code
from isaacd.errors import IsaacError
from isaacd.paths import Paths


def _backup(paths: Paths, options: Mapping[str, object]) -> object:
    file = Path(str(options["file"]))
    manifest = make_archive(paths, file, with_keys=bool(options.get("with_keys")), now=time.time())
    return outcome(file, manifest)


def _restore(paths: Paths, options: Mapping[str, object]) -> object:
    return restore(paths, Path(str(options["file"])))


def _export(paths: Paths, options: Mapping[str, object]) -> object:
    return export(paths, Path(str(options["file"])), now=time.time())


def _import(paths: Paths, options: Mapping[str, object]) -> object:
    finish(paths)
    return bring_in(paths, Path(str(options["file"])), now=time.time())


_VERBS: dict[str, Callable[[Paths, Mapping[str, object]], object]] = {
    "backup": _backup,
    "restore": _restore,
    "export": _export,
    "import": _import,
}


def main(argv: list[str]) -> int:
    """Do it and print what came of it; the exit code is that of `isaacctl`."""
    os.umask(0o077)
    verb, options = argv
    try:
        done = _VERBS[verb](Paths.from_environ(os.environ, os.geteuid()), json.loads(options))
    except IsaacError as error:
        said = {"error": error.message, "hint": error.hint}
        sys.stdout.buffer.write(msgspec.json.encode(said))
        return exit_code(error)
    sys.stdout.buffer.write(msgspec.json.encode(done))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
