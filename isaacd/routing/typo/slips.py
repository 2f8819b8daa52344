"""Slips of a whole line or of its first word that no distance explains: a copied prompt, a keyboard of another language."""

import re
import shlex
from collections.abc import Callable
from typing import NamedTuple

SLIPS = {
    "sl": "ls",
    "lls": "ls",
    "cd..": "cd ..",
    "cd...": "cd ../..",
    "cd....": "cd ../../..",
    "cd/": "cd /",
    "cd~": "cd ~",
    "cd-": "cd -",
    "cs": "cd",
    "gti": "git",
    "got": "git",
    "gt": "git",
    "grpe": "grep",
    "sduo": "sudo",
    "suod": "sudo",
    "vmi": "vim",
    "clera": "clear",
    "claer": "clear",
    "celar": "clear",
    "exti": "exit",
    "eixt": "exit",
    "pyhton": "python",
    "pyton": "python",
    "mkae": "make",
    "amke": "make",
    "dokcer": "docker",
    "dcoker": "docker",
    "mroe": "more",
    "pswd": "passwd",
}

# Slips that are names of programs as well, which somebody may miss here.
NAMES_TOO = frozenset(("gt", "cs", "got"))

# Names that many shells or programs have, and this one may not.
CUSTOMS = {
    "-help": "help",
    "--help": "help",
    "ll": "ls -l",
    "la": "ls -A",
    "l": "ls",
    "..": "cd ..",
    "...": "cd ../..",
    "quit": "exit",
    "bye": "exit",
    ":q": "exit",
    ":q!": "exit",
    ":wq": "exit",
}

