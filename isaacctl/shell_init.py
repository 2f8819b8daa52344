"""`isaacctl shell-init`: what a shell evaluates to keep its history with Isaac, and to ask it while a line is typed."""

import os
import sys

from isaacctl.spool import open_spool, spool_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FILES = {"bash": "bash.sh", "zsh": "zsh.zsh", "fish": "fish.fish"}
PARTS = ("history", "run", "key", "completion", "not-found")
# Ctrl-X i, as each shell writes it.
KEYS = {"bash": r"\C-xi", "zsh": "^Xi", "fish": r"\cxi"}


def script(
    shell: str,
    environ: "Mapping[str, str]",
    program: "list[str]",
    *,
    key: str = "",
    without: "Collection[str]" = (),
) -> str:
    """Return the text for a shell, without some of its PARTS; `program` is how this command line is called.

    The spool is made on the way, so that the shell finds it there, private.
    """
    folder = spool_folder(environ)
    try:
        os.close(open_spool(folder))
    except OSError:
        pass  # then nothing is kept, and the shell works as ever
    with open(os.path.join(os.path.dirname(__file__), "shells", FILES[shell]), encoding="utf-8") as file:
        text = "".join(_parts(file.read(), without))
    key = key or KEYS[shell]
    values = {
        "@PROGRAM@": " ".join(_quoted(word, shell) for word in program),
        "@FOLDER@": _quoted(folder, shell),
        "@KEY@": key.replace('"', "") if shell == "bash" else key if shell == "fish" else _quoted(key, shell),
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def program_words() -> list[str]:
    """Return how this command line was called, in words that work from everywhere."""
    called = sys.argv[0] if sys.argv else ""
    if called.endswith("__main__.py") or not called:
        return [sys.executable, "-P", "-m", "isaacctl"]
    return [os.path.abspath(called)] if os.path.isfile(called) else ["isaacctl"]


def _parts(text: str, without: "Collection[str]") -> "list[str]":
    kept = []
    part = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("#:"):
            part = "" if line == "#:end\n" else line[2:].strip()
        elif part not in without:
            kept.append(line)
    return kept


def _quoted(text: str, shell: str) -> str:
    """Quote one word so that the shell takes it as it is."""
    if shell == "fish":
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + text.replace("'", "'\\''") + "'"
