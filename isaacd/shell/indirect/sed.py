"""Scripts of sed: GNU's `e` runs a command, `w` writes a file, and the flags of `s` may do both."""

from collections.abc import Iterator

from isaacd.shell.indirect.found import Found
from isaacd.shell.invocation import Invocation

_TAKES = frozenset(("-f", "--file", "-l", "--line-length"))
_ADDRESS = frozenset("0123456789,$!~+ \t;{}\n")


def sed(invocation: Invocation) -> Found:
    """Say what a script of sed runs and writes."""
    texts: list[str] = []
    unseen = None
    for script in _scripts(invocation):
        if script is None:
            unseen = "what sed does cannot be seen"
            continue
        for command, argument in _commands(script):
            if command in "es" and argument:
                texts.append(argument)
                unseen = unseen if command == "e" else "sed runs what it reads"
            elif command == "e":
                unseen = "sed runs what it reads"
            else:
                unseen = unseen or f"sed writes the file {argument}"
    return Found(texts=tuple(texts), unseen=unseen)


def _scripts(invocation: Invocation) -> Iterator[str | None]:
    words = invocation.words[1:]
    place, has_script, first = 0, False, None
    while place < len(words):
        value = words[place].value
        if value in ("-e", "--expression", "-ne", "-Ee", "-re", "-nEe", "-ie"):
            has_script = True
            place += 1
            if place < len(words):
                yield words[place].value
        elif value is not None and value.startswith("--expression="):
            has_script = True
            yield value.partition("=")[2]
        elif value in _TAKES:
            has_script = True
            place += 1
            yield None
        elif (value is None or not value.startswith("-") or value == "-") and first is None:
            first = (value,)
        place += 1
    if not has_script and first is not None:
        yield first[0]


def _commands(script: str) -> Iterator[tuple[str, str]]:
    """Give the `e` and `w` commands of a script with what follows them; those that edit text are skipped."""
    place = 0
    while place < len(script):
        char = script[place]
        if char in _ADDRESS:
            place += 1
        elif char == "/" or (char == "\\" and place + 1 < len(script)):
            mark = char if char == "/" else script[place + 1]
            place = _closing(script, place + (1 if char == "/" else 2), mark) + 1
            while script[place : place + 1] in ("I", "M"):
                place += 1
        elif char in "sy":
            start = place
            place, flags = _substitution(script, place)
            if char == "s" and "e" in flags.partition("w")[0]:
                # What takes the place of what is found is run, with what stands around it.
                mark, end = script[start + 1], place - len(flags) - 1
                yield "s", script[_closing(script, start + 2, mark) + 1 : end] or "true"
            if char == "s" and "w" in flags:
                yield "w", flags.partition("w")[2].strip()
        elif char in "aicrRbtT:#wWe":
            end = script.find("\n", place)
            end = len(script) if end < 0 else end
            argument = script[place + 1 : end].strip()
            if char in "bt:T" and ";" in argument:
                end = script.find(";", place)
            elif char in "wWe":
                yield "e" if char == "e" else "w", argument
            place = end
        else:
            place += 1


def _substitution(script: str, place: int) -> tuple[int, str]:
    mark = script[place + 1 : place + 2]
    if not mark:
        return len(script), ""
    middle = _closing(script, place + 2, mark)
    end = _closing(script, middle + 1, mark) + 1
    last = end
    while last < len(script) and script[last] not in ";}\n":
        if script[last] == "w":
            newline = script.find("\n", last)
            last = len(script) if newline < 0 else newline
            break
        last += 1
    return last, script[end:last]


def _closing(script: str, place: int, mark: str) -> int:
    """Find the next `mark` that no backslash quotes and no bracket holds."""
    while place < len(script):
        char = script[place]
        if char == "\\":
            place += 1
        elif char == mark:
            return place
        place += 1
    return len(script)
