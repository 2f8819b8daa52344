"""From the leaves of tree-sitter's tree of a line to our words."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from isaacd.shell.quoting import ansi_c, in_double_quotes, unquoted_pieces
from isaacd.shell.syntax import Part, Script, Text, Unseen, Word

if TYPE_CHECKING:
    from tree_sitter import Node as Branch

MAX_DEPTH = 60
_SUBSTITUTIONS = ("command_substitution", "process_substitution")


class Leaves(ABC):
    """Reads words; `faults` gathers what it cannot make sense of."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._depth = 0
        self.faults: list[str] = []

    @abstractmethod
    def _inner(self, branch: "Branch") -> Script:
        """Read a substitution."""

    def _word(self, branch: "Branch") -> Word:
        return Word(self._text(branch), tuple(self._parts(branch)))

    def _parts(self, branch: "Branch", *, quoted: bool = False) -> Iterator[Part]:
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                self._fault("it is nested too deep")
                yield Unseen("command")
                return
            yield from self._part(branch, quoted=quoted)
        finally:
            self._depth -= 1

    def _part(self, branch: "Branch", *, quoted: bool) -> Iterator[Part]:
        kind, raw = branch.type, self._text(branch)
        if branch.is_missing or kind == "ERROR":
            self._no_shell(branch)
            yield Unseen("command", scripts=self._scripts(branch))
        elif kind == "raw_string":
            yield Text(raw[1:-1], quoted=True)
        elif kind == "ansi_c_string":
            yield Text(ansi_c(raw[2:-1]), quoted=True)
        elif kind in ("string", "translated_string"):
            yield from self._string(branch)
        elif kind in ("simple_expansion", "expansion"):
            yield self._expansion(branch, quoted=quoted)
        elif kind in _SUBSTITUTIONS:
            which: Literal["command", "process"] = "command" if kind == "command_substitution" else "process"
            yield Unseen(which, quoted=quoted, scripts=(self._inner(branch),))
        elif kind == "arithmetic_expansion":
            yield Unseen("arithmetic", quoted=quoted, scripts=self._scripts(branch))
        elif kind == "concatenation":
            yield from self._between(branch, quoted=quoted)
        elif kind in (
            "word",
            "number",
            "variable_name",
            "extglob_pattern",
            "regex",
            "test_operator",
            "file_descriptor",
        ):
            if branch.named_children:
                yield from self._between(branch, quoted=quoted)
            else:
                yield from (Text(text, quoted or own) for text, own in unquoted_pieces(raw))
        else:
            # Expressions of tests and arithmetic: what they say does not matter, what they run does.
            yield Unseen("arithmetic", scripts=self._scripts(branch))

    def _between(self, branch: "Branch", *, quoted: bool) -> Iterator[Part]:
        """Read the children of a branch and the bytes between them, which belong to the word as well."""
        position = branch.start_byte
        for child in branch.children:
            if child.start_byte > position:
                gap = self._data[position : child.start_byte].decode("utf-8", "surrogateescape")
                yield from (Text(text, quoted or own) for text, own in unquoted_pieces(gap))
            if child.is_named:
                yield from self._parts(child, quoted=quoted)
            else:
                yield from (Text(text, quoted or own) for text, own in unquoted_pieces(self._text(child)))
            position = child.end_byte
        if branch.end_byte > position:
            rest = self._data[position : branch.end_byte].decode("utf-8", "surrogateescape")
            yield from (Text(text, quoted or own) for text, own in unquoted_pieces(rest))

    def _string(self, branch: "Branch") -> Iterator[Part]:
        position = branch.start_byte + self._bytes(branch).index(b'"') + 1
        yield Text("", quoted=True)  # an empty word is a word
        for child in (child for child in branch.named_children if child.type != "string_content"):
            yield from self._quoted(position, child.start_byte)
            yield from self._parts(child, quoted=True)
            position = child.end_byte
        end = branch.end_byte - (1 if self._bytes(branch).endswith(b'"') else 0)
        yield from self._quoted(position, end)

    def _quoted(self, start: int, end: int) -> Iterator[Part]:
        if end > start:
            text = self._data[start:end].decode("utf-8", "surrogateescape")
            yield Text(in_double_quotes(text), quoted=True)

    def _expansion(self, branch: "Branch", *, quoted: bool) -> Unseen:
        raw = self._text(branch)
        name = raw.removeprefix("$").removeprefix("{").removesuffix("}")
        scripts = self._scripts(branch)
        if name.isidentifier() or len(name) == 1 or name.isdigit():
            return Unseen("variable", name, quoted, scripts)
        return Unseen("parameter", name, quoted, scripts)

    def _scripts(self, branch: "Branch") -> tuple[Script, ...]:
        """Find every substitution within an expression."""
        found: list[Script] = []
        for child in branch.named_children:
            if child.type in _SUBSTITUTIONS:
                found.append(self._inner(child))
            else:
                found += self._scripts(child)
        return tuple(found)

    def _no_shell(self, branch: "Branch") -> None:
        text = self._text(branch)
        self._fault(f"this is no shell: {text[:40]!r}" if text else "something is missing at its end")

    def _fault(self, fault: str) -> None:
        self.faults.append(fault)

    def _bytes(self, branch: "Branch") -> bytes:
        return self._data[branch.start_byte : branch.end_byte]

    def _text(self, branch: "Branch | None") -> str:
        return "" if branch is None else self._bytes(branch).decode("utf-8", "surrogateescape")
