"""What quotes and backslashes mean in bash: text as it was typed becomes the text that a program gets."""

import re

_DOUBLE = re.compile(r"\\([$`\"\\])|\\\n", re.DOTALL)
_ANSI = re.compile(
    r"\\(?:([abeEfnrtv\\'\"?])|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.))",
    re.DOTALL,
)
_NAMED = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


def unquoted_pieces(raw: str) -> list[tuple[str, bool]]:
    """Split text outside of quotes into (text, quoted): a backslash quotes the character that follows it."""
    pieces: list[tuple[str, bool]] = []
    plain: list[str] = []
    index = 0
    while index < len(raw):
        char = raw[index]
        if char != "\\":
            plain.append(char)
            index += 1
            continue
        if plain:
            pieces.append(("".join(plain), False))
            plain = []
        following = raw[index + 1 : index + 2]
        if following != "\n":  # a line that goes on
            pieces.append((following or "\\", True))
        index += 2
    if plain:
        pieces.append(("".join(plain), False))
    return pieces


def in_double_quotes(raw: str) -> str:
    """Take the backslashes off that mean something between double quotes."""
    return _DOUBLE.sub(lambda found: found[1] or "", raw)


def ansi_c(raw: str) -> str:
    """Decode what is between `$'` and `'`, as bash does; the text ends at a NUL."""

    def one(found: re.Match[str]) -> str:
        named, *numbers, octal, control = found.groups()
        if named is not None:
            return _NAMED.get(named, named)
        if control is not None:
            return chr(ord(control.upper()) & 0x1F) if control != "?" else "\x7f"
        if octal is not None:
            return chr(int(octal, 8) & 0xFF)
        code = int(next(number for number in numbers if number is not None), 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"

    return _ANSI.sub(one, raw).partition("\0")[0]


def echoed(raw: str) -> str:
    r"""Decode what `echo -e` and the format of `printf` know: the same as between `$'` and `'`, and `\0` before octals."""
    return ansi_c(re.sub(r"\\0([0-7]{1,3})", r"\\\1", raw).partition("\\c")[0])
