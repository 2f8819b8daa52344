"""Simple commands: their words, assignments and redirections."""

import re
from abc import abstractmethod

from isaacd.shell.descent.layout import BLANKS, Layout
from isaacd.shell.syntax import Assignment, Node, Part, Redirect, Simple, Text, Word

_REDIRECT = re.compile(r"&>>?|(?:([0-9]+)|\{[A-Za-z_]\w*\})?(?:<<<|<<-|<<|<&|<>|<(?!\()|>>|>\||>&|>(?!\())")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)(\+?)=", re.ASCII)
_ELEMENT = re.compile(r"[A-Za-z_]\w*\[", re.ASCII)
_BRACKETS = re.compile(r"[\[\]\n]|'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.", re.DOTALL)
MAX_SUBSCRIPT = 500
_DECLARES = frozenset(("declare", "typeset", "local", "export", "readonly"))


class Simples(Layout):
    """Reads simple commands; a subclass knows what the others look like."""

    @abstractmethod
    def _called(self, word: Word) -> Node | None:
        """Read a function whose name was read."""

    def _redirects(self) -> tuple[Redirect, ...]:
        redirects: list[Redirect] = []
        while True:
            self._blanks()
            found = _REDIRECT.match(self.text, self.at)
            if found is None:
                return tuple(redirects)
            redirects.append(self._redirect(found))

    def _redirect(self, found: "re.Match[str]") -> Redirect:
        number = found[1]
        operator = found[0].lstrip("0123456789")
        if operator.startswith("{"):
            operator = operator.partition("}")[2]
        descriptor = int(number) if number and len(number) < 10 else None
        self.at = found.end()
        found_blanks = BLANKS.match(self.text, self.at)
        if found_blanks is not None:
            self.at = found_blanks.end()
        target = self.word()
        if target is None:
            self.fault(f"what {operator} means is missing")
            return Redirect(operator, None, descriptor)
        if operator in ("<<", "<<-"):
            redirect = Redirect("<<", None, descriptor)
            literal = any(char in target.raw.replace("\\\n", "") for char in "'\"\\")
            name = target.value if target.value is not None else target.raw
            self._documents.append((redirect, name, literal, operator == "<<-"))
            return redirect
        if operator == "<<<":
            return Redirect(operator, None, descriptor, target)
        return Redirect(operator, target, descriptor)

    def _simple(self) -> Node | None:
        words: list[Word] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        declares = False
        while True:
            self._blanks()
            found = _REDIRECT.match(self.text, self.at)
            if found is not None:
                redirects.append(self._redirect(found))
                continue
            if not words or declares:
                assignment = self._assignment(as_word=declares)
                if isinstance(assignment, Assignment):
                    assignments.append(assignment)
                    continue
                if assignment is not None:
                    words.append(assignment)
                    continue
            word = self.word()
            if word is None:
                break
            if not word.parts and word.raw.replace("\\\n", "") == "":
                continue
            words.append(word)
            if len(words) == 1:
                declares = word.raw in _DECLARES
                if not redirects and not assignments and (function := self._called(word)) is not None:
                    return function
        if not words and not assignments and not redirects:
            return None
        return Simple(tuple(words), tuple(assignments), tuple(redirects))

    # Assignments

    def _assignment(self, *, as_word: bool) -> Assignment | Word | None:
        start = self.at
        found = _ASSIGNED.match(self.text, start)
        name, plain = "", True
        if found is not None:
            name, plain, self.at = found[1], not found[2], found.end()
        else:
            element = self._element()
            if element is None:
                return None
            name, plain = element, False
        index = self.expression(start, self.at).scripts if not found else ()
        adds = self.text.startswith("+=", self.at - 2)
        is_array = self.text.startswith("(", self.at)
        if is_array:
            self.at += 1
            values, plain = self._array(), False
        else:
            value = self.word()
            values = (value,) if value is not None else ()
        if as_word:
            parts: tuple[Part, ...] = (Text(self.text[start : self.at].partition("=")[0] + "="),)
            parts += tuple(part for word in values for part in word.parts)
            return Word(self.text[start : self.at], parts)
        if index:
            values += (self.expression(start, self.at),)
        return Assignment(name, values, plain, is_array, adds)

    def _element(self) -> str | None:
        """Read `name[...]=` and stand behind it; None, and stand where it was, if that is not here."""
        found = _ELEMENT.match(self.text, self.at)
        if found is None:
            return None
        depth = 1
        for bracket in _BRACKETS.finditer(self.text, found.end(), found.end() + MAX_SUBSCRIPT):
            depth += {"[": 1, "]": -1}.get(bracket[0], 0)
            if depth == 0:
                end = bracket.end()
                if self.text.startswith(("=", "+="), end):
                    self.at = end + (1 if self.text.startswith("=", end) else 2)
                    return self.text[found.start() : end]
                return None
        return None

    def _array(self) -> tuple[Word, ...]:
        words: list[Word] = []
        while True:
            self._newlines()
            word = self.word()
            if word is not None:
                words.append(word)
            elif self.text.startswith(")", self.at):
                self.at += 1
                return tuple(words)
            elif self.at >= len(self.text):
                self.fault("a ) is missing at its end")
                return tuple(words)
            else:
                self._skip_nonsense()
