"""What `make` is given to run: a shell, programs and expressions in its arguments, and a makefile in its input."""

import itertools
import re

from isaacd.shell.indirect.found import Found, read_as_shell
from isaacd.shell.indirect.shells import substituted
from isaacd.shell.invocation import Invocation

_MAKEFILE = ("--file=", "--makefile=", "-f")
_INPUT = ("-", "/dev/stdin", "/dev/fd/0")
# Variables of a makefile whose value is a program; others hold options, names and numbers.
_PROGRAMS = frozenset(
    "SHELL CC CXX CPP LD AR AS NM RANLIB STRIP RM CP MV LN MKDIR INSTALL FC YACC LEX PYTHON MAKE SED AWK GREP TAR SUDO".split()
)
_SHELL_CALL = re.compile(r"\$[({]shell\s{1,8}([^(){}]{1,2000})[)}]")
_UNSEEN = "what make is given to run is not judged"


def make(invocation: Invocation) -> Found:
    """Say what make runs that stands in the line."""
    texts: list[str] = []
    unseen = None
    for before, word in itertools.pairwise(invocation.words):
        value = word.value or ""
        if before.value in ("-f", "--file", "--makefile"):
            file = value
        else:
            file = next((value[len(name) :] for name in _MAKEFILE if value.startswith(name)), "")
        if file in _INPUT:
            texts += _recipes("".join(read_as_shell(invocation).texts))
            unseen = "what make reads is not judged in full"
        elif (told := substituted(word)) is not None:
            texts += _recipes(told)
            unseen = "what make reads is not judged in full"
        name, equals, text = value.partition("=")
        name = name.rstrip(":?+!")
        if value.startswith(("--eval", "-E", "MAKEFLAGS=", ".SHELLFLAGS=")) or name == "SHELL":
            unseen = unseen or _UNSEEN
        if name in ("MAKEFLAGS", "GNUMAKEFLAGS", "MFLAGS"):
            texts += _recipes(text.partition("--eval=")[2] or text)
        if name == "--eval" and equals:
            texts += _recipes(text)
        elif before.value in ("--eval", "-E"):
            texts += _recipes(value)
        elif name == ".SHELLFLAGS":
            texts.append(text.partition(" ")[2].strip("\"'"))
        elif equals and name in _PROGRAMS and text:
            texts.append(text)
        elif equals and (word.value is None or "$(" in text or "`" in text):
            texts += [found[1] for found in _SHELL_CALL.finditer(text)]
    return Found(texts=tuple(text for text in texts if text), unseen=unseen)


def _recipes(text: str) -> list[str]:
    """Return what a makefile runs: its recipes, and what it asks the shell."""
    found = [call[1] for call in _SHELL_CALL.finditer(text)]
    lines = [line.strip() for line in re.split(r"[;\n]", text)]
    return [
        *found,
        *(line.lstrip("@-+") for line in lines if line and not line.endswith(":") and "$(" not in line),
    ]
