"""From a line to our syntax: by descent, and where that finds a fault by tree-sitter's grammar of bash as well."""

import re
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from isaacd.shell.descent.commands import Descent
from isaacd.shell.syntax import Node, Script, Simple, below, words_of

if TYPE_CHECKING:
    import tree_sitter

MAX_LINE_BYTES = 64 * 1024
MAX_SECOND_READING = 2048
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


class Parser:
    """Parses lines; each thread has tree-sitter's parser of its own.

    tree-sitter's grammar goes on behind mistakes, but reads many a good line wrongly without saying so: a word that
    goes on in the next line, `<>`, `{fd}>`, `coproc`, `time {`, a here-document within a substitution. So it is asked
    only about lines that have faults, and adds the commands that it finds in them.
    """

    def __init__(self) -> None:
        self._local = threading.local()

    def parse(self, line: str) -> Script:
        """Understand a line as bash would; what cannot be understood is in `faults`, and the rest is there."""
        if len(line) > MAX_LINE_BYTES:
            return Script(faults=(f"the line is longer than {MAX_LINE_BYTES // 1024} KiB",))
        if "\0" in line:
            return Script(faults=("the line holds a NUL",))
        script = Descent(line, []).script()
        if not script.faults or len(line) > MAX_SECOND_READING:
            return script
        return self._with_a_second_reading(line, script)

    def _with_a_second_reading(self, line: str, script: Script) -> Script:
        # Imported on demand: 22 ms that only those who have such a line should pay.
        from isaacd.shell.reader import Reader

        data = line.encode("utf-8", "surrogateescape")
        second = Reader(data).script(self._parser().parse(_for_the_grammar(line)).root_node)
        known = {_raw(simple) for simple in _simples(script.body)}
        missing = tuple(item for item in _simples(second.body) if item.words and _raw(item) not in known)
        return msgspec.structs.replace(script, body=(*script.body, *missing))

    def _parser(self) -> "tree_sitter.Parser":
        found: Any = getattr(self._local, "parser", None)
        if found is None:
            import tree_sitter as sitter
            from tree_sitter_bash import language

            found = self._local.parser = sitter.Parser(sitter.Language(language()))
        return found  # type: ignore[no-any-return]


def _for_the_grammar(line: str) -> bytes:
    """Encode a line with every character in its place, and none above U+00FF.

    The grammar's scanner looks characters up in tables of the C library that end there: behind a brace others read
    memory that may not be mapped, and the process ends (https://github.com/tree-sitter/tree-sitter-bash/issues/337).
    """
    return _BEYOND_ASCII.sub(_stand_in, line).encode()


def _stand_in(found: re.Match[str]) -> str:
    """Return letters, and no ASCII ones, which take as many bytes as what was found."""
    size = len(found[0].encode("utf-8", "surrogateescape"))
    return "\u00e9" * (size // 2) + "." * (size % 2)


def _raw(simple: Simple) -> tuple[str, ...]:
    return tuple(word.raw for word in simple.words)


def _simples(nodes: Iterable[Node]) -> Iterator[Simple]:
    """Give every simple command, however deep."""
    for node in nodes:
        if isinstance(node, Simple):
            yield node
        yield from _simples(below(node))
        for word in words_of(node):
            for script in word.scripts:
                yield from _simples(script.body)
