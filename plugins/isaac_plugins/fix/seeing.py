"""What can be seen of a failure without its output: files that are not there or are there already, and what they lie in."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from isaac_plugins.fix.situation import Situation

MAX_LOOKED_AT = 4000
MAX_DEPTH = 4
_SKIPPED = frozenset(("node_modules", "__pycache__", "venv", "target", "dist"))
# Commands all of whose operands have to be there, and those where the first or the last need not.
_ALL = frozenset(
    "ls cat less more head tail wc stat file bat nl tac sort uniq cut md5sum sha256sum cksum cd pushd source . rm rmdir diff cmp "
    "du xxd hexdump od strings readlink realpath open xdg-open view unzip gunzip gzip zcat shellcheck".split()
)
_ALL_BUT_FIRST = frozenset("chmod chown chgrp grep egrep fgrep rg sed awk jq yq".split())
_ALL_BUT_LAST = frozenset("cp mv rsync scp".split())
_FIRST = frozenset("python python3 bash sh zsh node ruby perl php".split())
_TAKES = {
    "head": "-n -c",
    "tail": "-n -c",
    "grep": "-e -f -m -A -B -C",
    "cut": "-d -f -c",
    "sort": "-k -t -o",
    "du": "-d",
    "ls": "-I -w",
}
_FOLDERS_ONLY = frozenset(("cd", "pushd", "rmdir"))
_NEEDS_FILE = {
    "make": (("Makefile", "makefile", "GNUmakefile"), "make -C {folder} {rest}"),
    "npm": (("package.json",), "npm --prefix {folder} {rest}"),
    "yarn": (("package.json",), "yarn --cwd {folder} {rest}"),
    "cargo": (("Cargo.toml",), "(cd {folder} && {line})"),
    "go": (("go.mod",), "(cd {folder} && {line})"),
    "docker-compose": (("docker-compose.yml", "compose.yaml", "docker-compose.yaml", "compose.yml"), "(cd {folder} && {line})"),
}  # fmt: skip
_NO_FILE_WANTED = frozenset(
    "init new create config login logout whoami search view info version env help install i add exec x -v --version --help -h -C -f".split()
)
_NO_NAME = re.compile(r"[*?\[\]{}$`<>|;&(]|://|^-|^[\w.-]+@?[\w.-]*:")


class Seen(msgspec.Struct, frozen=True):
    """A line that would work instead, or none: why, and how sure."""

    line: str
    why: str
    confidence: float


def seen(around: Situation) -> Iterator[Seen]:
    """Give what is plain to see in the folder; nothing is run, and nothing outside of the line's own paths is opened."""
    if around.output is not None or not around.line or "\n" in around.line or around.exit == 0:
        return
    if re.search(r"[|;&<>`]|\$\(", around.line):
        return  # which of its commands failed is not known
    yield from _programs(around)
    yield from _missing(around)
    yield from _there_already(around)
    yield from _project(around)
    if around.name == "git" and around.words[1:2] not in (["init"], ["clone"], ["config"], ["help"], []):
        yield from _repository(around)


def _programs(around: Situation) -> Iterator[Seen]:
    word = around.words[0] if around.words else ""
    if "/" in word and around.kind(word) == "missing":
        near = around.near(word)
        yield Seen("", f"{word} is not there", 0.5)
        for place, other in enumerate(near):
            yield Seen(
                _swapped(around, word, other), f"{word} is not there, but {other} is", 0.8 - 0.1 * place
            )


def _files(around: Situation) -> list[str]:
    """Return the words of a command that have to be there."""
    name, words, wanted = around.name, around.words[1:], []
    takes = _TAKES.get(name, "").split()
    place = 0
    while place < len(words):
        word = words[place]
        if word in takes:
            place += 1
        elif not word.startswith("-") or word == "-":
            wanted.append(word)
        place += 1
    if name in _FIRST:
        wanted = wanted[:1] if "-c" not in words and "-m" not in words and "-e" not in words else []
    elif name in _ALL_BUT_FIRST:
        wanted = wanted[1:]
    elif name in _ALL_BUT_LAST:
        wanted = wanted[:-1]
    elif name not in _ALL:
        return []
    return [word for word in wanted if word != "-" and not _NO_NAME.search(word)]


