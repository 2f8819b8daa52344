"""Words read character by character as bash reads them: quotes, expansions and what is nested in them."""

import re
from abc import ABC, abstractmethod
from typing import Literal

from isaacd.shell.quoting import ansi_c
from isaacd.shell.syntax import Part, Script, Text, Unseen, Word

MAX_DEPTH = 60
STEPS_PER_CHARACTER = 40
MAX_FAULTS = 50
MAX_COMMANDS = 2000
_PLAIN = re.compile(r"[^ \t\n;&|<>()'\"\\$`*?+@!]+")
_IN_QUOTES = re.compile(r'[^"\\$`]+')
_IN_TEXT = re.compile(r"[^\\$`]+")
_IN_BRACES = re.compile(r"[^}'\"\\$`<>]+")
_SINGLE = re.compile(r"[^']*")
_ANSI = re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL)
_TICKED = re.compile(r"(?:[^`\\]|\\.)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!\-]", re.ASCII)
_VARIABLE = re.compile(r"(?:[A-Za-z_]\w*|[0-9]+|[@*#?$!\-])\Z", re.ASCII)
_ENDS_WORD = frozenset(" \t\n;&|<>()")


class Scanner(ABC):
    """Reads words from `text` at `at`; a subclass knows what commands look like.

    `faults` gathers what makes no sense. Work is bounded: after `steps` the rest of the text is given up, with a fault.
    """

    def __init__(
        self, text: str, faults: list[str], *, depth: int = 0, counted: list[int] | None = None
    ) -> None:
        self.text = text
        self.at = 0
        self.faults = faults
        self.depth = depth
        self.steps = STEPS_PER_CHARACTER * len(text) + 1000
        self.counted = counted if counted is not None else [0]

    @abstractmethod
    def commands(self, closing: str) -> Script:
        """Read commands up to `closing`, and it as well."""

    @abstractmethod
    def arithmetic(self, parts: list[Part], start: int, *, quoted: bool) -> bool:
        """Read `$((...))` whose inside begins at `start`; say whether it is one."""

    @abstractmethod
    def scripts_in(self, text: str) -> tuple[Script, ...]:
        """Find every substitution within an expression."""

    @abstractmethod
    def other(self, text: str) -> "Scanner":
        """Make a scanner for a text within this one."""

    def fault(self, fault: str) -> None:
        """Note what makes no sense; a text with very many faults is given up."""
        self.faults.append(fault)
        if len(self.faults) > MAX_FAULTS:
            self.at = len(self.text)

    def give_up(self, fault: str) -> None:
        """Note a fault and read no further."""
        self.faults.append(fault)
        self.at = len(self.text)

    def count(self) -> None:
        """Count one more command or substitution; a text with very many is given up."""
        self.counted[0] += 1
        if self.counted[0] > MAX_COMMANDS:
            self.give_up(f"it holds more than {MAX_COMMANDS} commands")

    def word(self, *, stops: str = "", patterns: bool = True) -> Word | None:
        """Read one word; None if there is none. It ends at a blank, at an operator, and at one of `stops`."""
        start = self.at
        parts: list[Part] = []
        text = self.text
        end = len(text)
        while self.at < end:
            plain = _PLAIN.match(text, self.at)
            if plain is not None and not stops:
                self.at = plain.end()
                _add(parts, plain[0])
                continue
            char = text[self.at]
            if char in stops:
                break
            if char in _ENDS_WORD:
                if char in "<>" and text.startswith("(", self.at + 1):
                    self._process(parts)
                    continue
                break
            self._piece(char, parts, patterns=patterns)
        return Word(text[start : self.at], tuple(parts)) if self.at > start else None

    def _piece(self, char: str, parts: list[Part], *, patterns: bool) -> None:
        text, at = self.text, self.at
        if char == "\\":
            self.at = at + 2
            following = text[at + 1 : at + 2]
            if following != "\n":
                parts.append(Text(following or "\\", quoted=True))
        elif char == "'":
            self._single(parts, at + 1)
        elif char == '"':
            self._double(parts, at + 1)
        elif char == "$":
            self._dollar(parts, quoted=False)
        elif char == "`":
            self._ticks(parts, quoted=False)
        elif char in "*?+@!" and patterns and text.startswith("(", at + 1):
            self._pattern(parts)
        else:
            self.at = at + 1
            _add(parts, char)

    # Quotes

    def _single(self, parts: list[Part], start: int) -> None:
        end = _SINGLE.match(self.text, start).end()  # type: ignore[union-attr]
        parts.append(Text(self.text[start:end], quoted=True))
        self._close(end, "'")

    def _ansi(self, parts: list[Part], start: int) -> None:
        end = _ANSI.match(self.text, start).end()  # type: ignore[union-attr]
        parts.append(Text(ansi_c(self.text[start:end]), quoted=True))
        self._close(end, "'")

    def _close(self, end: int, char: str) -> None:
        self.at = end + 1
        if not self.text.startswith(char, end):
            self.at = len(self.text)
            self.fault(f"a {char} has no end")

    def _double(self, parts: list[Part], start: int) -> None:
        self.at = start
        parts.append(Text("", quoted=True))  # an empty word is a word
        self._expanded(parts, _IN_QUOTES, '"')
        self._close(self.at, '"')

    def _expanded(self, parts: list[Part], plain: re.Pattern[str], closing: str) -> None:
        """Read text in which only `$`, backticks and backslashes mean something, up to `closing`."""
        text = self.text
        while self.at < len(text):
            run = plain.match(text, self.at)
            if run is not None:
                self.at = run.end()
                parts.append(Text(run[0], quoted=True))
                continue
            char = text[self.at]
            if char == closing:
                return
            if char == "\\":
                following = text[self.at + 1 : self.at + 2]
                self.at += 2
                if following != "\n":
                    kept = "" if following and following in f"$`\\{closing}" else "\\"
                    parts.append(Text(kept + following, quoted=True))
            elif char == "$":
                self._dollar(parts, quoted=True)
            else:
                self._ticks(parts, quoted=True)

    def document(self) -> Word:
        """Read all of the text as a here-document whose delimiter is not quoted."""
        parts: list[Part] = [Text("", quoted=True)]
        self._expanded(parts, _IN_TEXT, "")
        return Word(self.text, tuple(parts))

    # Expansions

    def _dollar(self, parts: list[Part], *, quoted: bool) -> None:
        text, at = self.text, self.at
        following = text[at + 1 : at + 2]
        if following == "(":
            if text.startswith("((", at + 1) and self.arithmetic(parts, at + 3, quoted=quoted):
                return
            self.at = at + 2
            parts.append(Unseen("command", quoted=quoted, scripts=(self.nested(")"),)))
        elif following == "{":
            self.at = at + 2
            parts.append(self._parameter(quoted=quoted))
        elif following == "[" and (end := text.find("]", at + 2)) >= 0:
            self.at = end + 1
            parts.append(Unseen("arithmetic", quoted=quoted, scripts=self.scripts_in(text[at + 2 : end])))
        elif following == "'" and not quoted:
            self._ansi(parts, at + 2)
        elif following == '"' and not quoted:
            self._double(parts, at + 2)
        elif name := _NAME.match(text, at + 1):
            self.at = name.end()
            parts.append(Unseen("variable", name[0], quoted))
        else:
            self.at = at + 1
            parts.append(Text("$", quoted=quoted))

    def nested(self, closing: str) -> Script:
        """Read the commands of a substitution, one level deeper."""
        self.depth += 1
        self.count()
        before = len(self.faults)
        try:
            if self.depth > MAX_DEPTH:
                self.give_up("it is nested too deep")
                return Script(faults=("it is nested too deep",))
            script = self.commands(closing)
            return Script(script.body, tuple(self.faults[before:]))
        finally:
            self.depth -= 1

    def _parameter(self, *, quoted: bool) -> Unseen:
        """Read `${...}` after its brace."""
        start = self.at
        scripts: list[Script] = []
        inner: list[Part] = []
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.give_up("it is nested too deep")
        text = self.text
        while self.at < len(text) and text[self.at] != "}":
            run = _IN_BRACES.match(text, self.at)
            char = text[self.at]
            if run is not None:
                self.at = run.end()
            elif char in "<>" and text.startswith("(", self.at + 1) and not quoted:
                self._process(inner)
            elif char in "<>" or (char == "'" and quoted):
                self.at += 1
            else:
                self._piece(char, inner, patterns=False)
        self.depth -= 1
        scripts += [script for part in inner if isinstance(part, Unseen) for script in part.scripts]
        name = text[start : self.at]
        self._close(self.at, "}")
        kind: Literal["variable", "parameter"] = "variable" if _VARIABLE.match(name) else "parameter"
        return Unseen(kind, name, quoted, tuple(scripts))

    def _ticks(self, parts: list[Part], *, quoted: bool) -> None:
        start = self.at + 1
        end = _TICKED.match(self.text, start).end()  # type: ignore[union-attr]
        self._close(end, "`")
        inner = re.sub(r'\\([$`\\"])' if quoted else r"\\([$`\\])", r"\1", self.text[start:end])
        parts.append(Unseen("command", quoted=quoted, scripts=(self._apart(inner),)))

    def _apart(self, text: str) -> Script:
        """Read a text of its own, one level deeper."""
        if self.depth >= MAX_DEPTH:
            self.fault("it is nested too deep")
            return Script(faults=("it is nested too deep",))
        return self.other(text).nested("")

    def _process(self, parts: list[Part]) -> None:
        self.at += 2
        parts.append(Unseen("process", scripts=(self.nested(")"),)))

    def _pattern(self, parts: list[Part]) -> None:
        """Read an extended pattern, `@(a|b)`: a text that may match files."""
        start = self.at
        self.at += 2
        inner: list[Part] = []
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.give_up("it is nested too deep")
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] in _ENDS_WORD:
                self.at += 1
            else:
                self._piece(self.text[self.at], inner, patterns=True)
        self.depth -= 1
        self._close(self.at, ")")
        seen = [part for part in inner if isinstance(part, Unseen)]
        parts.extend((Text(self.text[start] + "*"), *seen) if seen else (Text(self.text[start : self.at]),))


def _add(parts: list[Part], text: str) -> None:
    if parts and isinstance(parts[-1], Text) and not parts[-1].quoted:
        text = parts.pop().text + text  # type: ignore[union-attr]
    parts.append(Text(text))
