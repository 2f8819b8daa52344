"""Compound commands: groups, conditions, loops, cases and tests, once their first word is read."""

from abc import abstractmethod
from collections.abc import Container, Iterable

import msgspec

from isaacd.shell.descent.simple import Simples
from isaacd.shell.syntax import Compound, Node, Unseen, Word


class Compounds(Simples):
    """Reads compound commands; a subclass knows what lists of commands are."""

    @abstractmethod
    def _list(self, closes: Container[str]) -> list[Node]:
        """Read commands up to a word that closes them, or what cannot begin a command."""

    def _redirected(self, node: Compound) -> Compound:
        redirects = self._redirects()
        return msgspec.structs.replace(node, redirects=redirects) if redirects else node

    def read_group(self) -> Node:
        """Read `{ ...; }`."""
        return self._redirected(Compound("group", self._until("}")))

    def _until(self, closing: str) -> tuple[Node, ...]:
        nodes = self._some(self._list((closing,)))
        self._expect(closing)
        return nodes

    def _some(self, nodes: Iterable[Node]) -> tuple[Node, ...]:
        """Bash wants at least one command wherever one may stand, but for `case` and substitutions."""
        found = tuple(nodes)
        if not found:
            self.fault("a command is missing")
        return found

    def read_if(self) -> Node:
        """Read `if`, with all its branches."""
        body: list[Node] = [Compound("list", self._until("then"))]
        body.append(Compound("list", self._some(self._list(("elif", "else", "fi")))))
        while self._take("elif"):
            body.append(Compound("list", self._until("then")))
            body.append(Compound("list", self._some(self._list(("elif", "else", "fi")))))
        if self._take("else"):
            body.append(Compound("list", self._some(self._list(("fi",)))))
        self._expect("fi")
        return self._redirected(Compound("if", tuple(body)))

    def read_while(self) -> Node:
        """Read `while` and `until`."""
        condition = Compound("list", self._some(self._list(("do",))))
        return self._redirected(Compound("while", (condition, self._do())))

    def _do(self) -> Node:
        if self._take("{"):
            return Compound("list", self._until("}"))
        self._expect("do")
        return Compound("list", self._until("done"))

    def read_for(self) -> Node:
        """Read `for` and `select`."""
        self._blanks()
        if self.text.startswith("((", self.at) and (end := self.arithmetic_end(self.at + 2)) is not None:
            words: tuple[Word, ...] = (self.expression(self.at + 2, end),)
            name, self.at = "", end + 2
        else:
            variable = self.word()
            name = variable.raw if variable is not None else ""
            words = self._words() if self._take("in") else (Word("$@", (Unseen("variable", "@"),)),)
        self._blanks()
        if self.text.startswith(";", self.at):
            self.at += 1
        return self._redirected(Compound("for", (self._do(),), words, name))

    def _words(self) -> tuple[Word, ...]:
        words: list[Word] = []
        while True:
            self._blanks()
            word = self.word()
            if word is None:
                return tuple(words)
            words.append(word)

    def read_case(self) -> Node:
        """Read `case`."""
        self._blanks()
        subject = self.word()
        words = [subject] if subject is not None else []
        body: list[Node] = []
        self._expect("in")
        while self.at < len(self.text) and not self._take("esac"):
            start = self.at
            if self.text.startswith("(", self.at):
                self.at += 1
            words += self._patterns()
            body.append(Compound("list", tuple(self._list(("esac",)))))
            ending = next((item for item in (";;&", ";;", ";&") if self.text.startswith(item, self.at)), "")
            self.at += len(ending)
            if not ending:
                if not self._take("esac"):
                    self.fault("esac is missing")
                break
            if self.at == start:
                break
        else:
            if self.at >= len(self.text) and not self.text.rstrip().endswith("esac"):
                self.fault("esac is missing")
        return self._redirected(Compound("case", tuple(body), tuple(words)))

    def _patterns(self) -> list[Word]:
        words: list[Word] = []
        while True:
            self._blanks()
            word = self.word()
            if word is not None:
                words.append(word)
            self._blanks()
            if self.text.startswith("|", self.at):
                self.at += 1
                continue
            if self.text.startswith(")", self.at):
                self.at += 1
            else:
                self.fault("a pattern of case has no )")
            return words

    def read_test(self) -> Node:
        """Read `[[ ... ]]`."""
        words: list[Word] = []
        while True:
            self._newlines()
            if self.at >= len(self.text):
                self.fault("]] is missing")
                break
            if self._bare() == "]]":
                self._skip_word("]]")
                break
            word = self.word()
            if word is None:
                self.at += 1  # one of ( ) < > & | ;
                if self.text[self.at - 1] == ";":
                    self.fault("]] is missing")
                    break
            else:
                words.append(word)
        return self._redirected(Compound("test", words=tuple(words)))