# What the keys of other layouts give where a US keyboard has the letter of the same place.
_LAYOUTS = {
    "Russian": ("йцукенгшщзхъфывапролджэячсмитьбю.ё", "qwertyuiop[]asdfghjkl;'zxcvbnm,./`"),
    "Greek": ("ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm"),
    "Hebrew": ("/'קראטוןםפשדגכעיחלךףזסבהנמצתץ", "qwertyuiopasdfghjkl;zxcvbnm,."),
    "Ukrainian": ("йцукенгшщзхїфівапролджєячсмитьбю.", "qwertyuiop[]asdfghjkl;'zxcvbnm,./"),
}
_TABLES = {name: str.maketrans(theirs, ours) for name, (theirs, ours) in _LAYOUTS.items()}
# `ada@host:~/src$ ls`, `[ada@host src]$ ls`, `PS C:\\> dir`, `C:\\Users>dir`.
_WHOLE_PROMPT = re.compile(
    r"(?:\[?[\w.-]{1,64}@[\w.-]{1,64}[: ][\w./~ -]{0,200}\]?[$#%]\s|(?:PS )?[A-Z]:\\[\w.\\ -]{0,200}>)\s{0,8}"
)
_QUOTES_OF_TEXTS = str.maketrans("\u201c\u201d\u201e\u2018\u2019", '"""\'\'')
_DASHES = re.compile(r"(?<=\s)[\u2013\u2014\u2212]\s?(?=[A-Za-z0-9])([\w-]*)")
_OF_TEXTS = re.compile("[\u201c\u201d\u201e\u2018\u2019]|(?<=\\s)[\u2013\u2014\u2212]")
_OUTSIDE_QUOTES = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|((?:[^'\"\\]|\\.)+|.)", re.DOTALL)
_GIVEN_TEXTS = frozenset(("echo", "printf", "say", "espeak", "notify-send", "cowsay", "figlet"))
_QUOTES = ("'", '"')
_JUNK = "]\\'`=/,.;"


_JOINED = re.compile(r"cd((?:\.\.?|~)?/[\w./-]*|\.\.(?:/\.\.)+/?)\Z")


def joined(word: str) -> str | None:
    """Return `cd` and the folder that stand in one word: `cd../..`, `cd/tmp`."""
    found = _JOINED.match(word)
    return f"cd {found[1]}" if found is not None else None


class Slip(NamedTuple):
    """A line that may have been meant; `sure` if nothing else could have been."""

    line: str
    confidence: float
    why: str
    sure: bool = False


def whole(line: str, knows: Callable[[str], bool]) -> Slip | None:
    """Find a slip that spoils the line as a whole; `knows` says whether a first word is a command."""
    if not line.isascii():
        found = _spaces(line) or _typography(line, knows) or _layout(line, knows)
        if found is not None:
            return found
    return _prompt(line, knows) or _quotes(line, knows)


def _spaces(line: str) -> Slip | None:
    """Find blanks that are none for a shell, as Alt and the space bar give on some keyboards."""
    clean = "".join(" " if char in "\u00a0\u202f\u2007\u3000" else char for char in line)
    clean = "".join(char for char in clean if char not in "\u200b\ufeff\u2060")
    return (
        Slip(clean, 0.95, "it holds a blank that is none for a shell", sure=True) if clean != line else None
    )


def _typography(line: str, knows: Callable[[str], bool]) -> Slip | None:
    """Find what a program for texts makes of hyphens and quotes: `ls \u2013la`, `\u201cls\u201d`."""
    head = line.translate(_QUOTES_OF_TEXTS).split(None, 1)[0].strip("'\"") if line.split() else ""
    if head in _GIVEN_TEXTS or not knows(head):
        return None
    outside = [found[1] for found in _OUTSIDE_QUOTES.finditer(line) if found[1]]
    if not any(_OF_TEXTS.search(text) for text in outside):
        return None  # within quotes they are part of a text
    clean = _DASHES.sub(lambda found: ("--" if "-" in found[1] else "-") + found[1], line)
    clean = clean.translate(_QUOTES_OF_TEXTS)
    try:
        shlex.split(clean)
    except ValueError:
        return None
    return Slip(clean, 0.88, "hyphens or quotes in it are those of a text, not of a shell")


def _layout(line: str, knows: Callable[[str], bool]) -> Slip | None:
    if line.split(None, 1)[:1] and line.split(None, 1)[0].isascii():
        return None  # it is a text in another language that a command is given
    for name, table in _TABLES.items():
        said = line.translate(table)
        if said.isascii() and knows(said.split(None, 1)[0] if said.split() else ""):
            return Slip(said, 0.9, f"the keyboard was set to {name}")
    return None


def _prompt(line: str, knows: Callable[[str], bool]) -> Slip | None:
    """Find a prompt that was copied with the command."""
    rest = line.lstrip()
    found = _WHOLE_PROMPT.match(rest)
    if found is not None:
        rest = rest[found.end() :]
        known = bool(rest) and knows(rest.split(None, 1)[0])
        return Slip(rest, 0.95, "the prompt was copied with it", sure=True) if known else None
    # `> x` empties a file that is called x, so that nobody can be sure.
    sure = not rest.startswith("> ")
    if not rest.startswith(("$ ", "% ", "> ", "❯ ")):
        return None
    while rest.startswith(("$ ", "% ", "> ", "❯ ")):
        rest = rest[2:].lstrip()
    if not rest or not knows(rest.split(None, 1)[0]):
        return None
    return Slip(rest, 0.95 if sure else 0.8, "the prompt was copied with it", sure=sure)


def _quotes(line: str, knows: Callable[[str], bool]) -> Slip | None:
    """Find a text that begins with one kind of quote and ends with the other."""
    if not line or not knows(line.split(None, 1)[0] if line.split() else ""):
        return None
    singles, doubles = line.count("'"), line.count('"')
    if singles != 1 or doubles != 1 or line[-1] not in _QUOTES or "\\" in line:
        return None
    first = min(line.index("'"), line.index('"'))
    inside = line[first + 1 : -1]
    if any(char in inside for char in "$`!"):
        return None  # what is between would mean something else in the other quotes
    return Slip(f'{line[:first]}"{inside}"', 0.85, "the quotes around a text are not the same")


def junk(word: str, knows: Callable[[str], bool]) -> str | None:
    """Return a first word without a key that was struck before or after it."""
    if word[0] == "\\" or "/" in word.strip("/") or "$" in word:
        return None  # `\ls` is no alias on purpose
    bare = word.strip(_JUNK + ":-")
    if bare != word and len(bare) > 1 and len(word) - len(bare) <= 2 and knows(bare):
        return bare
    return None


def case(word: str, knows: Callable[[str], bool]) -> str | None:
    """Return a first word in the letters that commands are written in."""
    lower = word.lower()
    if not (word.istitle() or word.isupper()):
        return None
    return lower if lower != word and knows(lower) else None


def hyphens(word: str, knows: Callable[[str], bool]) -> str | None:
    """Return a first word with hyphens, underscores or neither, whichever is a command."""
    if "-" not in word and "_" not in word:
        return None
    for other in (word.replace("_", "-"), word.replace("-", "_"), word.replace("_", "").replace("-", "")):
        if other != word and knows(other):
            return other
    return None
