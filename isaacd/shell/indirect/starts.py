"""Where the arguments come from that `find -exec`, `xargs` and `parallel` hand to a command: `/` in `find / | xargs rm`."""

import itertools
from collections.abc import Sequence

from isaacd.shell.indirect.found import operands, written_through
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Text, Word
from isaacd.shell.written import written_by

MAX_STEPS = 12
MAX_WORDS = 64
_FD_TAKES = frozenset(
    "-e --extension -d --max-depth --min-depth --exact-depth -t --type -E --exclude -S --size -o --owner -j --threads "
    "--changed-within --changed-before -c --color --base-directory --search-path".split()
)
_ASKING = tuple(
    "-name -iname -path -ipath -wholename -regex -iregex -newer -mtime -mmin -atime -amin -ctime -cmin -size -empty -perm -user -group "
    "-links -inum -samefile -uid -gid -nouser -nogroup -lname -ilname -used -xtype -executable -readable -writable".split()
)
_HERE = Word(".", (Text("."),))
_LISTS = frozenset(("ls", "gls", "dir", "vdir", "du", "tree", "exa", "eza", "lsd"))


def found_below(words: Sequence[Word]) -> tuple[Word, ...]:
    """Return where `find` begins: the words before its first test."""
    starts = []
    for word in words[1:]:
        if word.beginning[:1] in ("-", "(", "!") and word.value not in ("-L", "-H", "-P"):
            break
        if word.value not in ("-L", "-H", "-P"):
            starts.append(word)
    values = [word.value or "?" for word in words[1 + len(starts) :]]
    # What is asked of the files leaves some of those here; elsewhere each of them may be grave.
    asks = any(
        value.startswith(_ASKING) and values[place + 1 : place + 2] != ["*"]
        for place, value in enumerate(values)
    )
    return _elsewhere(starts) if asks else tuple(starts or (_HERE,))


def _elsewhere(words: Sequence[Word]) -> tuple[Word, ...]:
    return tuple(word for word in words if word.value not in (".", "./"))


def found_by_fd(words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the folders that `fd PATTERN FOLDER...` searches."""
    end = next(
        (place for place, word in enumerate(words) if word.value in ("-x", "-X", "--exec", "--exec-batch")),
        len(words),
    )
    rest = [word for place, word in enumerate(words[:end]) if place]
    plain = []
    while rest:
        place = operands(rest, _FD_TAKES)
        plain += rest[place : place + 1]
        rest = rest[place + 1 :]
    return tuple(plain[1:])


def piped(invocation: Invocation) -> tuple[Word, ...]:
    """Return the places that the input of a command is made of, as far as they are seen."""
    for redirect in invocation.redirects:
        if redirect.operator in ("<<", "<<<") and redirect.body is not None:
            return _lines(redirect.body.value)
        if redirect.operator == "<" and redirect.target is not None and len(redirect.target.scripts) == 1:
            return _lines(written_by(redirect.target.scripts[0]))
    for before, word in itertools.pairwise(invocation.words):
        if before.value in ("-a", "--arg-file") and len(word.scripts) == 1:
            return _lines(written_by(word.scripts[0]))
    step, steps = invocation.receives, 0
    while step is not None and steps < MAX_STEPS:
        name = step.name or ""
        starts: tuple[Word, ...] | None = None
        if name in ("find", "gfind"):
            starts = found_below(step.words)
        elif name in ("fd", "fdfind"):
            starts = found_by_fd(step.words)
        elif name in _LISTS:
            starts = tuple(word for word in step.words[1:] if not word.beginning.startswith("-")) or (_HERE,)
        if starts is not None:
            # What stands between them may leave some out.
            return starts if not steps else _elsewhere(starts)
        if (text := written_through(step)) is not None:
            return _lines(text)
        step, steps = step.receives, steps + 1
    return ()


def _lines(text: str | None) -> tuple[Word, ...]:
    return tuple(Word(item, (Text(item, quoted=True),)) for item in (text or "").split()[:MAX_WORDS])
