"""The words of one command, each explained by the page of its program."""

from collections.abc import Callable, Iterator, Sequence

from isaacd.manual import own, values
from isaacd.manual.page import Item, Page
from isaacd.manual.part import Part
from isaacd.shell.syntax import Word

Find = Callable[[str], Page | None]
_NUMBERED = {
    "head": "so many lines",
    "tail": "so many lines",
    "git-log": "so many commits",
    "kill": "the signal",
}
_WHOLE = frozenset(("find", "java", "ffmpeg", "openssl", "convert", "gcc", "go", "terraform", "xrandr"))


class Reading:
    """Reads the words of one command from left to right."""

    def __init__(self, program: str, find: Find, depth: int) -> None:
        self.program = program
        self._find = find
        self._depth = depth
        self._page = find(own.PAGES.get(program, program))
        self._below: Page | None = None  # the page of a subcommand
        self._extra = own.EXTRA.get(program, {})
        self._operands = 0
        self._awaits: list[tuple[str, Item]] = []  # values of old-style letters, in their order
        self._only_operands = False

    def command(self, word: Word) -> Part:
        """Say what the program is."""
        about = own.BUILTINS.get(self.program, "")
        if about:
            return Part(word.raw, "command", about, "shell", self._depth)
        if self._page is not None:
            return Part(word.raw, "command", self._page.summary, self._page.name, self._depth)
        if self.program in own.PROGRAMS:
            return Part(word.raw, "command", own.PROGRAMS[self.program], "Isaac", self._depth)
        if "/" in word.raw and word.value is not None:
            return Part(word.raw, "command", "the program at this path", "shell", self._depth)
        told = "; ".join(values.variable(part) for part in word.parts if not hasattr(part, "text"))
        return Part(
            word.raw, "command", f"what runs is {told}" if told else "", "shell" if told else "", self._depth
        )

    def words(self, words: Sequence[Word]) -> Iterator[Part]:
        """Explain what follows the program; `words` end where a command of another begins."""
        count = len([word for word in words if not word.raw.startswith("-")])
        rest = iter(words)
        for word in rest:
            yield from self._word(word, rest, last=word is words[-1] and count > 1)

    def _word(self, word: Word, rest: Iterator[Word], *, last: bool) -> Iterator[Part]:
        text = word.value if word.value is not None else word.raw
        if text in self._extra and not self._only_operands:
            yield self._part(word.raw, "option", self._extra[text], "shell")
            if text in own.WITH_VALUE.get(self.program, "").split():
                yield from self._values(text, None, rest)
        elif text == "--" and not self._only_operands:
            self._only_operands = True
            yield self._part(word.raw, "option", "options end here", "shell")
        elif text[:1] in ("-", "+") and len(text) > 1 and not self._only_operands and word.raw[:1] in "-+\"'":
            yield from self._option(word.raw, text, rest)
        elif self._awaits:
            option, item = self._awaits.pop(0)
            yield self._value(option, item, word)
        else:
            yield from self._operand(word, last=last)

    # Operands

    def _operand(self, word: Word, *, last: bool) -> Iterator[Part]:
        text = word.value if word.value is not None else word.raw
        number = self._operands
        self._operands += 1
        if number == 0 and self.program in own.OLD_STYLE and text.isalpha() and self._page is not None:
            parts = list(self._letters(text))
            if parts:
                yield from parts
                return
        if self._below is not None and number < 3 and self.program in own.WITH_COMMANDS:
            item = self._below.words.get(text)
            if item is not None and item.about:
                yield self._part(word.raw, "subcommand", item.about, self._below.name)
                return
        if self._below is None and number < 2 and text.replace("-", "").isalnum():
            found = self._subcommand(text)
            if found is not None:
                yield found
                return
        head, equals, given = text.partition("=")
        item = self._page.words.get(f"{head}=") if equals and self._page is not None else None
        if item is not None:
            about = f"{item.about} ({item.value}: {given})" if item.value else item.about
            yield self._part(word.raw, "operand", about, self._source())
            return
        roles = () if self._below is not None else own.OPERANDS.get(self.program, ())
        role = roles[min(number, len(roles) - 1)] if roles else ""
        if last and self.program in own.LAST_OPERAND:
            role = own.LAST_OPERAND[self.program]
        if not role and self._below is None and self._page is not None and text in self._page.words:
            role = self._page.words[text].about
        yield self._part(word.raw, "operand", values.operand(self.program, word, role), "shell")

    def _subcommand(self, text: str) -> Part | None:
        if self.program not in own.WITH_COMMANDS and (self._page is None or text not in self._page.commands):
            return None
        below = self._find(f"{self.program}-{own.SHORT_NAMES.get(self.program, {}).get(text, text)}")
        if below is not None:
            self._below = below
            return self._part(text, "subcommand", below.summary, below.name)
        item = self._page.words.get(text) if self._page is not None else None
        if item is not None and item.about:
            self._operands = 5  # what follows is no further subcommand
            return self._part(text, "subcommand", item.about, self._source())
        return None

    def _letters(self, text: str) -> Iterator[Part]:
        """Explain letters without a hyphen, such as `xzf`; none if one of them is unknown."""
        assert self._page is not None
        plain = self.program == "ps"
        known = [
            (self._page.words.get(letter) if plain else None) or self._page.options.get(f"-{letter}")
            for letter in text
        ]
        if any(item is None for item in known):
            return
        for letter, item in zip(text, known, strict=True):
            assert item is not None
            yield self._part(letter, "option", _named(item), self._source())
            if item.value and not item.is_optional and not plain:
                self._awaits.append((f"-{letter}", item))

    # Options

    def _option(self, raw: str, text: str, rest: Iterator[Word]) -> Iterator[Part]:
        name, equals, given = text.partition("=")
        item = self._item(name)
        if item is not None:
            yield self._part(raw, "option", self._told(name, item, given), self._source(name))
            if not equals:
                yield from self._values(name, item, rest)
            return
        if text.startswith("--"):
            near = self._abbreviated(name)
            if near is not None:
                yield self._part(
                    raw, "option", f"short for {near.names[-1]}: {near.about}", self._source(near.names[0])
                )
                if not equals:
                    yield from self._values(name, near, rest)
            else:
                yield self._part(raw, "option")
            return
        if self.program == "date" and text[0] == "+":
            yield self._part(raw, "operand", "the form in which the time is written", "shell")
            return
        if self.program == "find" and name.startswith("-newer") and len(name) == 8:
            yield self._part(
                raw, "option", "is newer than the file or time that follows (see -newerXY)", "find"
            )
            yield from self._values(name, None, rest)
            return
        if text[0] == "+" and text[1:].isdigit() and self.program in own.AT_LINE:
            yield self._part(raw, "option", "at this line", "shell")
            return
        if text[1:].isdigit() and self._item(text[:2]) is None:
            page = self._below.name if self._below is not None else self.program
            what = _NUMBERED.get(page, "")
            about = own.SIGNALS.get(text[1:], what) if page == "kill" else what
            yield self._part(raw, "option", f"{text[1:]}: {about}" if about else "", "shell")
            return
        if self.program == "kill":
            about = own.SIGNALS.get(text[1:].removeprefix("SIG"), "")
            yield self._part(raw, "option", f"the signal {text[1:]}: {about}" if about else "", "shell")
            return
        yield from self._cluster(raw, text, rest)

    def _cluster(self, raw: str, text: str, rest: Iterator[Word]) -> Iterator[Part]:
        """Split `-xzf` and `-n5`; if a letter of it is unknown, the whole word is."""
        parts: list[Part] = []
        sign, letters = text[0], text[1:]
        for place, letter in enumerate(letters):
            item = self._item(sign + letter)
            extra = self._extra.get(sign + letter)
            if item is None and extra is None:
                yield self._part(raw, "option")
                return
            if item is None:
                parts.append(self._part(sign + letter, "option", extra or "", "shell"))
                continue
            after = letters[place + 1 :]
            takes = item.value and (not item.is_optional or self._item(sign + after[:1]) is None)
            if after and takes:
                parts.append(self._part(sign + letter, "option", _named(item), self._source(sign + letter)))
                parts.append(
                    self._part(
                        after,
                        "value",
                        values.value(self.program, sign + letter, after, item.value) or f"its {item.value}",
                        "shell",
                    )
                )
                break
            parts.append(self._part(sign + letter, "option", _named(item), self._source(sign + letter)))
            if not after:
                yield from parts
                yield from self._values(sign + letter, item, rest)
                return
        yield from parts

    def _values(self, name: str, item: Item | None, rest: Iterator[Word]) -> Iterator[Part]:
        """Take the word that is the value of an option, if it has to have one."""
        if item is not None and (not item.value or item.is_optional):
            return
        if item is not None and "command" in item.value and self.program == "find":
            return  # the command is explained by itself
        word = next(rest, None)
        if word is not None:
            yield self._value(name, item, word)

    def _value(self, name: str, item: Item | None, word: Word) -> Part:
        called = item.value if item is not None else ""
        text = word.value if word.value is not None else word.raw
        told = values.value(self.program, name, text, called) or (
            f"the {called}" if called and called != "VALUE" else "its value"
        )
        own_form = values.form(word)
        return self._part(word.raw, "value", f"{told}; {own_form}" if own_form else told, "shell")

    def _item(self, name: str) -> Item | None:
        for page in (self._below, self._page):
            if page is not None and name in page.options:
                return page.options[name]
        return None

    def _abbreviated(self, name: str) -> Item | None:
        page = self._below or self._page
        found = (
            {
                page.options[known].names: page.options[known]
                for known in page.options
                if known.startswith(name)
            }
            if page
            else {}
        )
        return next(iter(found.values())) if len(found) == 1 and len(name) > 3 else None

    def _told(self, name: str, item: Item, given: str) -> str:
        about = _named(item, name)
        said = values.value(self.program, name, given, item.value) if given else ""
        return f"{about} ({said})" if said else about

    def _source(self, name: str = "") -> str:
        if self._below is not None and (not name or name in self._below.options):
            return self._below.name
        return self._page.name if self._page is not None else ""

    def _part(self, text: str, kind: str, about: str = "", source: str = "") -> Part:
        return Part(text, kind, about, source if about else "", self._depth)  # type: ignore[arg-type]


def _named(item: Item, given: str = "") -> str:
    """Say what an option means, with its long name where a short one was typed."""
    long = next((name for name in item.names if name.startswith("--")), "")
    if long and not given.startswith("--"):
        return f"{long}: {item.about}" if item.about else long
    return item.about
