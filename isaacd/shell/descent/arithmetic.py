"""Arithmetic: nothing of it is run but the substitutions in it."""

import re

from isaacd.shell.descent.words import MAX_DEPTH, Scanner
from isaacd.shell.syntax import Part, Script, Unseen, Word

MAX_ARITHMETIC = 4096
_PARENTHESES = re.compile(r"[()]|'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.", re.DOTALL)


class Arithmetic(Scanner):
    """Finds where expressions end."""

    def arithmetic_end(self, start: int) -> int | None:
        """Find the `))` that closes what begins at `start`; None if it closes otherwise: then it is no arithmetic."""
        depth = 0
        for found in _PARENTHESES.finditer(self.text, start, start + MAX_ARITHMETIC):
            self.steps -= found.end() - found.start()
            if self.steps < 0:
                self.give_up("it is too tangled")
                return None
            if found[0] == "(":
                depth += 1
            elif found[0] == ")":
                if depth == 0:
                    return found.start() if self.text.startswith("))", found.start()) else None
                depth -= 1
        return None

    def arithmetic(self, parts: list[Part], start: int, *, quoted: bool) -> bool:
        """Read `$((...))` whose inside begins at `start`; say whether it is one."""
        end = self.arithmetic_end(start)
        if end is None:
            return False
        self.at = end + 2
        parts.append(Unseen("arithmetic", quoted=quoted, scripts=self.scripts_in(self.text[start:end])))
        return True

    def scripts_in(self, text: str) -> tuple[Script, ...]:
        """Find every substitution within an expression."""
        if "$" not in text and "`" not in text:
            return ()
        if self.depth >= MAX_DEPTH:
            self.fault("it is nested too deep")
            return ()
        inner = self.other(text)
        inner.depth += 1
        return inner.document().scripts

    def expression(self, start: int, end: int) -> Word:
        """Make the word of an expression: nothing of it is run but the substitutions in it."""
        text = self.text[start:end]
        return Word(text, (Unseen("arithmetic", scripts=self.scripts_in(text)),))