def _missing(around: Situation) -> Iterator[Seen]:
    for word in _files(around):
        kind = around.kind(word)
        if kind == "missing":
            yield from _not_there(around, word)
            return
        if around.name in _FOLDERS_ONLY and kind == "file":
            folder = word.rpartition("/")[0]
            yield Seen(
                f"{around.name} {shlex.quote(folder)}" if folder else "", f"{word} is a file, no folder", 0.7
            )
            return
        if around.name == "rmdir" and any(around.path(word).iterdir()):
            yield Seen(
                f"ls -A {shlex.quote(word)}",
                f"{word} is not empty, and rmdir removes only empty folders",
                0.75,
            )
            yield Seen(
                f"rm -ri {shlex.quote(word)}", f"{word} is not empty; this asks for all that is in it", 0.6
            )
            return
        if (
            not around.is_root
            and not os.access(around.path(word), os.R_OK)
            and around.name in _ALL | _ALL_BUT_FIRST
        ):
            yield Seen(f"sudo {around.line.strip()}", f"you may not read {word}", 0.6)
            return


def _not_there(around: Situation, word: str) -> Iterator[Seen]:
    above = _nearest(around, word)
    where = f"; the nearest folder that is there is {above}" if above not in ("", ".") else ""
    yield Seen("", f"{word} is not there{where}", 0.5)
    found = _elsewhere(around, word)
    for place, other in enumerate(found[:2]):
        line = _swapped(around, word, other)
        yield Seen(line, f"{word} is not there, but {other} is", round(0.7 - 0.1 * place, 2))
    if not found and above:
        yield Seen(f"ls {shlex.quote(above)}", f"{word} is not there{where}: see what is", 0.4)


def _nearest(around: Situation, word: str) -> str:
    """Return the deepest folder of a path that is there."""
    above = word.rstrip("/")
    while "/" in above:
        above = above.rpartition("/")[0] or "/"
        if around.kind(above) == "folder":
            return above
        if above == "/":
            break
    return "."


def _elsewhere(around: Situation, word: str) -> list[str]:
    """Return where else below the folder a file of that name is."""
    name = word.rstrip("/").rpartition("/")[2]
    found: list[str] = []
    queue: list[tuple[Path, int]] = [(around.cwd, 0)]
    looked = 0
    while queue and looked < MAX_LOOKED_AT and len(found) < 3:
        folder, depth = queue.pop(0)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    looked += 1
                    if looked > MAX_LOOKED_AT:
                        break
                    if entry.name == name and depth:
                        found.append(os.path.relpath(entry.path, around.cwd))
                    below = depth < MAX_DEPTH and entry.name[:1] != "." and entry.name not in _SKIPPED
                    if below and entry.is_dir(follow_symlinks=False):
                        queue.append((Path(entry.path), depth + 1))
        except OSError:
            continue
    return found


def _there_already(around: Situation) -> Iterator[Seen]:
    words = around.operands
    if around.name == "mkdir" and "-p" not in around.words:
        for word in words:
            kind = around.kind(word)
            if kind == "folder":
                yield Seen(f"cd {shlex.quote(word)}", f"the folder {word} is there already", 0.6)
            elif kind == "file":
                yield Seen("", f"{word} is there already, and is a file", 0.6)
    if around.name == "ln" and len(words) == 2 and around.kind(words[1]) == "file":
        yield Seen(f"ls -l {shlex.quote(words[1])}", f"{words[1]} is there already", 0.6)


def _project(around: Situation) -> Iterator[Seen]:
    """Tell a command that it is not where its project is, and where that is."""
    names, form = _NEEDS_FILE.get(around.name, ((), ""))
    if not names or any(word in _NO_FILE_WANTED for word in around.words[1:]):
        return
    if any((around.cwd / name).exists() for name in names):
        return
    for folder in [*around.cwd.parents][:6]:
        if any((folder / name).exists() for name in names):
            rest = " ".join(around.raw_words[around.begins + 1 :])
            where = shlex.quote(os.path.relpath(folder, around.cwd))
            line = form.format(folder=where, rest=rest, line=around.line.strip()).strip()
            yield Seen(line, f"there is no {names[0]} here; there is one in {where}", 0.7)
            return
    yield Seen("", f"there is no {names[0]} here, nor in a folder above", 0.6)


def _repository(around: Situation) -> Iterator[Seen]:
    folders = (around.cwd, *around.cwd.parents)
    if "-C" not in around.words and not any((folder / ".git").exists() for folder in folders):
        yield Seen("git init", "neither this folder nor one above it is a repository of git", 0.5)


def _swapped(around: Situation, wrong: str, right: str) -> str:
    words = [shlex.quote(right) if word.strip("'\"") == wrong else word for word in around.raw_words]
    return " ".join(words)
