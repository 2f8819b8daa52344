"""Which words of a command name what it changes."""

from isaacd.judge.arguments import Arguments
from isaacd.shell.syntax import Part, Text, Word


def targets(wanted: str, arguments: Arguments, operands: list[Word]) -> list[Word]:
    """Return the words that `wanted` names: the values of an option if it is there, else operands by their place.

    `wanted` holds names of options, at most one of all, first, last, rest, but-last and starts, and `of=` for words that
    begin so.
    """
    found: list[Word] = []
    where = ""
    for token in wanted.split():
        if token.startswith("-"):
            found += [_word(value) for value in arguments.value(token) if value is not None]
        elif token.endswith("="):
            found += [_after(word, token) for word in operands if word.beginning.startswith(token)]
        else:
            where = token
    return found or _placed(where, operands)


def _placed(where: str, operands: list[Word]) -> list[Word]:
    if where == "starts":
        return _starts(operands)
    if where == "all":
        return operands
    if where == "first":
        return operands[:1]
    if where == "last":
        return operands[-1:] if len(operands) > 1 else []
    if where == "rest":
        return operands[1:]
    if where == "but-last":
        return operands[:-1]
    return []


def _starts(operands: list[Word]) -> list[Word]:
    """Return where `find` begins: the words before its first test, or the working folder."""
    found: list[Word] = []
    for word in operands:
        if word.value in ("-L", "-H", "-P"):
            continue
        if word.beginning[:1] in ("-", "(", "!"):
            break
        found.append(word)
    return found or [_word(".")]


def _word(value: Word | str) -> Word:
    return value if isinstance(value, Word) else Word(value, (Text(value),))


def _after(word: Word, beginning: str) -> Word:
    """Return the rest of a word after its beginning, with what is unseen in it."""
    left = len(beginning)
    parts: list[Part] = []
    for part in word.parts:
        if left and isinstance(part, Text):
            taken = min(left, len(part.text))
            left -= taken
            if part.text[taken:]:
                parts.append(Text(part.text[taken:], part.quoted))
        else:
            parts.append(part)
    return Word(word.raw, tuple(parts))
