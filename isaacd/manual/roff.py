"""The text of a manual page, out of the macros of man, mdoc and what converters write; formatted pages are not made."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec

MAX_LINE_CHARS = 8000
_MOST_EXTENDED = 30
Kind = Literal["section", "tag", "text", "break", "indent"]


class Piece(msgspec.Struct, frozen=True):
    """One line of a page: the heading of a section, a tag (what a paragraph is about), text, or a break in it."""

    kind: Kind
    text: str = ""


_CHARS = {
    "aq": "'", "dq": '"', "lq": '"', "rq": '"', "oq": "'", "cq": "'", "bu": "*", "em": "-", "en": "-", "hy": "-",
    "ti": "~", "ha": "^", "rs": "\\", "ga": "`", "at": "@", "sh": "#", "Do": "$", "mi": "-", "co": "(c)", "fo": "<",
    "fc": ">", "la": "<", "ra": ">", "lB": "[", "rB": "]", "lC": "{", "rC": "}", "or": "|", "mu": "x", "->": "->",
    "<-": "<-", "<=": "<=", ">=": ">=", "..": "...", "tm": "(tm)", "ul": "_", "sl": "/", "ba": "|",
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:f(?:\[[^\]]*\]|\(..|.)|s(?:\[[^\]]*\]|[+-]?\(?\d{1,2})|[hvXDlLowb]'[^']*'|m\[[^\]]*\]|n(?:\[[^\]]*\]|\(..|.)"
    r"|k.|z|\((?P<two>..)|\[(?P<long>[^\]]*)\]|\*(?:\((?P<string>..)|\[(?P<named>[^\]]*)\]|(?P<one>.))"
    r"|(?P<comment>[\"#].*)|(?P<char>.)|$)"
)
_PLAIN = {
    "-": "-", "e": "\\", "\\": "\\", " ": " ", "~": " ", "0": " ", "'": "'", "`": "`", ".": ".", "t": "\t", "_": "_",
}  # fmt: skip
_WORD = re.compile(r'"((?:[^"]|"")*)"?|(\S+)')
# Stands for a blank that is escaped, while words are parted at the others.
_BLANK = "\ue000"
_ALTERNATE = frozenset(("BR", "RB", "BI", "IB", "IR", "RI"))
_SAME = frozenset(("B", "I", "R", "SM", "SB", "CW", "C", "UL", "MR"))
_BREAKS = frozenset(
    ("PP", "P", "LP", "sp", "Pp", "br", "RE", "Bl", "El", "nf", "fi", "EE", "EX", "UNINDENT", "Sp")
)
_MDOC = frozenset(
    "Ac Ad An Ao Ap Aq Ar At Bc Bo Bq Brc Bro Brq Bx Cd Cm D1 Dc Dl Do Dq Dv Dx Em Eo Er Ev Fl Fn Fx Ic In Li Lk Ms Mt Nm "
    "No Nx Oc Oo Op Ox Pa Pc Po Pq Qc Ql Qo Qq Sc So Sq Sx Sy Tn Va Vt Xr Ns Pf Sm Nd Ux".split()
)
_AROUND = {
    "Op": ("[", "]"), "Dq": ('"', '"'), "Sq": ("'", "'"), "Ql": ("'", "'"), "Pq": ("(", ")"), "Aq": ("<", ">"),
    "Bq": ("[", "]"), "Brq": ("{", "}"), "Qq": ('"', '"'),
}  # fmt: skip
_OPENS = {"Oo": "[", "Do": '"', "So": "'", "Po": "(", "Ao": "<", "Bo": "[", "Qo": '"', "Bro": "{"}
_CLOSES = {"Oc": "]", "Dc": '"', "Sc": "'", "Pc": ")", "Ac": ">", "Bc": "]", "Qc": '"', "Brc": "}"}


def pieces(text: str) -> Iterator[Piece]:
    """Give a page's lines as what they are; macros that nobody here knows are left out."""
    return _Reader(text).read()


