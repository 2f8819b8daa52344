"""The words of one command told apart: options, their values, and operands."""

from collections.abc import Sequence

import msgspec

from isaacd.judge.rule import Reading
from isaacd.shell.syntax import Word


class Arguments(msgspec.Struct):
    """What a command was given: `options` by name with their values (None: unseen or none), and its `operands`.

    `unseen` says that a word which may be an option is not seen, `after_dashes` how many operands follow a `--`.
    """

    options: dict[str, list[Word | str | None]]
    operands: list[Word]
    unseen: bool = False
    after_dashes: int = 0
    may_be_short: bool = True

    def has(self, token: str, known: frozenset[str], *, exact: bool = False) -> bool:
        """Say whether an option is there, `--force` also as `--forc`; `--opt=value*` asks for its value too."""
        name, equals, wanted = token.partition("=")
        if name in self.options:
            return not equals or any(_fits(_text(value), wanted) for value in self.options[name])
        if exact or not self.may_be_short or not name.startswith("--"):
            return False
        return any(
            len(typed) > 3 and typed[:2] == "--" and typed not in known and name.startswith(typed)
            for typed in self.options
        )

    def value(self, name: str) -> list[Word | str | None]:
        """Return the values that an option was given."""
        return self.options.get(name, [])


def read(words: Sequence[Word], reading: Reading) -> Arguments:
    """Tell the words after a command apart, as the command itself would."""
    found = Arguments({}, [], may_be_short=reading.style == "gnu")
    if reading.style == "words":
        _read_words(words, reading, found)
        return found
    index, count = 0, len(words)
    while index < count:
        word = words[index]
        index += 1
        beginning = word.beginning
        if beginning == "--" and word.value == "--":
            if not found.operands and reading.has_subcommands:
                continue  # the subcommand has yet to come, and options of its own
            found.after_dashes = count - index
            found.operands += words[index:]
            break
        if len(beginning) < 2 or beginning[0] != "-":
            if not beginning and word.value is None and not _is_quoted(word):
                found.unseen = True
            found.operands.append(word)
            if reading.ends_options:
                found.operands += words[index:]
                break
            continue
        index += _option(word, words[index] if index < count else None, reading, found)
    return found


def _read_words(words: Sequence[Word], reading: Reading, found: Arguments) -> None:
    """Read the words of `find` and `dd`; what `-exec` runs is a command of its own."""
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        found.operands.append(word)
        name, equals, value = word.beginning.partition("=")
        found.options.setdefault(name if equals else word.beginning, []).append(value)
        if word.value in reading.values:
            found.options[word.value].append(words[index] if index < len(words) else None)
            index += 1
        elif word.value in ("-exec", "-execdir", "-ok", "-okdir"):
            while index < len(words) and words[index].value not in (";", "+"):
                index += 1


def _option(word: Word, following: Word | None, reading: Reading, found: Arguments) -> int:
    """Take one option; return how many further words it takes."""
    typed = word.beginning
    if typed.startswith("--") or reading.style == "single":
        name, equals, value = typed.partition("=")
        if equals:
            found.options.setdefault(name, []).append(value if word.value is not None else None)
            return 0
        found.unseen = found.unseen or word.value is None
        takes = name in reading.values and following is not None
        found.options.setdefault(name, []).append(following if takes else None)
        return int(takes)
    for position in range(1, len(typed)):
        name = f"-{typed[position]}"
        if name not in reading.values:
            found.options.setdefault(name, []).append(None)
            continue
        rest = typed[position + 1 :]
        takes = not rest and word.value is not None and following is not None
        found.options.setdefault(name, []).append(following if takes else rest.removeprefix("=") or None)
        return int(takes)
    found.unseen = found.unseen or word.value is None
    return 0


def _text(value: Word | str | None) -> str | None:
    return value.value if isinstance(value, Word) else value


def _fits(value: str | None, wanted: str) -> bool:
    if value is None:
        return False
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _is_quoted(word: Word) -> bool:
    return any(part.quoted for part in word.parts)


def fits(word: str, pattern: str) -> bool:
    """Say whether a word is what a pattern says: literally, `*` for any, or `beginning*`."""
    return pattern == "*" or _fits(word, pattern)
