"""One command followed to the others that it runs: behind wrappers, in texts, in functions and aliases of the line."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from isaacd.shell.arrays import drop
from isaacd.shell.expand import BLANKS
from isaacd.shell.files import Files
from isaacd.shell.handed import GRAVE
from isaacd.shell.indirect import NOTHING, Found, indirect
from isaacd.shell.indirect.builtins import BUILTINS
from isaacd.shell.indirect.found import written_through
from isaacd.shell.invocation import Invocation
from isaacd.shell.parameters import default
from isaacd.shell.parse import Parser
from isaacd.shell.syntax import Assignment, Function, Redirect, Text, Unseen, Word
from isaacd.shell.tied import Tied
from isaacd.shell.variables import arguments, assign, assigned, declare, declared
from isaacd.shell.written import WRITERS

MAX_INVOCATIONS = 500
MAX_NESTED = 12
MAX_PATTERN = 64
# What runs a builtin or a function in this very shell.
_HERE = frozenset(
    "eval . source command builtin time ! then do else elif if while until { noglob nocorrect - and or not begin".split()
)
_CALLS = _HERE - {"command", "builtin"}  # those two pass functions by


class Around(msgspec.Struct, frozen=True):
    """What stands around a command: the wrappers, what is piped in, and whether it is `certain` to run in this shell.

    With `supposed`, nothing says that it is run at all.
    """

    via: tuple[str, ...] = ()
    privileged: bool = False
    remote: str | None = None
    receives: Invocation | None = None
    redirects: tuple[Redirect, ...] = ()
    in_function: str | None = None
    starts: tuple[Word, ...] = ()
    nested: int = 0
    certain: bool = True
    supposed: bool = False
    folder: Word | None = None


class Runs(ABC):
    """What a line runs, as it is found; a subclass walks the line."""

    def __init__(self, parser: Parser, given: Mapping[str, str]) -> None:
        self._parser = parser
        self.found: list[Invocation] = []
        self.faults: list[str] = []
        # What `echo` writes can be told as long as it is the one that everybody knows.
        self._tells_outputs = True
        self._environment = dict(given)
        self._exported: set[str] = set()
        self._full = False
        self._scripts = 0
        self._visits = 0
        self._functions: dict[str, Function] = {}
        self._called_so: set[str] = set()  # functions that certainly stand in place of programs by now
        self._set_in_functions: set[str] = set()
        # Variables that something else may set at any time, and whether that could be any of them.
        self._doubted: set[str] = set()
        self._doubts_all = False
        self._aliases: dict[str, str] = {}
        self._files = Files()
        self._tied = Tied()

    @abstractmethod
    def text(self, text: str, values: dict[str, str], around: Around) -> None:
        """Walk a text that a shell is given."""

    @abstractmethod
    def _body(
        self, node: Function, values: dict[str, str], around: Around, given: Sequence[Word] = ()
    ) -> None:
        """Walk the body of a function that is called with `given`."""

    def _inherited(self, values: Mapping[str, str], assignments: Sequence[Assignment]) -> dict[str, str]:
        """Return the variables that a program gets from this shell, as far as they are seen."""
        found = {
            name: value
            for name, value in values.items()
            if name in self._exported or self._environment.get(name) == value
        } | {"IFS": BLANKS}
        for assignment in assignments:
            assign(assignment, found)
        return found

    def run(
        self,
        words: Sequence[Word],
        values: dict[str, str],
        around: Around,
        assignments: tuple[Assignment, ...] = (),
        *,
        more: bool = False,
        hidden: str | None = None,
    ) -> None:
        """Take one command with all its words, and follow it to the commands that it runs itself."""
        first = words[0]
        name = first.value
        invocation = Invocation(
            tuple(words),
            redirects=around.redirects,
            assignments=assignments,
            receives=around.receives,
            more_arguments=more,
            unseen=_unseen(first) or hidden,
            place=" ".join([word.raw for word in words]),
            is_function=bool(self._called_so) and name in self._called_so and _CALLS.issuperset(around.via),
        )
        found = indirect(invocation) if name is not None else Found()
        if found.texts and found.unseen is None and not self._tells_outputs:
            found = msgspec.structs.replace(
                found, unseen="what writes the text that is run is no usual program"
            )
        if found.unseen is not None:
            invocation = msgspec.structs.replace(invocation, unseen=found.unseen, decodes=found.decodes)
        self._add(invocation, around)
        if invocation.unseen is not None and around.receives is not None and not around.supposed:
            self._suppose_input(around)
        if self._files and name is not None and (text := self._files.run_by(invocation)) is not None:
            self._within(invocation, text, values, around)
        if invocation.redirects or name == "tee":
            later = self._files.note(invocation)
            if later is not None:
                self._within(invocation, later, values, around)
        if (
            name is None
            or first.is_pattern
            or name[0:1] == "="
            or found is not NOTHING
            or name in self._functions
            or name in self._aliases
            or name == "unset"
        ):
            self._follow(invocation, found, values, around)

    def _suppose_input(self, around: Around) -> None:
        """Walk what is piped into something that is not seen: it may run it, line by line."""
        text = written_through(around.receives) if around.receives is not None else None
        if text is not None and any(name in text for name in GRAVE):
            inner = msgspec.structs.replace(around, supposed=True, certain=False, redirects=(), receives=None)
            self.text(text, {"IFS": BLANKS}, msgspec.structs.replace(inner, nested=around.nested + 1))

    def _within(self, invocation: Invocation, text: str, values: dict[str, str], around: Around) -> None:
        """Walk the text of a file that a command runs."""
        inner = msgspec.structs.replace(
            around, via=(*around.via, invocation.name or "?"), nested=around.nested + 1, redirects=()
        )
        if inner.nested > MAX_NESTED:
            self.faults.append("it is nested too deep")
            return
        self.text(text, self._inherited(values, invocation.assignments), inner)

    def _follow(self, invocation: Invocation, found: Found, values: dict[str, str], around: Around) -> None:
        inner = msgspec.structs.replace(
            around,
            via=(*around.via, invocation.name or "?"),
            privileged=around.privileged or found.privileged,
            remote=found.remote or around.remote,
            starts=(*around.starts, *found.starts),
            folder=found.folder or around.folder,
            nested=around.nested + 1,
            redirects=_inputs(around.redirects) if found.texts else around.redirects,
        )
        if inner.nested > MAX_NESTED:
            self.faults.append("it is nested too deep")
            return
        for text in found.texts:
            if found.same_shell:
                self.text(text, values, inner)
            else:
                visible = self._inherited(values, invocation.assignments)
                self.text(text, {**visible, **_given(found.given)}, inner)
                if invocation.name in BUILTINS:  # a trap, or a key, may run it whenever it likes
                    self._doubt(text)
        supposed = msgspec.structs.replace(inner, supposed=True, certain=False, redirects=())
        for text in found.supposed:
            self.text(text, self._inherited(values, invocation.assignments), supposed)
        for command in filter(None, found.commands):
            if invocation.name in _HERE:
                declare(command, values)
                self.run(command, values, inner, invocation.assignments, more=found.more_arguments)
            else:
                self.run(command, dict(values), inner, invocation.assignments, more=found.more_arguments)
        for candidate in _candidates(invocation.words):
            self.run(candidate, dict(values), inner)
        self._named_here(invocation, values, inner)
        if found.forgets:
            values.clear()

    def _named_here(self, invocation: Invocation, values: dict[str, str], around: Around) -> None:
        """Follow functions and aliases that the line itself has made."""
        name = invocation.words[0].value or ""
        function = self._functions.get(name)
        if function is not None and around.in_function != name:
            self._call(function, invocation, values, around)
        if name == "unset":
            self._called_so.difference_update(word.value or "" for word in invocation.words[1:])
        text = self._aliases.get(invocation.words[0].raw)
        if text is not None and name not in around.via[:-1]:
            self.text(" ".join([text, *(word.raw for word in invocation.words[1:])]), values, around)
        if name == "alias":
            for word in invocation.words[1:]:
                alias, equals, text = (word.value or "").partition("=")
                if equals:
                    self._aliases[alias] = text
                    self._tells_outputs = self._tells_outputs and alias not in WRITERS

    def _call(
        self, function: Function, invocation: Invocation, values: dict[str, str], around: Around
    ) -> None:
        """Walk a function with the variables that it is called with, and take those that it leaves behind."""
        inner = dict(values)
        for assignment in invocation.assignments:
            assign(assignment, inner)
        self._body(function, inner, around, invocation.words[1:])
        own = set(assigned(function.body)) - set(declared(function.body))
        changed = {name for name in values if inner.get(name) != values[name]} | self._set_in_functions
        for name in changed:
            if name.partition("[")[0].isidentifier():  # it has arguments of its own
                drop(values, name)
                if name in own and name in inner:
                    values[name] = inner[name]
        if "IFS" not in inner:
            values.clear()  # something set variables that are not seen

    def _doubt(self, text: str) -> None:
        self._doubted |= self._set_in_functions
        self._doubted.update(name for node in self._parser.parse(text).body for name in assigned(node))

    def _add(self, invocation: Invocation, around: Around) -> None:
        if around.via or around.privileged or around.remote or around.in_function or around.supposed:
            invocation = msgspec.structs.replace(
                invocation,
                supposed=around.supposed,
                folder=around.folder,
                via=around.via,
                privileged=around.privileged,
                remote=around.remote,
                in_function=around.in_function,
                starts=around.starts,
            )
        if not self._is_full():
            self.found.append(invocation)

    def _is_full(self) -> bool:
        if len(self.found) < MAX_INVOCATIONS:
            return False
        if not self._full:
            self._full = True
            self.faults.append(f"it holds more than {MAX_INVOCATIONS} commands")
        return True


def _inputs(redirects: tuple[Redirect, ...]) -> tuple[Redirect, ...]:
    """Return what a text reads that is run in place of a command; what it writes was judged with the command."""
    return tuple(item for item in redirects if item.operator in ("<<", "<<<"))


def _unseen(word: Word) -> str | None:
    """Say why the command that a word names cannot be seen."""
    if word.value is None:
        return f"which command {word.raw} is cannot be seen"
    if word.is_pattern and word.value not in ("[", "[["):
        return f"which command the pattern {word.raw} finds cannot be seen"
    return None


# What a pattern in place of a command is asked for first.
_GRAVEST = ("rm", "dd", "mv", "chmod", "chown", "shred", "mkfs.ext4", "find", "sh", "bash")


def _given(words: Sequence[Word]) -> dict[str, str]:
    """Return the arguments that a shell gets behind `-c TEXT`; the first is `$0`."""
    if not words:
        return {}
    given = arguments(words[1:], {})
    name = words[0].value
    return given if name is None else {"0": name, **given}


def _candidates(words: Sequence[Word]) -> Iterable[Sequence[Word]]:
    """Give the commands that could run if the command word is empty, or is what it is by default."""
    first = words[0]
    if first.value is not None:
        pattern = first.value.rpartition("/")[2]
        if first.value[:1] == "=" and first.value[1:2].isalpha():  # zsh puts the program's path in its place
            yield (Word(first.value[1:], (Text(first.value[1:]),)), *words[1:])
        # Longer ones are not looked at: `fnmatch` takes long for them.
        if first.is_pattern and len(pattern) <= MAX_PATTERN:
            yield from (
                (Word(name, (Text(name),)), *words[1:]) for name in _GRAVEST if fnmatchcase(name, pattern)
            )
        return
    parts = [part for part in first.parts if isinstance(part, Unseen) or part.text]
    part = parts[0] if len(parts) == 1 else None
    if isinstance(part, Unseen) and part.kind == "parameter":
        text = default(part.name)
        if text:
            yield (*(Word(piece, (Text(piece),)) for piece in text.split()), *words[1:])
    unquoted = all(isinstance(part, Unseen) and not part.quoted for part in first.parts)
    if unquoted and len(words) > 1 and words[1].value is not None and not words[1].beginning.startswith("-"):
        yield words[1:]
