"""A failed line and what is around it: its words, the folder, the programs; nothing of it is run."""

import os
import re
import shlex
import stat
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

import msgspec

from isaac_plugins.fix.rules import packages

_RAW_WORD = re.compile(r"(?:[^\s'\"\\]|\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\")+|['\"].*")
_BEFORE = frozenset("sudo doas time nohup nice command env exec".split())
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
MAX_NAMES = 3000


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a failure; `output` None is not known."""

    line: str
    output: str | None
    exit: int | None
    cwd: Path
    environ: Mapping[str, str]
    programs: frozenset[str]
    is_root: bool = False

    @property
    def raw_words(self) -> list[str]:
        """The words as they were typed."""
        return _RAW_WORD.findall(self.line)

    @property
    def begins(self) -> int:
        """Where the command's own name stands among the words: behind `sudo` and assignments."""
        words = self.raw_words
        for place, word in enumerate(words):
            if word not in _BEFORE and not _ASSIGNMENT.match(word) and not (place and word.startswith("-")):
                return place
        return 0

    @property
    def words(self) -> list[str]:
        """The command's words without quotes, its name first."""
        return [_unquoted(word) for word in self.raw_words[self.begins :]]

    @property
    def name(self) -> str:
        """The name of the command."""
        words = self.words
        return words[0].rpartition("/")[2] if words else ""

    @property
    def operands(self) -> list[str]:
        """The words that are no options."""
        return [word for word in self.words[1:] if not word.startswith("-") or word == "-"]

    def values(self) -> dict[str, str]:
        """Return what may stand in the line of a rule."""
        raw, at = self.raw_words, self.begins
        values = {
            "sudo": "" if self.is_root else "sudo ",
            "before": " ".join(raw[:at]) + (" " if at else ""),
        }
        if self.line.strip():
            values["line"] = self.line.strip()
        if raw:
            values |= {"name": raw[at], "rest": " ".join(raw[at + 1 :]), "last": raw[-1]}
        for place, word in enumerate(raw[at + 1 :][:6], 1):
            values[f"word_{'abcdef'[place - 1]}"] = word
            values[f"rest_{'abcdef'[place - 1]}"] = " ".join(raw[at + 1 + place :])
        return values

    def path(self, word: str) -> Path:
        """Return the path that a word means."""
        home = self.environ.get("HOME", "")
        if home and (word == "~" or word.startswith("~/")):
            word = home + word[1:]
        return self.cwd / word

    def kind(self, word: str) -> str:
        """Say what is at a path: file, folder, other or missing."""
        try:
            mode = self.path(word).stat().st_mode
        except (OSError, ValueError):
            return "missing"
        return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"

    def near(self, word: str, *, folders: bool = False) -> list[str]:
        """Return names that are there and look like this one, as one would type them."""
        head, slash, tail = word.rstrip("/").rpartition("/")
        folder = self.path(head or ("/" if slash else "."))
        try:
            with os.scandir(folder) as entries:
                names = [
                    entry.name
                    for _, entry in zip(range(MAX_NAMES), entries, strict=False)
                    if not folders or entry.is_dir()
                ]
        except (OSError, ValueError):
            return []
        same = [name for name in names if name.lower() == tail.lower()]
        found = [*same, *get_close_matches(tail, names, 3, 0.7)]
        return [f"{head}{slash}{name}" for name in dict.fromkeys(found) if name != tail][:3]


Fact = Callable[[Situation], dict[str, str] | None]


def _executable_missing(around: Situation) -> dict[str, str] | None:
    word = around.words[0] if around.words else ""
    if "/" in word and around.kind(word) == "file" and not os.access(around.path(word), os.X_OK):
        return {"file": shlex.quote(word)}
    return None


def _operand_is_folder(around: Situation) -> dict[str, str] | None:
    found = next((word for word in around.operands if around.kind(word) == "folder"), None)
    return None if found is None else {"folder": shlex.quote(found)}


def _folder_missing(around: Situation) -> dict[str, str] | None:
    found = around.operands[-1:] or [""]
    return {"folder": shlex.quote(found[0])} if found[0] and around.kind(found[0]) == "missing" else None


def _parent_missing(around: Situation) -> dict[str, str] | None:
    last = around.operands[-1] if around.operands else ""
    above = last if last.endswith("/") else last.rpartition("/")[0]
    return (
        {"folder": shlex.quote(above.rstrip("/") or "/")}
        if above and around.kind(above) == "missing"
        else None
    )


def _script_here(around: Situation) -> dict[str, str] | None:
    word = around.words[0] if around.words else ""
    if word and "/" not in word and around.kind(word) == "file" and os.access(around.path(word), os.X_OK):
        return {}
    return None


