"""What stands between commands: blanks, comments, newlines, and the here-documents that follow a newline."""

import re

import msgspec

from isaacd.shell.descent.arithmetic import Arithmetic
from isaacd.shell.descent.words import MAX_DEPTH
from isaacd.shell.syntax import Redirect, Script, Text, Word

BLANKS = re.compile(r"(?:[ \t]|\\\n)+")
_MAY_BE_BLANK = frozenset(" \t\\#")  # a backslash may stand before the end of a line
_COMMENT = re.compile(r"#[^\n]*")
_BARE = re.compile(r"[^\s;&|<>()'\"\\$`]+")
_BARE_LINES = re.compile(r"(?:[^\s;&|<>()'\"\\$`]|\\\n)+")
_QUOTES = frozenset("'\"\\$`")


class Layout(Arithmetic):
    """Knows where one command ends and the next begins."""

    def __init__(
        self, text: str, faults: list[str], *, depth: int = 0, counted: list[int] | None = None
    ) -> None:
        super().__init__(text, faults, depth=depth, counted=counted)
        self._documents: list[tuple[Redirect, str, bool, bool]] = []

    def nested(self, closing: str) -> Script:
        """Read the commands of a substitution: the here-documents that wait are not for the newlines in it."""
        waiting, self._documents = self._documents, []
        script = super().nested(closing)
        self._missing_documents()
        self._documents = waiting
        return script

    # Blanks, newlines and the here-documents behind them

    def _blanks(self) -> None:
        if self.text[self.at : self.at + 1] not in _MAY_BE_BLANK:  # as in most places where it is asked for
            return
        found = BLANKS.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        if self.text.startswith("#", self.at):
            self.at = _COMMENT.match(self.text, self.at).end()  # type: ignore[union-attr]

    def _newlines(self) -> None:
        self._blanks()
        while self.text.startswith("\n", self.at):
            self._newline()
            self._blanks()

    def _newline(self) -> None:
        self.at += 1
        documents, self._documents = self._documents, []
        for redirect, name, literal, tabs in documents:
            body, self.at, is_closed = self._document(name, tabs=tabs)
            if not is_closed:
                self.fault(f"the here-document {name} has no end")
            if not literal and self.depth < MAX_DEPTH:
                word = self.other(body).document()
            else:
                word = Word(body, (Text(body, quoted=True),))
            msgspec.structs.force_setattr(redirect, "body", word)

    def _document(self, name: str, *, tabs: bool) -> tuple[str, int, bool]:
        lines: list[str] = []
        at = self.at
        while at < len(self.text):
            end = self.text.find("\n", at)
            line, following = (self.text[at:], len(self.text)) if end < 0 else (self.text[at:end], end + 1)
            line = line.lstrip("\t") if tabs else line
            at = following
            if line == name:
                return "".join(lines), at, True
            lines.append(line + "\n")
        return "".join(lines), at, False

    def _missing_documents(self) -> None:
        for _, name, _, _ in self._documents:
            self.fault(f"the here-document {name} is missing")
        self._documents = []

    def _bare(self) -> str:
        """What stands here outside of quotes and expansions, up to the next operator or blank."""
        found = _BARE.match(self.text, self.at)
        if found is None:
            return ""
        following = self.text[found.end() : found.end() + 1]
        if following == "\\":
            # A word that may go on in the next line.
            found = _BARE_LINES.match(self.text, self.at)
            assert found is not None
            following = self.text[found.end() : found.end() + 1]
        return "" if following and following in _QUOTES else found[0].replace("\\\n", "")

    def _take(self, expected: str) -> bool:
        """Take a reserved word if it stands here."""
        self._newlines()
        if self._bare() != expected:
            return False
        self._skip_word(expected)
        return True

    def _skip_word(self, bare: str) -> None:
        if self.text.startswith(bare, self.at):
            self.at += len(bare)
        else:
            self.word()

    def _expect(self, expected: str) -> None:
        if not self._take(expected):
            self.fault(f"{expected} is missing")

    def _skip_nonsense(self) -> None:
        start = self.at
        bare = _BARE.match(self.text, start)
        self.at = bare.end() if bare else start + 1
        self.fault(f"{self.text[start : self.at][:40]!r} makes no sense where it stands")
