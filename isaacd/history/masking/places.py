"""The places of secrets in a command line, by what the programs in it do with their words."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from isaacd.history.masking.forms import (
    CARRIERS,
    FORMS,
    KEEPERS,
    KEYWORDS,
    SETTERS,
    SPEAKERS,
    WRAPPERS,
    Form,
    is_harmless,
    is_secret_name,
)
from isaacd.history.masking.words import Word, cut

Span = tuple[int, int]
MAX_NESTING = 4
_MAX_NAMES = 16
_ENDS = frozenset(";&|()\n")
# Long options with one dash, which are no `-p` with a secret behind it.
_WHOLE = frozenset(("-password", "-passwd", "-pass", "-passphrase"))
_HEARS = frozenset(
    (
        "passwd",
        "smbpasswd",
        "cryptsetup",
        "kinit",
        "su",
        "vncviewer",
        "vncpasswd",
        "htpasswd",
        "ansible-vault",
        "secret-tool",
        "keyring",
        "wrangler",
        "vercel",
        "op",
    )
)
_PARTED_BY = ":%,/"


def secret_places(line: str, start: int = 0, end: int | None = None, depth: int = 0) -> Iterator[Span]:
    """Give where secrets stand, in no order; they may overlap."""
    words = cut(line, start, end)
    for word in words:
        if word.is_quoted_script and depth < MAX_NESTING:
            opening = next((at for at in range(word.start, word.end) if line[at] in "'\""), word.start)
            closing = word.end - (line[word.end - 1] == line[opening])
            if opening + 1 < closing:
                yield from secret_places(line, opening + 1, closing, depth + 1)
    before: list[Word] = []
    for command in _commands(words):
        yield from _of_command(line, command)
        if _hears_secrets(command):
            yield from _told(before, command)
        if before and before[-1].is_operator and before[-1].text[0] == "<":
            yield from _told_by_file(before, command)
        before = command


def _told_by_file(before: Sequence[Word], command: Sequence[Word]) -> Iterator[Span]:
    """Give what is said in `<(echo ...)` to a command that takes a secret there."""
    takes = _hears_secrets(before) or any(is_secret_name(word.text) for word in before)
    if takes and _program(command)[0] in SPEAKERS:
        yield from _told(command, ())


def _commands(words: Sequence[Word]) -> Iterator[list[Word]]:
    command: list[Word] = []
    for word in words:
        if word.is_operator and word.text[0] in _ENDS:
            if command:
                yield command
            command = []
        else:
            command.append(word)
    if command:
        yield command


def _program(command: Sequence[Word]) -> tuple[str, int]:
    """Return the name of the program that counts, and the number of its word."""
    is_wrapped = False
    for number, word in enumerate(command):
        name = word.text.rpartition("/")[2]
        if name in FORMS or name in SPEAKERS or name in SETTERS:
            return name, number
        is_assignment = "=" in word.text and word.text.partition("=")[0].isidentifier()
        if word.is_operator or is_assignment or name in KEYWORDS:
            continue
        if name not in WRAPPERS and not is_wrapped:
            return name, number
        # Behind a wrapper any word may be the program: which of its options take a word nobody needs to know here.
        is_wrapped = True
    return "", 0


def _of_command(line: str, command: Sequence[Word]) -> Iterator[Span]:
    name, number = _program(command)
    words = command[number + 1 :]
    sets = name in SETTERS or any(word.text in SETTERS for word in words)
    if name in CARRIERS or (name == "send" and "expect" in line):
        yield from _carried(line, name, words)
    texts = [word.text for word in words]
    forms = (form for form in FORMS.get(name, ()) if all(text in texts for text in form.after))
    formed = [span for form in forms for span in _formed(line, words, form)]
    yield from formed
    ends = {end for _, end in formed}
    if any(text in KEEPERS.get(name, ()) for text in texts):
        yield from _pairs(line, words)
    previous: Word | None = None
    for word in command:
        # What is a secret itself is no name of one.
        if (
            previous is not None
            and not previous.is_operator
            and not word.is_operator
            and previous.end not in ends
        ):
            yield from _behind_name(line, word, previous.text, sets=sets)
        yield from _with_name(line, word)
        previous = word


def _carried(line: str, name: str, words: Sequence[Word]) -> Iterator[Span]:
    """Give the secrets of a program behind one that hands it on, and what `expect` types."""
    if name == "send":
        yield from ((word.start, word.end) for word in words if not word.text.startswith("-"))
        return
    for number, word in enumerate(words):
        for form in FORMS.get(word.text.rpartition("/")[2], ()) if number else ():
            behind = words[number + 1 :]
            if all(text in [item.text for item in behind] for text in form.after):
                yield from _formed(line, behind, form)


def _pairs(line: str, words: Sequence[Word]) -> Iterator[Span]:
    """Give the values of all `name=value`."""
    for word in words:
        at = line.find("=", word.start, word.end)
        if at > 0 and not word.text.startswith(("-", "@")) and not is_harmless(line[at + 1 : word.end]):
            yield at + 1, word.end


def _behind_name(line: str, word: Word, name: str, *, sets: bool) -> Iterator[Span]:
    """Give a secret that is the word behind its name: `--password x`, or `set secret_key x` if the command `sets`."""
    if (
        word.text.startswith("--")
        or word.text in SETTERS
        or word.text in "=:"
        or is_harmless(line[word.start : word.end])
    ):
        return
    if is_secret_name(name) if name.startswith("-") else sets and is_secret_name(name.rpartition(":")[2]):
        yield word.start, word.end


def _with_name(line: str, word: Word) -> Iterator[Span]:
    """Give a secret that is in one word with its name: `--token=x`, `TOKEN=x`."""
    name, equals, value = word.text.partition("=")
    at = word.start - 1
    for _ in range(_MAX_NAMES):
        if not equals or "://" in name:
            return
        at = line.find("=", at + 1, word.end)
        if line[at + 1 : word.end].strip('"') == "$":
            return  # of a substitution, whose commands are looked at by themselves
        if name == "--from-literal":
            at = line.find("=", at + 1, word.end)
            if at > 0:
                yield at + 1, word.end
            return
        if is_secret_name(name) and not is_harmless(line[at + 1 : word.end]):
            yield at + 1, word.end
            return
        name, equals, value = value.partition("=")


def _formed(line: str, words: Sequence[Word], form: Form) -> Iterator[Span]:
    operands = 0
    skip = set(form.after)
    awaited = ""
    for word in words:
        text = word.text
        if word.is_operator:
            awaited = ""
        elif awaited:
            yield from _value(line, word, 0, is_pair=awaited in form.pairs)
            awaited = ""
        elif text in form.options or text in form.pairs:
            awaited = text
        elif text in skip:
            skip.discard(text)
        elif text.startswith("-") or _joined(text, form):
            flag, equals, _ = text.partition("=")
            if equals and (flag in form.options or flag in form.pairs):
                yield from _value(line, word, len(flag) + 1, is_pair=flag in form.pairs)
            elif flag := _joined(text, form):
                yield from _value(line, word, len(flag), is_pair=flag in form.pairs)
        elif not skip:
            if operands in form.places:
                yield from _value(line, word, 0, is_pair=any(sign in text for sign in _PARTED_BY))
            operands += 1


def _joined(text: str, form: Form) -> str:
    """Return the short option that a word begins with, if more follows."""
    if text in _WHOLE:
        return ""
    shorts = (form.options | form.joined | form.pairs) if not text.startswith("--") else ()
    found = [
        flag
        for flag in shorts
        if (len(flag) == 2 or flag[0] == "/" or flag == "-hp")
        and text.startswith(flag)
        and len(text) > len(flag)
    ]
    return max(found, key=len, default="")


def _value(line: str, word: Word, before: int, *, is_pair: bool) -> Iterator[Span]:
    """Give the place of a secret behind the first `before` characters of a word; of a pair, that behind its name."""
    start = word.start + before
    raw = line[start : word.end]
    if is_harmless(raw) or raw in ("''", '""'):
        return
    if is_pair:
        parting = min((at for at in map(raw.find, _PARTED_BY) if at >= 0), default=-1)
        if parting < 0 or is_harmless(raw[parting + 1 :]):
            return
        start += parting + 1
    yield start, word.end


def _hears_secrets(command: Sequence[Word]) -> bool:
    """Say whether a command takes a secret from its standard input."""
    texts = [word.text for word in command]
    name = texts[0].rpartition("/")[2]
    return (
        any(text in ("--password-stdin", "--passphrase-fd", "--with-token", "chpasswd") for text in texts)
        or (
            name in ("sudo", "su")
            and any(text[:1] == "-" and text[1:2] != "-" and "S" in text for text in texts)
        )
        or any(text.rpartition("/")[2] in _HEARS and not text.startswith("/etc/") for text in texts[:3])
        or (name in ("pass", "gh", "glab") and ("insert" in texts or "secret" in texts))
        or (name == "read" and any(text[:1] == "-" and "s" in text for text in texts[1:]))
    )


def _told(before: Sequence[Word], command: Sequence[Word]) -> Iterator[Span]:
    """Give what is said to a command: by `echo ... |`, or behind `<<<`."""
    if before and _program(before)[0] in SPEAKERS:
        for word in before[1:]:
            if not word.is_operator and not word.text.startswith("-") and not set(word.text) <= set("%sn\\"):
                yield word.start, word.end
    for sign, word in pairwise(command):
        if sign.is_operator and sign.text == "<<<":
            yield word.start, word.end
