"""Shells: `bash -c TEXT`, `bash FILE`, and a shell that reads commands from its input."""

import re

from isaacd.shell.indirect.found import Found, joined, read_as_shell
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Word
from isaacd.shell.written import written_by

LOADER = re.compile(r"ld(?:-linux[\w.-]*|-musl[\w.-]*)?\.so[\w.]*\Z")
_TAKES = frozenset(("-o", "+o", "-O", "+O"))
_TELLS = frozenset(("--version", "--help", "--dump-strings", "--dump-po-strings"))
_READS_FILE = frozenset(("--rcfile", "--init-file"))
_FISH = frozenset(("--command", "--init-command", "-C"))


def shell(invocation: Invocation) -> Found:
    """Say what a shell runs."""
    words = invocation.words[1:]
    name = invocation.name or ""
    place = 0
    reads_input = False
    while place < len(words):
        value = words[place].value
        if value is None:
            return _file(words[place], name)
        if value in _TELLS:
            return Found()
        option, equals, text = value.partition("=")
        if option in _FISH and equals:
            return Found(texts=(text,))
        if value in _FISH:
            return _line(words[place + 1 :], name)
        if option in _READS_FILE:
            told = substituted(words[place + 1]) if place + 1 < len(words) else None
            unseen = f"what is in the file that {name} reads first is run, and cannot be seen"
            return Found(texts=(told,) if told is not None else (), unseen=unseen)
        if value[:1] not in ("-", "+") or value in ("-", "--"):
            place += value in ("-", "--")
            break
        if not value.startswith("--"):
            if "c" in value[1:] and value[0] == "-":
                return _line(words[place + 1 :], name)
            reads_input = reads_input or "s" in value[1:]
        place += 2 if value in _TAKES else 1
    rest = words[place:]
    if not rest or reads_input:
        return read_as_shell(invocation)
    file = rest[0].value
    if file in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        return read_as_shell(invocation)
    shown = file if file is not None else rest[0].raw
    return Found(unseen=f"what is in the file {shown} is run, and cannot be seen")


def _file(word: Word, name: str) -> Found:
    text = substituted(word)
    return Found(unseen=f"what {name} is given cannot be seen") if text is None else Found(texts=(text,))


def substituted(word: Word) -> str | None:
    """Return the text that a file of the kind `<(echo rm x)` holds, if that is seen."""
    if not word.raw.startswith("<(") or len(word.scripts) != 1:
        return None
    return written_by(word.scripts[0])


def _line(words: tuple[Word, ...], name: str) -> Found:
    """Find the text of `-c`, behind further options."""
    place = 0
    while place < len(words) and (words[place].value or "")[:1] in ("-", "+") and words[place].value:
        place += 2 if words[place].value in _TAKES else 1
    if place >= len(words):
        return Found(unseen=f"what {name} -c runs cannot be seen") if words else Found()
    found = joined(words[place : place + 1], f"what {name} -c runs cannot be seen")
    return Found(texts=found.texts, unseen=found.unseen, given=tuple(words[place + 1 :]))


def loader(invocation: Invocation) -> Found:
    """`ld-linux.so.2 [options] PROGRAM arguments`: the program is run by the loader itself."""
    takes = frozenset(("--library-path", "--preload", "--argv0", "--audit", "--inhibit-rpath"))
    words = invocation.words[1:]
    place = 0
    while place < len(words) and (words[place].value or "").startswith("-"):
        if words[place].value in ("--list", "--verify", "--help", "--version"):
            return Found()
        place += 2 if words[place].value in takes else 1
    return Found((words[place:],)) if place < len(words) else Found()