def _program_missing(around: Situation) -> dict[str, str] | None:
    return {} if around.name and "/" not in around.words[0] and around.name not in around.programs else None


def _git_branch(around: Situation) -> dict[str, str] | None:
    for folder in (around.cwd, *list(around.cwd.parents)[:30]):
        try:
            head = (folder / ".git" / "HEAD").read_text("utf-8")[:500].strip()
        except (OSError, ValueError):
            continue
        return (
            {"branch": head.removeprefix("ref: refs/heads/")} if head.startswith("ref: refs/heads/") else None
        )
    return None


def _not_root(around: Situation) -> dict[str, str] | None:
    return None if around.is_root or around.raw_words[:1] in (["sudo"], ["doas"]) else {}


def _doubled(around: Situation) -> dict[str, str] | None:
    words = around.words
    return (
        {} if len(words) > 1 and words[0] == words[1] and words[0] not in ("echo", "printf", "yes") else None
    )


def _one_hyphen(around: Situation) -> dict[str, str] | None:
    found = next((word for word in around.words[1:] if re.match(r"-[a-z][a-z-]+\Z", word)), None)
    return None if found is None else {"wrong": found}


def _clone_twice(around: Situation) -> dict[str, str] | None:
    return {} if around.words[:4] == ["git", "clone", "git", "clone"] else None


def _verb_behind(around: Situation) -> dict[str, str] | None:
    verbs = ("start", "stop", "restart", "reload", "status", "enable", "disable", "is-active", "cat", "mask")
    words = around.words
    return (
        {}
        if len(words) == 3 and words[2] in verbs and words[1] not in verbs and words[1][:1] != "-"
        else None
    )


def _module_package(around: Situation) -> dict[str, str] | None:
    match = re.search(r"No module named '?(?P<module>[\w.]{1,100})", around.output or "")
    if match is None:
        return None
    module = match["module"]
    known = packages()["modules"]
    return {"package": known.get(module) or known.get(module.partition(".")[0]) or module.partition(".")[0]}


def _ssh_host(around: Situation) -> dict[str, str] | None:
    for word in around.operands:
        match = re.match(r"(?:[\w.-]+@)?([\w.-]+)(?::.*)?\Z", word)
        if match is not None and (around.name in ("ssh", "sftp") or ":" in word):
            return {"host": match[1]}
    return None


def _has_address(around: Situation) -> dict[str, str] | None:
    for word in around.operands:
        match = re.match(r"https?://([\w.-]+)", word)
        if match is not None:
            return {"host": match[1]}
    return None


def _if(holds: bool) -> dict[str, str] | None:
    return {} if holds else None


FACTS: dict[str, Fact] = {
    "behind-sudo": lambda around: _if(around.raw_words[:1] == ["sudo"]),
    "clone-twice": _clone_twice,
    "doubled": _doubled,
    "executable-bit-missing": _executable_missing,
    "exit-is-130": lambda around: _if(around.exit == 130),
    "has-address": _has_address,
    "is-no-root-question": lambda around: _if("are you root" not in (around.output or "")),
    "last-is-missing": _folder_missing,
    "module-package": _module_package,
    "not-root": _not_root,
    "on-branch": _git_branch,
    "one-hyphen": _one_hyphen,
    "operand-is-folder": _operand_is_folder,
    "output-is-empty": lambda around: _if(around.output is not None and not around.output.strip()),
    "output-is-unknown": lambda around: _if(around.output is None),
    "parent-is-missing": _parent_missing,
    "program-is-missing": _program_missing,
    "script-is-here": _script_here,
    "ssh-host": _ssh_host,
    "verb-behind": _verb_behind,
}


def fact(name: str, around: Situation) -> dict[str, str] | None:
    """Say whether a fact holds, and what it tells; `has:NAME`, `file:NAME` and `with-ending:.py` take a word."""
    kind, colon, word = name.partition(":")
    if not colon:
        return FACTS[name](around)
    if kind == "has":
        return {} if word in around.programs else None
    if kind == "file":
        return {} if around.kind(word) != "missing" else None
    found = next(
        (
            item
            for item in around.operands
            if around.kind(item) == "missing" and around.kind(item + word) == "file"
        ),
        None,
    )
    return None if found is None else {"file": found, "whole": shlex.quote(found + word)}


def _unquoted(raw: str) -> str:
    try:
        return "".join(shlex.split(raw)) if "'" in raw or '"' in raw or "\\" in raw else raw
    except ValueError:
        return raw.strip("'\"")
