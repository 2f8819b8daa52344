"""What a line brings from elsewhere, or decodes, into a file, and then runs: `curl -o a.sh x; sh a.sh`."""

import posixpath
from collections.abc import Iterable, Iterator

from isaacd.judge.hidden import DECODERS, FETCHERS
from isaacd.judge.verdict import Reason
from isaacd.safety.tier import Tier
from isaacd.shell.indirect import SHELLS
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Word

MAX_STEPS = 8
_TELLS_TEXT = frozenset(("printf", "rev", "tr"))
_NAMES_BY_ADDRESS = frozenset(
    "curl wget wget2 aria2c fetch http https xh curlie lwp-download lftp axel".split()
)
_NAMES_FILE = frozenset(("-o", "--output", "-O", "--output-document", "--out", "-of", "-d"))
_RUNS_FILES = frozenset((*SHELLS, "source", ".", "python", "python3", "perl", "ruby", "node", "php", "lua"))
_COPIES = frozenset(("mv", "cp", "install", "ln"))


def brought(invocations: Iterable[Invocation]) -> Iterator[Reason]:
    """Give a reason for each file that is run after the same line has fetched or decoded it."""
    files: dict[str, str] = {}
    for invocation in invocations:
        name = invocation.name or ""
        first = _path(invocation.words[0]) if invocation.words else None
        runs = first if first is not None and "/" in (invocation.words[0].value or "") else None
        if name in _RUNS_FILES:
            runs = next((path for word in invocation.words[1:] if (path := _path(word)) in files), None)
        if runs is not None and runs in files:
            text = f"{runs} is what {files[runs]} brings or decodes, and is run, whatever it is"
            yield Reason(
                Tier.DESTRUCTIVE,
                text,
                invocation.place,
                "remote text",
                "run text from elsewhere",
                is_floor=True,
            )
        source = _source(invocation)
        if source is not None:
            files.update(dict.fromkeys(_written(invocation), source))
        elif name in _COPIES and len(invocation.words) > 2:
            moved = next(
                (files[path] for word in invocation.words[1:-1] if (path := _path(word)) in files), None
            )
            target = _path(invocation.words[-1])
            if moved is not None and target is not None:
                files[target] = moved


def _source(invocation: Invocation) -> str | None:
    step: Invocation | None = invocation
    for _ in range(MAX_STEPS):
        if step is None:
            return None
        if step.name in FETCHERS or (step.name in DECODERS and step.name not in _TELLS_TEXT):
            return step.name
        step = step.receives
    return None


def _written(invocation: Invocation) -> Iterator[str]:
    """Give the files that a command writes, by redirections, options, or the end of an address."""
    words = invocation.words
    for redirect in invocation.redirects:
        if redirect.writes and redirect.target is not None and (path := _path(redirect.target)):
            yield path
    if invocation.name == "tee":
        yield from (path for word in words[1:] if (path := _path(word)))
    yield from _behind_options(words)
    if invocation.name in _NAMES_BY_ADDRESS:
        for word in words[1:]:
            end = (word.value or "").partition("?")[0].rstrip("/").rpartition("/")[2]
            if end and not end.startswith("-"):
                yield posixpath.normpath(end)


def _behind_options(words: tuple[Word, ...]) -> Iterator[str]:
    for place, word in enumerate(words[1:], 1):
        value = word.value or ""
        option, equals, rest = value.partition("=")
        joined = value[:1] == "-" and value[1:].isalpha() and value[-1] in "oO"
        if (value in _NAMES_FILE or joined) and place + 1 < len(words):
            if path := _path(words[place + 1]):
                yield path
        elif equals and option in _NAMES_FILE:
            yield posixpath.normpath(rest)
        elif value[:2] in ("-o", "-O") and len(value) > 2:
            yield posixpath.normpath(value[2:])


def _path(word: Word) -> str | None:
    value = word.value
    return posixpath.normpath(value) if value else None
