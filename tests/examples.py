"""The examples of a page: its blocks, and what somebody does who follows it to the letter.

A comment before a block, which no reader sees, says what cannot be done in a test: `<!-- not run: REASON -->`, or
`<!-- not run, lines 2 3: REASON -->` of commands in a block, counted from 1. `<!-- exit 1, lines 2: REASON -->` is for
commands that are meant to leave with a code.
"""

import re
import subprocess
from collections.abc import Iterator

import msgspec
import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (not run|exit (\d+))(?:, lines ([\d ]+))?: [^>]+ -->\s*")
_INLINE = re.compile(r"(?<!There is no )`(isaacctl [^`]+)`")
_BASH = Parser(Language(tree_sitter_bash.language()))
_PLACE = re.compile(r"\b(Put this into|Add this to) `([^`]+)`")
ANYTHING = "..."


class Write(msgspec.Struct, frozen=True):
    """A file to write, or to add something to."""

    place: str
    text: str
    add: bool


class Type(msgspec.Struct, frozen=True):
    """A line to type, and the lines that it should answer."""

    line: str
    shown: tuple[str, ...]


class Block(msgspec.Struct, frozen=True):
    """A block of a page. `line` is where it begins; `skipped` and `exits` are by command, 0 standing for all of them."""

    kind: str
    text: str
    line: int
    skipped: frozenset[int] = frozenset()
    exits: dict[int, int] = {}

    @property
    def commands(self) -> list[str]:
        """The commands of a block of shell, each with all its lines."""
        found: list[str] = []
        part = ""
        for line in self.text.splitlines():
            if not part and (not line.strip() or line.startswith("#")):
                continue
            part = f"{part}{line}\n"
            if is_bash(part) and not line.endswith("\\"):
                found.append(part.rstrip("\n"))
                part = ""
        assert not part, f"line {self.line}: no whole command: {part}"
        return found

    def runs(self, number: int) -> bool:
        """Say whether the command of this number is run."""
        return not self.skipped & {0, number}


def blocks_of(page: str) -> Iterator[Block]:
    """Give the blocks that have a language, in order."""
    for block in _BLOCK.finditer(page):
        skipped: set[int] = set()
        exits: dict[int, int] = {}
        for word, code, lines in marks_before(page[: block.start()]):
            numbers = [int(number) for number in lines.split()] or [0]
            if word == "not run":
                skipped.update(numbers)
            else:
                exits.update(dict.fromkeys(numbers, int(code)))
        yield Block(block[1], block[2], page[: block.start()].count("\n") + 1, frozenset(skipped), exits)


def marks_before(text: str) -> list[tuple[str, str, str]]:
    """Return the marks that end a text."""
    found = []
    while (last := text.rfind("<!-- ")) >= 0 and (mark := _MARK.fullmatch(text, last)):
        found.append((mark[1], mark[2] or "", mark[3] or ""))
        text = text[:last]
    return found


def is_bash(text: str) -> bool:
    """Say whether bash reads this as whole commands."""
    return (
        subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False).returncode
        == 0
    )


def calls_of(text: str) -> list[list[str]]:
    """Return the arguments of each `isaacctl` in a text of the shell, also within other commands."""
    found: list[list[str]] = []

    def walk(node: Node) -> None:
        if node.type == "command":
            words = [_plain(child) for child in node.children if child.type != "file_redirect"]
            if "isaacctl" in words:
                found.append(words[words.index("isaacctl") + 1 :])
        for child in node.children:
            walk(child)

    walk(_BASH.parse(text.encode()).root_node)
    return found


def _plain(node: Node) -> str:
    """Return a word as its program gets it, as far as that is known without running anything."""
    text = (node.text or b"").decode()
    if node.type in ("string", "raw_string"):
        return text[1:-1]
    if node.type == "concatenation":
        return "".join(_plain(child) for child in node.children)
    return text.replace("\\", "")


def inline_calls(page: str) -> list[str]:
    """Return the lines for Isaac that stand within the text, those that leave something out left out."""
    plain = _BLOCK.sub("", page)
    return [line.replace("\\|", "|") for line in _INLINE.findall(plain) if "..." not in line]


def steps_of(page: str) -> Iterator[Write | Type]:
    """Give everything that a page says to do, in order; raises AssertionError for a block that says nothing."""
    end = 0
    for block in _BLOCK.finditer(page):
        before, kind, text = page[end : block.start()], block[1], block[2]
        end = block.end()
        if kind == "console":
            yield from typed_in(text)
            continue
        places = _PLACE.findall(before)
        assert places, f"nobody can know where this goes:\n{text}"
        word, place = places[-1]
        yield Write(place, text, word.startswith("Add"))


def fits(wanted: tuple[str, ...], seen: str) -> bool:
    """Say whether what was seen is what was shown: `...` is any number of lines, and in a line any text."""
    pattern = ""
    for line in wanted:
        if line == ANYTHING:
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(map(re.escape, line.split(ANYTHING))) + r"\n"
    text = seen if not seen or seen.endswith("\n") else seen + "\n"
    return re.fullmatch(pattern, text) is not None


def typed_in(text: str) -> Iterator[Type]:
    """Give what is typed in a block of a console, each with what it shows."""
    line, shown = None, []
    for one in [*text.splitlines(), "$ "]:
        if one.startswith("$ "):
            if line is not None:
                yield Type(line, tuple(shown))
            line, shown = one[2:], []
        else:
            assert line is not None, f"nothing was typed before {one!r}"
            shown.append(one)
