"""Commands read by descent, as bash's own grammar has them: for lines that tree-sitter's grammar reads wrongly."""

import re
from collections.abc import Container

from isaacd.shell.descent.compounds import Compounds
from isaacd.shell.descent.words import MAX_DEPTH
from isaacd.shell.syntax import Compound, Function, Node, Pipeline, Script, Simple, Word

_CLOSES = frozenset(("in", "then", "else", "elif", "fi", "do", "done", "esac", "}"))
_LONGER = frozenset((";;", ";&", "&&"))
_EMPTY_PARENTHESES = re.compile(r"\([ \t]*\)")
_COPROCESS = re.compile(r"[A-Za-z_]\w*[ \t\n]+(?=\(|(?:\{|if|for|while|until|case|select|\[\[)[ \t\n])")


class Descent(Compounds):
    """Reads a text that bash would run."""

    def other(self, text: str) -> "Descent":
        """Make a scanner for a text within this one."""
        return Descent(text, self.faults, depth=self.depth, counted=self.counted)

    def script(self) -> Script:
        """Read all of it; what makes no sense is skipped, with a fault."""
        body = list(self.commands("").body)
        return Script(tuple(body), tuple(dict.fromkeys(self.faults)))

    def commands(self, closing: str) -> Script:
        """Read commands up to `closing`, and it as well; an empty one is the end of the text."""
        body: list[Node] = []
        while True:
            body += self._list(())
            if self.at >= len(self.text):
                if closing:
                    self.fault(f"a {closing} is missing at its end")
                break
            if closing and self.text.startswith(closing, self.at):
                self.at += len(closing)
                break
            self._skip_nonsense()
        if not closing:
            self._missing_documents()
        return Script(tuple(body))

    # Lists and pipelines

    def _list(self, closes: Container[str]) -> list[Node]:
        """Read commands up to a word that closes them, or what cannot begin a command."""
        nodes: list[Node] = []
        while True:
            self._newlines()
            if self.at >= len(self.text) or self._bare() in closes:
                return nodes
            start = self.at
            node = self._and_or()
            self._blanks()
            char = self.text[self.at : self.at + 1]
            if node is not None:
                nodes.append(_in_background(node) if char == "&" else node)
            if char in (";", "&") and self.at > start and self.text[self.at : self.at + 2] not in _LONGER:
                self.at += 1
            elif char != "\n":
                return nodes

    def _and_or(self) -> Node | None:
        nodes: list[Node] = []
        operators: set[str] = set()
        while True:
            node = self._pipeline()
            if node is not None:
                nodes.append(node)
            elif nodes:
                self.fault("a command is missing")
            self._blanks()
            operator = self.text[self.at : self.at + 2]
            if operator not in ("&&", "||") or node is None:
                break
            operators.add(operator)
            self.at += 2
            self._newlines()
        if len(nodes) < 2:
            return nodes[0] if nodes else None
        return Compound("list", tuple(nodes), name="&&" if operators == {"&&"} else "||")

    def _pipeline(self) -> Node | None:
        commands: list[Node] = []
        prefixed = self._prefixes()
        while True:
            node = self._command()
            if node is not None:
                commands.append(node)
            elif commands:
                self.fault("a command is missing")
            self._blanks()
            if node is None or not self.text.startswith("|", self.at) or self.text.startswith("||", self.at):
                break
            self.at += 2 if self.text.startswith("|&", self.at) else 1
            self._newlines()
        if prefixed and not commands and self.text.startswith(("&", "|"), self.at):
            self.fault("a command is missing")
        if len(commands) < 2:
            return commands[0] if commands else (Simple() if prefixed else None)
        return Pipeline(tuple(commands))

    def _prefixes(self) -> bool:
        """Skip `time`, `time -p` and `!`, which change nothing about what runs."""
        start = self.at
        while True:
            self._blanks()
            bare = self._bare()
            if bare == "!" and self.text.startswith("(", self.at + 1):
                self.fault("!( is a pattern for some settings and a subshell for others")
            if bare == "time":
                self._skip_word(bare)
                self._blanks()
                if self._bare() == "-p":
                    self._skip_word("-p")
                    self._blanks()
                    if self._bare() == "--":
                        self._skip_word("--")
            elif bare == "!":
                self._skip_word(bare)
            else:
                return self.at > start

    # Commands

    def _command(self) -> Node | None:
        self._blanks()
        self.depth += 1
        self.count()
        try:
            if self.depth > MAX_DEPTH:
                self.give_up("it is nested too deep")
                return None
            bare = self._bare()
            read = _COMPOUNDS.get(bare)
            if read is not None:
                self._skip_word(bare)
                return read(self)
            if self.text.startswith("((", self.at) and (end := self.arithmetic_end(self.at + 2)) is not None:
                start, self.at = self.at + 2, end + 2
                return self._redirected(Compound("arithmetic", words=(self.expression(start, end),)))
            if self.text.startswith("(", self.at):
                self.at += 1
                return self._redirected(Compound("subshell", self._some(self.commands(")").body)))
            if bare in _CLOSES:
                return None
            return self._simple()
        finally:
            self.depth -= 1

    # Functions

    def _called(self, word: Word) -> Node | None:
        """Read `name() body` once the name is read."""
        start = self.at
        self._blanks()
        if not self.text.startswith("(", self.at):
            self.at = start
            return None
        empty = _EMPTY_PARENTHESES.match(self.text, self.at)
        if empty is None:
            self.fault(f"what the parentheses after {word.raw[:40]} mean cannot be told")
            return None
        self.at = empty.end()
        return self._function_body(word.raw)

    def _function_body(self, name: str) -> Function:
        self._newlines()
        body = self._command()
        if body is None:
            self.fault(f"the function {name} has no body")
            return Function(name, Compound("group"))
        redirects = body.redirects
        return Function(name, Compound("group", (body,)), redirects)

    def read_function(self) -> Node:
        """Read `function name`."""
        self._blanks()
        name = self.word()
        if name is None:
            self.fault("a function has no name")
            return Simple()
        self._blanks()
        empty = _EMPTY_PARENTHESES.match(self.text, self.at)
        self.at = empty.end() if empty is not None else self.at
        return self._function_body(name.raw)

    def read_coprocess(self) -> Node:
        """Read `coproc`; a name may stand before a compound command."""
        self._blanks()
        named = _COPROCESS.match(self.text, self.at)
        if named is not None and self._bare() not in _COMPOUNDS:
            self.at = named.end()
        return self._command() or Simple()


def _in_background(node: Node) -> Node:
    """What runs beside the shell leaves nothing behind in it."""
    if isinstance(node, Pipeline) or (isinstance(node, Simple) and node.words):
        return node
    return Compound("subshell", (node,))


_COMPOUNDS = {
    "{": Descent.read_group,
    "if": Descent.read_if,
    "while": Descent.read_while,
    "until": Descent.read_while,
    "for": Descent.read_for,
    "select": Descent.read_for,
    "case": Descent.read_case,
    "[[": Descent.read_test,
    "function": Descent.read_function,
    "coproc": Descent.read_coprocess,
}
