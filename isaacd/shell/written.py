"""What simple commands certainly write: `echo`, `printf`, and decoders of text that stands in the line."""

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Sequence

from isaacd.shell.quoting import echoed
from isaacd.shell.syntax import Node, Pipeline, Redirect, Script, Simple, Word

MAX_WRITTEN = 64 * 1024
_ECHO_OPTIONS = re.compile(r"-[neE]+\Z")
_FORMAT = re.compile(r"%(?:([sbq])|(%)|-?\d*\.?\d*[a-zA-Z])")


def written_by(script: Script) -> str | None:
    """Return what a substitution gives, without the newlines at its end; None if that is not seen."""
    if len(script.body) != 1 or script.faults:
        return None
    text = _written_by_node(script.body[0])
    return None if text is None else text.rstrip("\n")


def _written_by_node(node: Node) -> str | None:
    if isinstance(node, Pipeline):
        text: str | None = None
        for command in node.commands:
            if not isinstance(command, Simple):
                return None
            text = written(command.words, command.redirects, text)
            if text is None:
                return None
        return text
    return written(node.words, node.redirects, None) if isinstance(node, Simple) else None


def written(words: Sequence[Word], redirects: Sequence[Redirect], given: str | None) -> str | None:
    """Return what a command writes that is given a text; None unless both are seen for certain."""
    for redirect in redirects:
        if redirect.operator in ("<<", "<<<") and redirect.body is not None:
            body = redirect.body.value
            given = None if body is None else body + ("\n" if redirect.operator == "<<<" else "")
        elif redirect.operator != ">" or redirect.descriptor != 2:
            return None
    values = [word.value for word in words]
    arguments = [value for value in values[1:] if value is not None]
    if not values or values[0] is None or len(arguments) != len(values) - 1:
        return None
    if any(word.is_pattern or word.is_expanded for word in words):
        return None
    write = _WRITERS.get(values[0].rpartition("/")[2])
    text = write(arguments, given) if write is not None else None
    return text if text is None or len(text) <= MAX_WRITTEN else None


def _echo(arguments: list[str], _given: str | None) -> str | None:
    escapes, newline = False, "\n"
    while arguments and _ECHO_OPTIONS.match(arguments[0]):
        option = arguments.pop(0)
        newline = "" if "n" in option else newline
        escapes = {"e": True, "E": False}.get(option.rstrip("n")[-1:], escapes)
    text = " ".join(arguments)
    return (echoed(text) if escapes else text) + newline


def _printf(arguments: list[str], _given: str | None) -> str | None:
    if arguments[:1] == ["--"]:
        arguments.pop(0)
    if not arguments or arguments[0].startswith("-v"):
        return None
    form, values = arguments[0], arguments[1:]
    if any(found[1] not in ("s", "b") and not found[2] for found in _FORMAT.finditer(form)):
        return None
    takes = sum(found[1] is not None for found in _FORMAT.finditer(form))
    text = []
    while True:
        turn = iter(values[:takes])

        def one(found: re.Match[str], turn: "object" = turn) -> str:
            return "%" if found[2] else next(turn, "")  # type: ignore[call-overload]

        text.append(_FORMAT.sub(one, echoed(form)))
        values = values[takes:]
        if not values or not takes:
            return "".join(text)


def _cat(arguments: list[str], given: str | None) -> str | None:
    return given if all(item == "-" for item in arguments) else None


def _tee(_arguments: list[str], given: str | None) -> str | None:
    return given


def _base(arguments: list[str], given: str | None) -> str | None:
    if given is None or not set(arguments) <= {"-d", "-D", "--decode", "-i", "--ignore-garbage", "-di"}:
        return None
    return _decoded(base64.b64decode, given) if arguments else None


def _base32(arguments: list[str], given: str | None) -> str | None:
    return _decoded(base64.b32decode, given) if given is not None and arguments else None


def _openssl(arguments: list[str], given: str | None) -> str | None:
    known = {"base64", "enc", "-base64", "-d", "-A", "-a"}
    return (
        _decoded(base64.b64decode, given) if given and "-d" in arguments and set(arguments) <= known else None
    )


def _xxd(arguments: list[str], given: str | None) -> str | None:
    letters = "".join(item.lstrip("-") for item in arguments)
    if given is None or sorted(letters) not in (["p", "r"], ["p", "r", "s"], list("lainpr")):
        return None
    return _decoded(bytes.fromhex, given)


def _decoded(decode: Callable[[str], bytes], text: str) -> str | None:
    try:
        return decode("".join(text.split())).decode("utf-8")
    except (ValueError, binascii.Error):
        return None


def _rev(arguments: list[str], given: str | None) -> str | None:
    return (
        None
        if given is None or arguments
        else "".join(line[::-1] + "\n" for line in given.removesuffix("\n").split("\n"))
    )


def _tr(arguments: list[str], given: str | None) -> str | None:
    if given is None or len(arguments) != 2 or arguments[0].startswith("-"):
        return None
    first, second = (_letters(item) for item in arguments)
    if not first or not second:
        return None
    second += second[-1] * max(0, len(first) - len(second))
    return given.translate(
        {ord(one): other for one, other in reversed(list(zip(first, second, strict=False)))}
    )


def _letters(text: str) -> str | None:
    """Spell out the ranges of a set of `tr`; classes and escapes are beyond us."""
    if "[" in text or "\\" in text:
        return None
    return re.sub(
        r"(.)-(.)",
        lambda found: "".join(map(chr, range(ord(found[1]), ord(found[2]) + 1))),
        text,
        flags=re.DOTALL,
    )


def _rot13(_arguments: list[str], given: str | None) -> str | None:
    return None if given is None else codecs.decode(given, "rot13")


def _which(arguments: list[str], _given: str | None) -> str | None:
    """Where a program is, as if it were one of the system's: which folder it is cannot be told, which program can."""
    names = [item for item in arguments if item not in ("-v", "-p", "-P", "-a", "--")]
    if len(names) != 1 or not re.fullmatch(r"[\w.+-]{1,64}", names[0]) or names[0].startswith("-"):
        return None
    return f"/usr/bin/{names[0]}\n"


def _command(arguments: list[str], _given: str | None) -> str | None:
    return _which(arguments, None) if arguments[:1] == ["-v"] else None


def _type(arguments: list[str], _given: str | None) -> str | None:
    return _which(arguments, None) if arguments[:1] in (["-p"], ["-P"]) else None


_WRITERS: dict[str, Callable[[list[str], str | None], str | None]] = {
    "echo": _echo,
    "printf": _printf,
    "cat": _cat,
    "tee": _tee,
    "base64": _base,
    "gbase64": _base,
    "base32": _base32,
    "openssl": _openssl,
    "xxd": _xxd,
    "rev": _rev,
    "tr": _tr,
    "rot13": _rot13,
    "which": _which,
    "command": _command,
    "type": _type,
}
WRITERS = frozenset(_WRITERS)
