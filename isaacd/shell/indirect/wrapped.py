"""Programs that run the command behind them: sudo, env, xargs, `poetry run` and their like."""

from collections.abc import Iterable, Iterator

import msgspec

from isaacd.shell.handed import lines_in
from isaacd.shell.indirect.found import SHELLS, Found, joined, merged, read_as_shell
from isaacd.shell.indirect.starts import piped
from isaacd.shell.influence import influences
from isaacd.shell.invocation import Invocation
from isaacd.shell.syntax import Text, Word
from isaacd.shell.wrappers import RUNNERS, WRAPPERS, Unwrapped, unwrap

__all__ = ["RUNNERS", "runner", "wrapped"]
# Options that name the folder where the command runs.
_MOVES = dict.fromkeys(("env", "genv"), ("-C", "--chdir")) | dict.fromkeys(
    ("sudo", "run0"), ("-D", "--chdir")
)
_LOGIN = frozenset(("-i", "-s", "--login", "--shell"))


def wrapped(name: str, invocation: Invocation) -> Found:
    """Say what a wrapper runs."""
    shape = WRAPPERS[name]
    inner = unwrap(invocation.words[1:], shape)
    if any(option in shape.harmless for option in inner.options):
        return Found()
    privileged = shape.privileged
    if inner.unseen:
        seen = [place for place, word in enumerate(inner.words) if word.value is not None]
        rest = inner.words[seen[0] :] if seen else ()
        unseen = f"which command {name} runs cannot be seen"
        return Found((rest,) if rest else (), unseen=unseen, privileged=privileged)
    if name == "env" and (split := _split_string(invocation.words[1:])) is not None:
        return split
    if not inner.words:
        if name == "exec" and any(
            item.operator in ("<", "<<", "<<<") and item.descriptor in (None, 0)
            for item in invocation.redirects
        ):
            return Found(unseen="the shell goes on with commands from elsewhere")
        if privileged and (_LOGIN & set(inner.options) or name in ("chroot", "run0", "nsenter")):
            return msgspec.structs.replace(read_as_shell(invocation), privileged=True)
        return Found(privileged=privileged, more_arguments=shape.more_arguments)
    if (inner.words[0].value or "").startswith("-"):
        return Found(privileged=privileged)  # an option behind the operands; its line is found elsewhere
    if shape.lines:
        return merged(*(joined((word,), f"which command {name} runs cannot be seen") for word in inner.words))
    if shape.line:
        return joined(inner.words, f"which command {name} runs cannot be seen")
    found = Found((inner.words,), privileged=privileged, more_arguments=shape.more_arguments)
    if inner.assignments:
        lines = tuple(line for text in inner.assignments for line in lines_in(text))
        found = merged(found, *_set(inner.assignments), Found(supposed=lines))
    if name in _MOVES and (folder := _folder(invocation.words[1:], _MOVES[name])) is not None:
        found = msgspec.structs.replace(found, folder=folder)
    return _with_arguments(found, name, invocation, inner) if shape.more_arguments else found


def _with_arguments(found: Found, name: str, invocation: Invocation, inner: Unwrapped) -> Found:
    """Say what a command runs that is given arguments from its input."""
    hides = _runs_arguments(name, invocation, inner)
    texts = found.texts if hides is None else (*found.texts, *read_as_shell(invocation).texts)
    return msgspec.structs.replace(found, texts=texts, unseen=found.unseen or hides, starts=piped(invocation))


def _folder(words: tuple[Word, ...], options: tuple[str, ...]) -> Word | None:
    for place, word in enumerate(words):
        value = word.value or "?"
        if value in options:
            return words[place + 1] if place + 1 < len(words) else None
        name, equals, text = value.partition("=")
        if equals and name in options:
            return Word(text, (Text(text),))
        if value[:2] == options[0] and len(value) > 2:
            return Word(value[2:], (Text(value[2:]),))
        if not value.startswith("-") and "=" not in value:
            return None
    return None


def _set(assignments: Iterable[str]) -> Iterator[Found]:
    """Say what `env NAME=value` makes the command behind it run."""
    pairs = [(name, None, value) for name, _, value in (text.partition("=") for text in assignments)]
    for influence in influences(pairs, {}):
        yield Found(unseen=influence.text) if influence.quoted else Found(texts=(influence.text,))


def _runs_arguments(name: str, invocation: Invocation, inner: Unwrapped) -> str | None:
    """Say whether the arguments that are not seen decide what is run."""
    command = inner.words[0].value or ""
    mark = _mark(invocation.words[1:])
    if mark and mark in command:
        return f"{name} runs commands that are not seen"
    program = command.rpartition("/")[2]
    values = [word.value or "" for word in inner.words[1:]]
    if program in SHELLS:
        code = [value for value in values if not value.startswith("-")]
        if not code or not any(value.startswith("-") and "c" in value for value in values):
            return f"{name} gives a shell arguments that are not seen"
        if mark and mark in code[0]:
            return f"{name} puts text that is not seen into what a shell runs"
    elif program in ("env", "sudo", "nohup", "time", "nice", "eval", "exec", "command") and not values:
        return f"{name} runs commands that are not seen"
    return None


def _mark(words: tuple[Word, ...]) -> str | None:
    """Return the text that xargs replaces by what it reads."""
    for place, word in enumerate(words):
        value = word.value or ""
        if value == "-I" and place + 1 < len(words):
            return words[place + 1].value
        if value.startswith("-I") and len(value) > 2:
            return value[2:]
        if value in ("-i", "--replace"):
            return "{}"
        if value.startswith("--replace="):
            return value.partition("=")[2]
        if not value.startswith("-"):
            return None
    return None


def _split_string(words: tuple[Word, ...]) -> Found | None:
    """`env -S 'a b' c` splits the text into words, much as a shell would."""
    for place, word in enumerate(words):
        value = word.value or ""
        if value in ("-S", "--split-string", "-vS"):
            return _split(words[place + 1].value if place + 1 < len(words) else "", words[place + 2 :])
        if value.startswith(("-S", "--split-string=")):
            return _split(value.partition("=")[2] if value[1] == "-" else value[2:], words[place + 1 :])
        if not value.startswith("-") and "=" not in value:
            return None
    return None


def _split(text: str | None, rest: tuple[Word, ...]) -> Found:
    if text is None:
        return Found(unseen="what env -S runs cannot be seen")
    words = [Word(piece, (Text(piece),)) for piece in ("env", *text.split())]
    unseen = "env -S makes words of a text" if any(char in text for char in "'\"\\$") else None
    return Found(((*words, *rest),), unseen=unseen)


def runner(name: str, invocation: Invocation) -> Found:
    """`poetry run COMMAND`, `npm exec -- COMMAND`: say what stands behind the subcommand."""
    subcommands, takes = RUNNERS[name]
    words = invocation.words[1:]
    place = 0
    while place < len(words) and (words[place].value or "").startswith("-"):
        place += 2 if words[place].value in takes else 1
    if place >= len(words) or words[place].value not in subcommands:
        return Found()
    place += 1
    while place < len(words) and (words[place].value or "").startswith("-"):
        if words[place].value == "--":
            place += 1
            break
        place += 2 if words[place].value in takes else 1
    if name == "uv" and place < len(words) and words[place].value == "run":
        place += 1  # uv tool run
    return Found((words[place:],)) if place < len(words) else Found()
