"""Every command that a line could run, however it is wrapped, substituted or hidden."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from isaacd.shell.expand import BLANKS, expand
from isaacd.shell.given import give, is_given, received, turns
from isaacd.shell.handed import handed
from isaacd.shell.influence import influences
from isaacd.shell.invocation import Invocation, together
from isaacd.shell.parse import Parser
from isaacd.shell.runs import Around, Runs
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
    counted,
    declare,
    expanded_later,
    forget,
    pairs_of,
    prompt_in,
    references,
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
        if isinstance(node, Compound) and node.words:
            if node.kind == "test":
                self._later([word.value for word in node.words], around)
                if any("++" in word.raw or "--" in word.raw or "+=" in word.raw for word in node.words):
                    forget(values, assigned(node))
            counted(node.words, values)
        if isinstance(node, Simple):
            self._simple(node, values, around)
        elif isinstance(node, Pipeline):
            self._pipeline(node, values, around)
        elif isinstance(node, Function):
            self._functions[node.name] = node
            self._set_in_functions.update(assigned(node.body))
            if around.certain:
                self._called_so.add(node.name)
            self._tells_outputs = self._tells_outputs and node.name not in WRITERS
            self._body(node, dict(values), around)
        else:
            self._compound(node, values, around)

    def _body(
        self, node: Function, values: dict[str, str], around: Around, given: Sequence[Word] = ()
    ) -> None:
        inner = msgspec.structs.replace(
            around, in_function=node.name, receives=None, nested=around.nested + 1, certain=False
        )
        values.update(arguments(given, values))
        if not given:
            forget(values, ("#", "@", "*"))
        if inner.nested > MAX_NESTED:
            self.faults.append("it is nested too deep")
        else:
            self._node(node.body, values, inner)

    def _substitutions(self, words: Iterable[Word], values: dict[str, str], around: Around) -> None:
        for word in words:
            for script in word.scripts:
                # What is in `>(...)` reads what others write there.
                receives = _WRITER if ">(" in word.raw else None
                inner = msgspec.structs.replace(
                    around, receives=receives, redirects=(), nested=around.nested + 1, certain=False
                )
                self.script(script, dict(values), inner)

    def _pipeline(self, node: Pipeline, values: dict[str, str], around: Around) -> None:
        before = around.receives
        for command in node.commands:
            start = len(self.found)
            # Each command of a pipeline has a shell of its own.
            self._node(command, dict(values), msgspec.structs.replace(around, receives=before, certain=False))
            found = self.found[start:]
            if len(found) == 1 and isinstance(command, Simple):
                before = found[0]
            elif found:
                before = together(found[-MAX_LOOPED:])
        # Some shells run the last one themselves.
        forget(values, set(assigned(node.commands[-1])))

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
        inner = msgspec.structs.replace(inner, certain=False)
        if node.kind == "subshell":
            values = dict(values)
            for child in node.body:
                self._node(child, values, inner)
            return
        # What runs once, never or many times leaves variables behind that nobody can tell.
        names = set(assigned(node)) | self._set_in_functions
        seen = {
            name: value for name, value in values.items() if name not in names or node.kind in ("if", "case")
        }
        for turn in self._turns(node, values, around):
            for child in node.body:
                own = {**seen, **turn} if node.kind in ("for", "while") else dict(seen)
                self._node(child, own, inner)
                names |= {name for name in values if name not in turn and own.get(name) != values[name]}
        forget(values, names)

    def _chain(self, node: Compound, values: dict[str, str], around: Around) -> None:
        """Walk `a && b || c`: a variable that only some of them set has a value that nobody can tell."""
        uncertain: set[str] = set()
        for place, child in enumerate(node.body):
            before = dict(values)
            self._node(child, values, around if not place else msgspec.structs.replace(around, certain=False))
            if place or node.name == "||":
                names = set(assigned(child))
                names |= {name for name in before if values.get(name) != before[name]}
                uncertain |= names
                if node.name == "||":
                    forget(values, names)
        forget(values, uncertain)

    def _turns(self, node: Compound, values: Mapping[str, str], around: Around) -> list[dict[str, str]]:
        """Return the value of a loop's variable for each turn, as far as they are seen."""
        if node.kind == "while":
            return turns(node, around.receives) or [{}]
        if node.kind != "for" or not node.name or "IFS" not in values:
            return [{}]
        words = expand(node.words, values, outputs=self._tells_outputs)
        if not words or len(words) > MAX_LOOPED or any(word.is_pattern for word in words):
            return [{}]
        return [{} if word.value is None else {node.name: word.value} for word in words]

    def _simple(self, node: Simple, values: dict[str, str], around: Around) -> None:
        if self._tied:
            self._suppose(node, values, around)
        if self._doubts_all:
            values.clear()
        elif self._doubted:
            forget(values, self._doubted)
        # Where words are split elsewhere, and where that is cannot be seen, nothing can be told of values.
        seen = values if "IFS" in values else {}
        words = tuple(expand(node.words, seen, outputs=self._tells_outputs and "IFS" in values))
        inner = around
        if node.redirects:
            inner = msgspec.structs.replace(around, redirects=(*around.redirects, *node.redirects))
        hidden = self._influences(words, node.assignments, values, inner) or prompt_in(node.words)
        self._later(expanded_later(words, node.assignments), inner)
        if any("{" in word.raw or "((" in word.raw for word in words_of(node)):
            counted(words_of(node), values)
        if not words:
            for assignment in node.assignments:
                assign(assignment, values)
            if inner.redirects or (not node.words and node.assignments):
                self._add(
                    Invocation((), redirects=inner.redirects, assignments=node.assignments, unseen=hidden),
                    inner,
                )
            elif node.words:
                self._add(Invocation((), unseen=f"what {node.words[0].raw} stands for is not seen"), inner)
            return
        self._set(node, words, values, inner)
        self.run(words, values, inner, node.assignments, hidden=hidden)

    def _suppose(self, node: Simple, values: dict[str, str], around: Around) -> None:
        """Walk a command as it would be if names that are tied hold what was last seen of them."""
        self._tied.assign(node.assignments, values)
        supposed = self._tied.values(values)
        words = tuple(expand(node.words, supposed, outputs=self._tells_outputs))
        if words and any(isinstance(part, Unseen) for word in node.words for part in word.parts):
            inner = msgspec.structs.replace(
                around, redirects=(*around.redirects, *node.redirects), supposed=True, certain=False
            )
            self.run(words, supposed, inner, node.assignments)

    def _set(self, node: Simple, words: Sequence[Word], values: dict[str, str], around: Around) -> None:
        """Take what a builtin does to the variables of the line."""
        ifs = values.get("IFS")
        declare(words, values)
        if words[0].value in DECLARES:
            names = references(words)
            if names:
                self._tied.tie(words, values)
            if names is None:
                self._doubts_all = True
            else:
                self._doubted.update(names)
            self._arrays(words, values)
            if words[0].value == "export" or any(word.value in ("-x", "-gx", "-xg") for word in words[1:2]):
                self._exported |= {word.beginning.partition("=")[0] for word in words[1:]}
        elif is_given(words):
            own = next((item for item in reversed(node.assignments) if item.name == "IFS"), None)
            if own is not None:
                ifs = own.words[0].value if own.words else ""
            give(words, received(around.redirects, around.receives), values, ifs)

    def _arrays(self, words: Sequence[Word], values: dict[str, str]) -> None:
        """Take the arrays of `declare -a name=(...)`."""
        options = {
            letter for word in words[1:] if (word.value or "")[:1] == "-" for letter in word.beginning[1:]
        }
        for word in words[1:]:
            if word.raw.endswith(")") and "=(" in word.raw and options <= set("aAgrx"):
                body = self._parser.parse(word.raw).body
                if len(body) == 1 and isinstance(body[0], Simple) and len(body[0].assignments) == 1:
                    assign(body[0].assignments[0], values)

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
        pairs = pairs_of(words, assignments)
        for influence in influences(pairs, values):
            if influence.quoted:
                hidden = influence.text
            else:
                self.text(influence.text, self._inherited(values, ()), around)
        if words:  # what a program finds in its environment it may run, whatever the name
            inner = msgspec.structs.replace(around, supposed=True, certain=False, redirects=())
            for text in (*handed(pairs, values), *self._files.handed(assignments)):
                self.text(text, self._inherited(values, ()), inner)
        return hidden