class _Reader:
    """Reads one page from its first line to its last."""

    def __init__(self, text: str) -> None:
        self._lines = iter(text.split("\n"))
        self._strings = {
            "lq": '"',
            "rq": '"',
            'L"': '"',
            'R"': '"',
            "C+": "C++",
            "Tm": "(tm)",
            "--": "-",
            "PI": "pi",
        }
        self._name = ""
        self._tag_next = False
        self._took_if = False

    def read(self) -> Iterator[Piece]:
        for line in self._lines:
            yield from self._line(line)

    def _line(self, line: str) -> Iterator[Piece]:
        line = line[:MAX_LINE_CHARS]
        if not line.startswith((".", "'")):
            if line.strip():
                yield self._content(self.plain(line))
            elif not self._tag_next:
                yield Piece("break")
            return
        macro, _, rest = line[1:].lstrip().partition(" ")
        if "\t" in macro:
            macro, _, rest = macro.partition("\t")
        if macro.startswith('\\"') or not macro:
            return
        if macro in ("de", "ig", "am", "de1"):
            for skipped in self._lines:
                if skipped.startswith(".."):
                    break
        elif macro == "ds":
            name, _, value = rest.strip().partition(" ")
            self._strings[name] = value.strip().removeprefix('"')
        elif macro in ("if", "ie", "el"):
            yield from self._condition(macro, rest.strip())
        else:
            yield from self._macro(macro, rest)

    def _condition(self, macro: str, rest: str) -> Iterator[Piece]:
        """Take the branch for a terminal (`n`); all other conditions are taken for false."""
        if macro == "el":
            takes = not self._took_if
        else:
            asked, _, rest = rest.partition(" ")
            takes = asked == "n" or asked.startswith(("!t", "\\n(.g"))
            self._took_if = takes
        rest = rest.strip()
        if rest.startswith("\\{"):
            rest = rest[2:].strip().removeprefix("\\")
            if not takes:
                depth = 1
                for line in self._lines:
                    depth += line.count("\\{") - line.count("\\}")
                    if depth <= 0:
                        break
                return
        if takes and rest:
            yield from self._line(rest)

    def _macro(self, macro: str, rest: str) -> Iterator[Piece]:
        if macro in ("SH", "Sh", "SS", "Ss"):
            self._tag_next = False
            yield Piece("section", " ".join(self._words(rest)))
        elif macro in ("TP", "TQ", "HP"):
            self._tag_next = True
        elif macro == "IP":
            words = self._words(rest)
            self._tag_next = False
            yield Piece("tag", words[0]) if words and words[0].strip("*o.- \u2022") else Piece("break")
        elif macro == "It":
            self._tag_next = False
            tag = self._mdoc(self._extended(self._words(rest)))
            yield Piece("tag", tag) if tag else Piece("break")
        elif macro in ("RS", "INDENT"):
            yield Piece("indent")
        elif macro in _BREAKS:
            if not self._tag_next:
                yield Piece("break")
        else:
            yield from self._inline(macro, rest)

    def _extended(self, words: list[str]) -> list[str]:
        """Take in the lines of a tag that goes on up to `.Xc`."""
        if "Xo" not in words:
            return words
        words = [word for word in words if word != "Xo"]
        for line in islice(self._lines, _MOST_EXTENDED):
            if line.startswith(".Xc"):
                break
            if not line.startswith((".Sm", '.\\"')):
                words += self._words(line.removeprefix("."))
        return words

    def _inline(self, macro: str, rest: str) -> Iterator[Piece]:
        """Read what only changes how words look."""
        if macro in _ALTERNATE:
            yield self._content("".join(self._words(rest)))
        elif macro in _SAME:
            text = " ".join(self._words(rest))
            if text:
                yield self._content(text)
        elif macro in _MDOC:
            words = self._words(rest)
            if macro == "Nm" and not words:
                words = [self._name]
            elif macro == "Nm" and not self._name:
                self._name = words[0]
            yield self._content(("- " if macro == "Nd" else "") + self._mdoc([macro, *words]))

    def _content(self, text: str) -> Piece:
        if self._tag_next:
            self._tag_next = False
            return Piece("tag", text.strip())
        return Piece("text", text)

    def _words(self, text: str) -> list[str]:
        # A blank that is escaped does not part words.
        text = text.replace("\\ ", _BLANK)
        found = [
            quoted.replace('""', '"') if quoted or not bare else bare for quoted, bare in _WORD.findall(text)
        ]
        plain = []
        for word in found:
            if word.startswith('\\"'):
                break
            plain.append(self.plain(word).replace(_BLANK, " "))
        return plain

    def plain(self, text: str) -> str:
        """Take the escapes out of a text."""
        return _ESCAPE.sub(self._escaped, text) if "\\" in text else text

    def _escaped(self, match: re.Match[str]) -> str:
        special = match["two"] or match["long"]
        if special:
            if special.startswith("u") and len(special) == 5:
                try:
                    return chr(int(special[1:], 16))
                except ValueError:
                    return ""
            return _CHARS.get(special, "")
        name = match["string"] or match["named"] or match["one"]
        if name:
            return _ESCAPE.sub("", self._strings.get(name, ""))
        return _PLAIN.get(match["char"] or "", "")

    def _mdoc(self, words: list[str]) -> str:
        """Write what the macros of mdoc say in one line of them."""
        out = ""
        closing: list[str] = []
        glue = False
        macro = ""
        fresh = False
        for word in words:
            if word in _MDOC:
                macro, fresh = word, True
                if word == "Ns":
                    glue = True
                elif word in _AROUND:
                    opens, closes = _AROUND[word]
                    out, glue = _joined(out, opens, glue), True
                    closing.append(closes)
                elif word in _OPENS:
                    out, glue = _joined(out, _OPENS[word], glue), True
                elif word in _CLOSES:
                    out += _CLOSES[word]
                elif word == "Fl":
                    out, glue = _joined(out, "-", glue), True
                continue
            if word in (",", ".", ";", ":", ")", "]", "?", "!"):
                out += word
                glue = False
                if macro == "Fl":
                    fresh = True
                continue
            if macro == "Fl" and not fresh:
                out, glue = _joined(out, "-", glue), True
            text = f"{word}" if macro != "Xr" or not word.isdigit() else f"({word})"
            glue = glue or (macro == "Xr" and word.isdigit())
            out, glue = _joined(out, text, glue), macro == "Pf" and fresh
            fresh = False
        return (out.rstrip("-") if out.endswith(" -") else out) + "".join(reversed(closing))


def _joined(before: str, text: str, glue: bool) -> str:
    return before + text if glue or not before or before.endswith(("[", "(", "<")) else f"{before} {text}"
