"""The syntax of a shell line, as much of it as decides what could run."""

from collections.abc import Iterator
from typing import Literal

import msgspec


class Unseen(msgspec.Struct, frozen=True):
    """A part of a word that only running the line would show: the value of a variable, the output of a command.

    `kind` is variable, command, process, arithmetic or parameter (an expansion that does more than take a value).
    `name` is the variable's, if there is one. `scripts` are the commands that run to make the value.
    """

    kind: Literal["variable", "command", "process", "arithmetic", "parameter"]
    name: str = ""
    quoted: bool = False
    scripts: "tuple[Script, ...]" = ()


class Text(msgspec.Struct, frozen=True):
    """A part of a word that is what it says; only unquoted text can be a pattern, a tilde or a brace expansion."""

    text: str
    quoted: bool = False


Part = Text | Unseen


class Word(msgspec.Struct, frozen=True):
    """One word as it was typed (`raw`), and its parts."""

    raw: str
    parts: tuple[Part, ...]

    @property
    def value(self) -> str | None:
        """What the word says once quotes are taken off; None if a part of it is not seen. Patterns stay as they are."""
        parts = self.parts
        if len(parts) == 1:  # nearly always, and asked for a dozen times a line
            only = parts[0]
            return only.text if type(only) is Text else None
        text = []
        for part in parts:
            if isinstance(part, Unseen):
                return None
            text.append(part.text)
        return "".join(text)

    @property
    def beginning(self) -> str:
        """What is seen of the word before the first part that is not."""
        parts = self.parts
        if len(parts) == 1:
            only = parts[0]
            return only.text if type(only) is Text else ""
        seen = []
        for part in parts:
            if isinstance(part, Unseen):
                break
            seen.append(part.text)
        return "".join(seen)

    @property
    def is_pattern(self) -> bool:
        """Whether the shell may make other words, or many, of it: `*`, `?`, `[` or `!(` outside of quotes."""
        for part in self.parts:
            if isinstance(part, Text) and not part.quoted:
                text = part.text
                if "*" in text or "?" in text or "[" in text or "!(" in text:
                    return True
        return False

    @property
    def is_expanded(self) -> bool:
        """Whether the shell may make other words of it without looking at files: a `~` first, or braces."""
        first = self.parts[0] if self.parts else None
        if isinstance(first, Text) and not first.quoted and first.text.startswith("~"):
            return True
        return any(isinstance(part, Text) and not part.quoted and "{" in part.text for part in self.parts)

    @property
    def scripts(self) -> "tuple[Script, ...]":
        """The commands that run while the word is made."""
        return tuple(script for part in self.parts if isinstance(part, Unseen) for script in part.scripts)


class Redirect(msgspec.Struct, frozen=True):
    """Where a stream goes or comes from: `operator` as typed without its number, `<<` and `<<<` with their `body`."""

    operator: str
    target: Word | None = None
    descriptor: int | None = None
    body: Word | None = None

    @property
    def writes(self) -> bool:
        """Whether a file is made or changed."""
        return self.operator in (">", ">>", ">|", "&>", "&>>", "<>", ">&") and not self.duplicates

    @property
    def duplicates(self) -> bool:
        """Whether it only joins descriptors, as `2>&1` does."""
        if self.operator not in (">&", "<&"):
            return False
        value = self.target.value if self.target is not None else None
        return value is not None and (value.rstrip("-").isdigit() or value == "-")


class Assignment(msgspec.Struct, frozen=True):
    """`name=value`; an array has several words, and nothing stands in `name=`. `adds` is `+=`."""

    name: str
    words: tuple[Word, ...] = ()
    is_plain: bool = True
    is_array: bool = False
    adds: bool = False


class Simple(msgspec.Struct, frozen=True):
    """One simple command: assignments, then words. Without words the assignments stay in the shell."""

    words: tuple[Word, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    redirects: tuple[Redirect, ...] = ()


class Pipeline(msgspec.Struct, frozen=True):
    """Commands whose output is the input of the next."""

    commands: "tuple[Node, ...]"
    redirects: tuple[Redirect, ...] = ()


class Compound(msgspec.Struct, frozen=True):
    """What holds commands: `kind` is list, group, subshell, if, while, for, case, test or arithmetic.

    Any of `body` may run, none, or many times over; a list runs in order. `words` are those of a for, a case or a
    test. `name` is the variable of a for; of a list it is `&&` if each runs only once the one before has succeeded,
    `||` if which of them run cannot be told, and empty otherwise.
    """

    kind: Literal["list", "group", "subshell", "if", "while", "for", "case", "test", "arithmetic"]
    body: "tuple[Node, ...]" = ()
    words: tuple[Word, ...] = ()
    name: str = ""
    redirects: tuple[Redirect, ...] = ()


class Function(msgspec.Struct, frozen=True):
    """A function is defined: its body runs when it is called."""

    name: str
    body: "Node"
    redirects: tuple[Redirect, ...] = ()


Node = Simple | Pipeline | Compound | Function


class Script(msgspec.Struct, frozen=True):
    """A line, or what is in a substitution. `faults` says what could not be understood, in words."""

    body: tuple[Node, ...] = ()
    faults: tuple[str, ...] = ()


def words_of(node: Node) -> Iterator[Word]:
    """Give every word of one node itself, not of those below it."""
    if isinstance(node, Simple):
        for assignment in node.assignments:
            yield from assignment.words
        yield from node.words
    elif isinstance(node, Compound):
        yield from node.words
    for redirect in node.redirects:
        if redirect.target is not None:
            yield redirect.target
        if redirect.body is not None:
            yield redirect.body


def below(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below a node."""
    if isinstance(node, Pipeline):
        return node.commands
    if isinstance(node, Compound):
        return node.body
    return (node.body,) if isinstance(node, Function) else ()
