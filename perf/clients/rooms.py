"""Print what each room of the daemon weighs by its imports alone: `rooms.py`, run in the clean environment.

Every module that a daemon has at its first answer is imported under tracemalloc; what was allocated meanwhile and is
still there, less what the modules that it imported took, is its own. Code, classes and constants count, pages of
libraries outside of Python do not.
"""

import importlib
import importlib._bootstrap
import json
import sys
import tracemalloc
from collections import defaultdict


def main(*modules: str) -> None:
    own: dict[str, int] = defaultdict(int)
    inner = [0]
    load = importlib._bootstrap._load_unlocked

    def weighed(spec):  # type: ignore[no-untyped-def]
        before = tracemalloc.get_traced_memory()[0]
        inner.append(0)
        try:
            return load(spec)
        finally:
            took = tracemalloc.get_traced_memory()[0] - before
            own[_room(spec.name)] += took - inner.pop()
            inner[-1] += took

    importlib._bootstrap._load_unlocked = weighed
    tracemalloc.start()
    for name in modules:
        importlib.import_module(name)
    print(json.dumps(dict(sorted(own.items(), key=lambda item: -item[1]))))


def _room(module: str) -> str:
    words = module.split(".")
    if words[0] in ("isaacd", "isaac_plugins"):
        return ".".join(words[:2])
    return "the standard library" if words[0].lstrip("_") in _STANDARD or words[0] in _STANDARD else words[0]


_STANDARD = sys.stdlib_module_names

main(*(sys.argv[1:] or ("isaacd.__main__", "isaacd.app")))
