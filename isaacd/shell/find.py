"""Every command that a line could run, however it is wrapped, substituted or hidden."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from isaacd.shell.expand import expand
from isaacd.shell.invocation import Invocation
from isaacd.shell.parse import Parser
from isaacd.shell.runs import BLANKS, Around, Runs
from isaacd.shell.syntax import (
    Assignment,
    Compound,
    Function,
    Node,
    Pipeline,
    Script,
    Simple,
    Unseen,
    Word,
    words_of,
)
from isaacd.shell.variables import (
    DECLARES,
    arguments,
    assign,
    assigned,
    declare,
    expanded_later,
    forget,
    influences,
    pairs_of,
)
from isaacd.shell.written import WRITERS

MAX_INVOCATIONS = 500
MAX_NESTED = 12
MAX_SCRIPTS = 2000
MAX_VISITS = 5000
MAX_LOOPED = 16


# A line that ends a here-document, and that nobody writes.
_END = "end-of-what-is-expanded-later"
_WRITER = Invocation((), unseen="what is written into it cannot be seen")


class Commands(msgspec.Struct, frozen=True):
    """What was found in a line: its commands in the order they stand, and what of it could not be understood."""

    invocations: tuple[Invocation, ...]
    faults: tuple[str, ...] = ()


def commands(script: Script, parser: Parser, values: Mapping[str, str] | None = None) -> Commands:
    """Find every command that a line could run; `values` are variables whose value is known to the caller.

    Branches that may not be taken, loops and functions count: what could run is found.
    """
    finder = _Finder(parser, values or {})
    finder.script(script, {"IFS": BLANKS, **(values or {})}, Around())
    return Commands(tuple(finder.found), tuple(dict.fromkeys(finder.faults)))


class _Finder(Runs):
    """Walks a line in the order in which it runs, with the variables whose value is in sight."""

    def script(self, script: Script, values: dict[str, str], around: Around) -> None:
        """Walk a line, or a substitution in one."""
        self.faults += script.faults
        self._scripts += 1
        if self._scripts > MAX_SCRIPTS:
            if self._scripts == MAX_SCRIPTS + 1:
                self.faults.append("it holds too many substitutions")
            return
        if around.nested > MAX_NESTED:
            self.faults.append("it is nested too deep")
            return
        for node in script.body:
            self._node(node, values, around)

    def text(self, text: str, values: dict[str, str], around: Around) -> None:
        """Walk a text that a shell is given, such as that of `bash -c`."""
        self.script(
            self._parser.parse(text), values, msgspec.structs.replace(around, nested=around.nested + 1)
        )

    def _node(self, node: Node, values: dict[str, str], around: Around) -> None:
        self._visits += 1
        if self._visits > MAX_VISITS:
            if self._visits == MAX_VISITS + 1:
                self.faults.append("it is too tangled")
            return
        if self._is_full():
            return
        self._substitutions(words_of(node), values, around)
        if isinstance(node, Compound) and node.kind == "test":
            self._later([word.value for word in node.words], around)
        if isinstance(node, Simple):
            self._simple(node, values, around)
        elif isinstance(node, Pipeline):
            self._pipeline(node, values, around)
        elif isinstance(node, Function):
            self._functions[node.name] = node
            self._tells_outputs = self._tells_outputs and node.name not in WRITERS
            self._body(node, dict(values), around)
        else:
            self._compound(node, values, around)

    def _body(
        self, node: Function, values: dict[str, str], around: Around, given: Sequence[Word] = ()
    ) -> None:
        inner = msgspec.structs.replace(
            around, in_function=node.name, receives=None, nested=around.nested + 1
        )
        values.update(arguments(given, values))
        if not given:
            forget(values, ("#", "@", "*"))
        if inner.nested > MAX_NESTED:
            self.faults.append("it is nested too deep")
        else:
            self._node(node.body, values, inner)

    def _substitutions(self, words: Iterable[Word], values: dict[str, str], around: Around) -> None:
        inner = msgspec.structs.replace(around, receives=None, redirects=(), nested=around.nested + 1)
        for word in words:
            scripts = word.scripts
            # What is in `>(...)` reads what others write there.
            reads = (
                msgspec.structs.replace(inner, receives=_WRITER) if scripts and ">(" in word.raw else inner
            )
            for script in scripts:
                self.script(script, dict(values), reads)

    def _pipeline(self, node: Pipeline, values: dict[str, str], around: Around) -> None:
        before = around.receives
        for command in node.commands:
            start = len(self.found)
            # Each command of a pipeline has a shell of its own.
            self._node(command, dict(values), msgspec.structs.replace(around, receives=before))
            found = self.found[start:]
            if len(found) == 1 and isinstance(command, Simple):
                before = found[0]
            elif found:
                before = _together(found)

    def _compound(self, node: Compound, values: dict[str, str], around: Around) -> None:
        inner = msgspec.structs.replace(around, redirects=(*around.redirects, *node.redirects))
        if node.redirects and not node.body:
            self._add(Invocation((), redirects=inner.redirects), inner)
        if node.kind == "list" and node.name:
            self._chain(node, values, inner)
            return
        if node.kind in ("list", "group"):
            for child in node.body:
                self._node(child, values, inner)
            return
        if node.kind == "subshell":
            values = dict(values)
            for child in node.body:
                self._node(child, values, inner)
            return
        # What runs once, never or many times leaves variables behind that nobody can tell.
        names = set(assigned(node))
        seen = {
            name: value for name, value in values.items() if name not in names or node.kind in ("if", "case")
        }
        for turn in self._turns(node, values):
            for child in node.body:
                self._node(child, {**seen, **turn} if node.kind in ("for", "while") else dict(seen), inner)
        forget(values, names)

    def _chain(self, node: Compound, values: dict[str, str], around: Around) -> None:
        """Walk `a && b || c`: a variable that only some of them set has a value that nobody can tell."""
        uncertain: set[str] = set()
        for place, child in enumerate(node.body):
            self._node(child, values, around)
            if place or node.name == "||":
                names = set(assigned(child))
                uncertain |= names
                if node.name == "||":
                    forget(values, names)
        forget(values, uncertain)

    def _turns(self, node: Compound, values: Mapping[str, str]) -> list[dict[str, str]]:
        """Return the value of a loop's variable for each turn, as far as they are seen."""
        if node.kind != "for" or not node.name:
            return [{}]
        words = expand(node.words, values, outputs=self._tells_outputs)
        if not words or len(words) > MAX_LOOPED or any(word.is_pattern for word in words):
            return [{}]
        return [{} if word.value is None else {node.name: word.value} for word in words]

    def _simple(self, node: Simple, values: dict[str, str], around: Around) -> None:
        seen = values if self._splits_at_blanks else {}
        outputs = self._tells_outputs and self._splits_at_blanks
        words = tuple(expand(node.words, seen, outputs=outputs))
        inner = around
        if node.redirects:
            inner = msgspec.structs.replace(around, redirects=(*around.redirects, *node.redirects))
        hidden = self._influences(words, node.assignments, values, inner) or _prompt_in(node.words)
        self._later(expanded_later(words, node.assignments), inner)
        if not words:
            for assignment in node.assignments:
                # Words are then split elsewhere, and nothing that is split can be told any more.
                self._splits_at_blanks = self._splits_at_blanks and assignment.name != "IFS"
                assign(assignment, values)
            if inner.redirects or (not node.words and node.assignments):
                self._add(
                    Invocation((), redirects=inner.redirects, assignments=node.assignments, unseen=hidden),
                    inner,
                )
            elif node.words:
                self._add(Invocation((), unseen=f"what {node.words[0].raw} stands for is not seen"), inner)
            return
        declare(words, values)
        if words[0].value == "export" or any(word.value in ("-x", "-gx", "-xg") for word in words[1:2]):
            self._exported |= {word.beginning.partition("=")[0] for word in words[1:]}
        self.run(words, values, inner, node.assignments, hidden=hidden)

    def _later(self, texts: Iterable[str | None], around: Around) -> None:
        """Walk substitutions in quoted texts that the shell expands all the same: indices, expressions, prompts."""
        for text in texts:
            if text is not None and ("$(" in text or "`" in text):
                script = self._parser.parse(f": <<{_END}\n{text}\n{_END}\n")
                # Nothing says that it is ever expanded, so that what is odd in it is no fault of the line.
                inner = msgspec.structs.replace(around, nested=around.nested + 1)
                self.script(msgspec.structs.replace(script, faults=()), {}, inner)

    def _influences(
        self,
        words: Sequence[Word],
        assignments: Sequence[Assignment],
        values: dict[str, str],
        around: Around,
    ) -> str | None:
        """Follow variables that make programs run something; return why what they run is not seen."""
        if not assignments and not (words and words[0].value in DECLARES):
            return None
        hidden = None
        for influence in influences(pairs_of(words, assignments), values):
            if influence.quoted:
                hidden = influence.text
            else:
                self.text(influence.text, self._inherited(values, ()), around)
        return hidden


def _prompt_in(words: Sequence[Word]) -> str | None:
    """Say that `${name@P}` runs the substitutions in a value, which is not seen."""
    for word in words:
        for part in word.parts:
            if isinstance(part, Unseen) and part.kind == "parameter" and part.name.endswith("@P"):
                return f"${{{part.name}}} runs what the value holds, which cannot be seen"
    return None


def _together(found: Sequence[Invocation]) -> Invocation:
    """Link commands that all write to one pipe: each of them is in reach, and what they write is not seen."""
    linked = found[0].receives
    for invocation in found[-MAX_LOOPED:]:
        linked = msgspec.structs.replace(
            invocation, receives=linked, unseen=invocation.unseen or "it is one of several"
        )
    assert linked is not None
    return linked
