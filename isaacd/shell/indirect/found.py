"""What one command runs by itself, as others here find it."""

from collections.abc import Callable, Sequence

import msgspec

from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Text, Word
from isaacd.shell.written import written, written_by

SHELLS = frozenset(
    "sh bash dash zsh ksh ksh93 mksh ash fish rbash rksh posh yash csh tcsh elvish nu xonsh".split()
)


class Found(msgspec.Struct, frozen=True):
    """What one command runs by itself.

    `commands` are lists of words, `texts` are lines for a shell. With `same_shell` those change the shell that reads
    the line, else `given` are their `$0`, `$1` and so on. `forgets` says that afterwards no variable's value is known.
    `starts` are the places where more arguments come from.
    `supposed` are lines of which nothing says that they are run, `folder` is where all of it runs, None here.
    `unseen` says why something cannot be seen, `decodes` that it is made of what nobody can read.
    """

    commands: tuple[tuple[Word, ...], ...] = ()
    texts: tuple[str, ...] = ()
    unseen: str | None = None
    privileged: bool = False
    remote: str | None = None
    more_arguments: bool = False
    starts: tuple[Word, ...] = ()
    same_shell: bool = False
    forgets: bool = False
    given: tuple[Word, ...] = ()
    supposed: tuple[str, ...] = ()
    folder: Word | None = None
    decodes: bool = False


Finder = Callable[[Invocation], Found]


def joined(words: Sequence[Word], unseen: str, *, same_shell: bool = False) -> Found:
    """Join words to the line that a shell will be given; `unseen` is said if a part of it is not seen."""
    texts = [word.value if word.value is not None else _told(word) for word in words]
    whole = all(text is not None for text in texts)
    text = " ".join(
        text if text is not None else _with_gaps(word) for word, text in zip(words, texts, strict=True)
    )
    if any(word.is_pattern for word in words[:1]) and same_shell:
        whole = False
    return Found(texts=(text,), unseen=None if whole else unseen, same_shell=same_shell)


def _told(word: Word) -> str | None:
    """Return a word whose unseen parts are all substitutions that certainly write something, such as `$(echo rm x)`."""
    texts: list[str] = []
    for part in word.parts:
        if isinstance(part, Text):
            texts.append(part.text)
            continue
        told = written_by(part.scripts[0]) if part.kind == "command" and len(part.scripts) == 1 else None
        if told is None:
            return None
        texts.append(told)
    return "".join(texts)


def _with_gaps(word: Word) -> str:
    """Return what is seen of a word; each part that is not is a variable that nobody has set."""
    return "".join(getattr(part, "text", "$UNSEEN") for part in word.parts)


def merged(*finds: Found) -> Found:
    """Put together what was found in several ways."""
    return Found(
        commands=tuple(item for found in finds for item in found.commands),
        texts=tuple(item for found in finds for item in found.texts),
        unseen=next((found.unseen for found in finds if found.unseen is not None), None),
        privileged=any(found.privileged for found in finds),
        remote=next((found.remote for found in finds if found.remote is not None), None),
        more_arguments=any(found.more_arguments for found in finds),
        starts=tuple(word for found in finds for word in found.starts),
        supposed=tuple(item for found in finds for item in found.supposed),
        folder=next((found.folder for found in finds if found.folder is not None), None),
        decodes=any(found.decodes for found in finds),
    )


def read_as_shell(invocation: Invocation) -> Found:
    """Say what a program runs that reads commands from its input."""
    name = invocation.name or ""
    for redirect in reversed(invocation.redirects):
        if redirect.operator in ("<<", "<<<") and redirect.body is not None:
            return joined((redirect.body,), f"what {name} reads cannot be seen")
        if redirect.operator in ("<", "<>", "<&") and redirect.descriptor in (None, 0):
            target = redirect.target
            if target is not None and target.raw.startswith("<(") and len(target.scripts) == 1:
                told = written_by(target.scripts[0])
                if told is not None:
                    return Found(texts=(told,))
            return Found(unseen=f"what is in the file that {name} reads is run, and cannot be seen")
    source = invocation.receives
    if source is None:
        return Found()
    text = written_through(source)
    if text is not None:
        return Found(texts=(text,))
    return Found(
        unseen=f"what {source.name or 'another command'} writes is run by {name}, and cannot be seen"
    )


def written_through(source: Invocation, depth: int = 0) -> str | None:
    """Return the text that a command, with what is piped into it, certainly writes."""
    if source.unseen is not None or source.more_arguments or depth > 8:
        return None
    given = written_through(source.receives, depth + 1) if source.receives is not None else None
    return written(source.words, source.redirects, given)


def operands(words: Sequence[Word], takes: frozenset[str]) -> int:
    """Return the place of the first word that is no option, where those of `takes` take the word after them."""
    place = 0
    while place < len(words):
        value = words[place].value or ""
        if value == "--":
            return place + 1
        if not value.startswith("-") or value == "-":
            return place
        place += 2 if value in takes else 1
    return place
