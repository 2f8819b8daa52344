"""The tokens of code in Perl, Ruby, JavaScript, PHP, Lua and awk: what a text is, and little else."""

import re
from typing import Literal

import msgspec

MAX_TOKENS = 1500
Kind = Literal["text", "words", "number", "name", "sign"]

_BETWEEN = r"\s{0,4}(?:\([^)]{0,2000}\)|\[[^\]]{0,2000}\]|\{[^}]{0,2000}\}|<[^>]{0,2000}>|/[^/]{0,2000}/|![^!]{0,2000}!|\|[^|]{0,2000}\|)"
_TOKEN = re.compile(
    rf"(?P<words>(?:\bqw|%[wWiI]){_BETWEEN})|(?P<raw>\bq{_BETWEEN})|(?P<filled>(?:\bqq|%[qQ]?){_BETWEEN})|(?P<shell>(?:\bqx|%x){_BETWEEN})"
    r"|(?P<ticked>`(?:[^`\\]|\\.)*`)|(?P<double>\"(?:[^\"\\]|\\.)*\")|(?P<single>'(?:[^'\\]|\\.)*')|(?P<long>\[\[[^\]]{0,2000}\]\])"
    r"|(?P<number>0[xX][0-9a-fA-F]{1,8}|\d{1,9})"
    r"|(?P<name>[$@&%]?[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})"
    r"|(?P<sign>->|::|\.\.|=>|==|=~|\S)",
    re.DOTALL,
)
_OPENING = re.compile(r"[\w%]{0,2}\s{0,4}\S")
_CODES = r"\\(?:x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{1,2})|u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|"
_ESCAPE = re.compile(_CODES + r"([0-7]{1,3})|(.))", re.DOTALL)
_DECIMAL = re.compile(_CODES + r"(\d{1,3})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "0": "\0"}


class Token(msgspec.Struct, frozen=True):
    """One token; `told` says that variables in a text are expanded, a name has lost its `$`."""

    kind: Kind
    value: str
    told: bool = False


def tokens(code: str, *, decimal: bool = False) -> list[Token]:
    """Tell code apart; with `decimal` the numbers behind a backslash are, as in Lua."""
    found: list[Token] = []
    for match in _TOKEN.finditer(code):
        if len(found) == MAX_TOKENS:
            break
        kind, text = match.lastgroup, match[0]
        if kind in ("words", "raw", "filled", "shell"):
            opening = _OPENING.match(text)
            text = text[opening.end() if opening is not None else 0 : -1]
        if kind == "words":
            found.append(Token("words", text))
        elif kind == "raw":
            found.append(Token("text", text))
        elif kind in ("filled", "shell"):
            found.append(Token("text", unescaped(text, decimal=decimal), told=True))
        elif kind in ("double", "ticked"):
            found.append(Token("text", unescaped(text[1:-1], decimal=decimal), told=True))
        elif kind == "long":
            found.append(Token("text", text[2:-2]))
        elif kind == "single":
            # JavaScript and Lua know escapes in these as well.
            found.append(Token("text", unescaped(text[1:-1], decimal=decimal)))
        elif kind == "name":
            found.append(Token("name", text.strip("$@&%{}")))
        else:
            found.append(Token("number" if kind == "number" else "sign", text))
    return found


def unescaped(text: str, *, decimal: bool) -> str:
    """Put characters in the place of their escapes."""

    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3] or match[4]
        if code is not None:
            return _char(int(code, 16))
        if match[5] is not None:
            return _char(int(match[5], 10 if decimal else 8))
        return _PLAIN.get(match[6], match[6])

    return (_DECIMAL if decimal else _ESCAPE).sub(one, text) if "\\" in text else text


def _char(code: int) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "?"
