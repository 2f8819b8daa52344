"""A command line explained word by word: its commands by their pages, everything else by what the shell makes of it."""

import re
from collections.abc import Iterator, Mapping, Sequence

from isaacd.manual import own, values
from isaacd.manual.command import Find, Reading
from isaacd.manual.part import Explained, Part
from isaacd.manual.shelf import find_page
from isaacd.shell.find import commands
from isaacd.shell.invocation import Invocation
from isaacd.shell.parse import Parser
from isaacd.shell.syntax import Assignment, Compound, Function, Node, Redirect, Script, Simple, Word, below

MAX_PARTS = 2000
MAX_DEPTH = 6
_GAP = re.compile(
    r"&&|\|\||\|&|\||(?<![<>])&(?!>)|;;|;|(?<![\w-])(?:if|then|elif|else|fi|for|while|until|do|done|case|in|esac)(?![\w-])|(?<!\S)[!{}](?!\S)|[()]"
)
_OPENS = re.compile(r"[$<>]\(|`")


def explain_line(line: str, environ: Mapping[str, str]) -> Explained:
    """Explain a line by the manual of this machine, as `environ` (PATH, MANPATH) finds it. Blocks: it reads pages."""
    pages: dict[str, object] = {}

    def find(name: str) -> object:
        if name not in pages:
            pages[name] = find_page(name, environ)
        return pages[name]

    walk = _Walk(Parser(), find)  # type: ignore[arg-type]
    script = Parser().parse(line)
    parts = list(walk.script(script, line, 0))
    return Explained(tuple(parts[:MAX_PARTS]), script.faults)


class _Walk:
    """Walks the commands of a line in the order in which they stand in its text."""

    def __init__(self, parser: Parser, find: Find) -> None:
        self._parser = parser
        self._find = find
        self._functions: set[str] = set()  # that the line itself has made
        self._cases = 0  # within how many `case` we are: their brackets are none of a shell's

    def script(self, script: Script, text: str, depth: int) -> Iterator[Part]:
        if depth > MAX_DEPTH:
            yield Part(text, "text", "", depth=depth)
            return
        source = _Source(text)
        for node in script.body:
            yield from self._node(node, source, depth)
        yield from self._gap(source.rest(), depth)

    def _node(self, node: Node, source: "_Source", depth: int) -> Iterator[Part]:
        if isinstance(node, Simple):
            yield from self._simple(node, source, depth)
            return
        if isinstance(node, Compound) and node.kind in ("test", "arithmetic"):
            for word in node.words:
                yield from self._gap(source.up_to(word.raw), depth)
                what = "succeeds if this holds" if node.kind == "test" else "calculates"
                yield Part(word.raw, "text", what, "shell", depth)
        elif isinstance(node, Compound):
            if node.kind == "for" and node.name:
                yield from self._gap(source.up_to(node.name), depth)
                yield Part(node.name, "assignment", "the variable that is each word in turn", "shell", depth)
            yield from self._compound(node, source, depth)
        elif isinstance(node, Function):
            yield from self._gap(source.up_to(node.name), depth)
            about = "a function is made: its body runs when it is called"
            yield Part(node.name, "function", about, "shell", depth)
            self._functions.add(node.name)
            source.skip("()")
        for inner in below(node):
            yield from self._node(inner, source, depth)
        if isinstance(node, Compound) and node.kind == "case":
            yield from self._gap(source.up_to("esac", keep=True), depth)
            self._cases -= 1
        if not isinstance(node, Function):
            for redirect in node.redirects:
                yield from self._redirect(redirect, source, depth)

    def _compound(self, node: Compound, source: "_Source", depth: int) -> Iterator[Part]:
        """Explain the words of a loop or a `case`; the patterns of a case stand among its bodies, and come in one part."""
        is_case = node.kind == "case"
        self._cases += is_case
        for word in node.words[:1] if is_case else node.words:
            yield from self._gap(source.up_to(word.raw), depth)
            about = values.form(word) or ("what is looked for" if is_case else "a word that it goes through")
            yield Part(word.raw, "operand", about, "shell", depth)
            yield from self._inside(word, depth)
        if is_case and node.words[1:]:
            patterns = ", ".join(word.raw for word in node.words[1:])
            yield Part(
                patterns, "text", "the patterns that it is compared with, in this order", "shell", depth
            )

    def _simple(self, node: Simple, source: "_Source", depth: int) -> Iterator[Part]:
        first = [item.name for item in node.assignments[:1]] or [word.raw for word in node.words[:1]]
        if first:
            yield from self._gap(source.up_to(first[0], keep=True), depth)
        for assignment in node.assignments:
            yield self._assignment(assignment, alone=not node.words, depth=depth)
            source.up_to(assignment.name)
            for word in assignment.words:
                source.up_to(word.raw)
                yield from self._inside(word, depth)
        if node.words:
            yield from self._command(node.words, self._within(node), depth)
            for word in node.words:
                source.up_to(word.raw)
        for redirect in node.redirects:
            yield from self._redirect(redirect, source, depth)

    def _command(self, words: Sequence[Word], inner: list[Invocation], depth: int) -> Iterator[Part]:
        """Explain a command with its words; those of a command that it runs are explained as that command."""
        name = words[0].value
        program = name.rpartition("/")[2] if name is not None else words[0].raw
        reading = Reading(program, self._find, depth)
        if program in self._functions:
            yield Part(words[0].raw, "command", "the function that the line has made", "shell", depth)
        else:
            yield reading.command(words[0])
        begins, ends, hidden = _slice(words, inner)
        yield from reading.words(words[1:begins])
        if begins < len(words):
            yield from self._command(words[begins:ends], inner[1:], depth + 1)
            yield from reading.words(words[ends:])
        for word in (*words[1:begins], *words[ends:]):
            yield from self._inside(word, depth)
        for text in hidden:
            yield from self.script(self._parser.parse(text), text, depth + 1)

    def _within(self, node: Simple) -> list[Invocation]:
        found = commands(Script((node,)), self._parser).invocations
        return [item for item in found if item.via and not item.supposed]

    def _inside(self, word: Word, depth: int) -> Iterator[Part]:
        """Explain the commands that run to make a word."""
        if len(word.scripts) == 1:
            # Only what is between the brackets is a line.
            opened = _OPENS.search(word.raw)
            text = word.raw[opened.end() :] if opened is not None else word.raw
            yield from self.script(
                word.scripts[0], text[: max(text.rfind(")"), text.rfind("`"), 0)], depth + 1
            )
            return
        for script in word.scripts:
            yield from self.script(script, "", depth + 1)

    def _redirect(self, redirect: Redirect, source: "_Source", depth: int) -> Iterator[Part]:
        target = redirect.target.raw if redirect.target is not None else ""
        number = "" if redirect.descriptor is None else str(redirect.descriptor)
        source.up_to(redirect.operator)
        if target:
            source.up_to(target)
        text = f"{number}{redirect.operator}{'' if redirect.duplicates else ' '}{target}".strip()
        yield Part(text, "redirect", _redirected(redirect, target), "shell", depth)
        if redirect.target is not None:
            yield from self._inside(redirect.target, depth)

    def _assignment(self, assignment: Assignment, *, alone: bool, depth: int) -> Part:
        value = " ".join(word.raw for word in assignment.words)
        where = "in this shell" if alone else "for this command only"
        about = f"sets the variable {assignment.name} {where}"
        return Part(f"{assignment.name}={value}", "assignment", about, "shell", depth)

    def _gap(self, text: str, depth: int) -> Iterator[Part]:
        for match in _GAP.finditer(text):
            sign = match[0]
            if self._cases and sign in "()":
                continue
            about = (
                own.OPERATORS.get(sign)
                or own.KEYWORDS.get(sign)
                or ("the end of this case" if sign == ";;" else "")
            )
            kind = "keyword" if sign.isalpha() else "operator"
            if sign != ";" or text.strip() != ";" or depth == 0:
                yield Part(sign, kind, about, "shell", depth)  # type: ignore[arg-type]


class _Source:
    """The text of a line, read from left to right as its words are found in it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def up_to(self, raw: str, *, keep: bool = False) -> str:
        """Return what stands before the next place of `raw`, and go behind that; nothing if it is not there."""
        at = self._text.find(raw, self._at)
        if at < 0:
            return ""
        before = self._text[self._at : at]
        self._at = at if keep else at + len(raw)
        return before

    def skip(self, text: str) -> None:
        """Go behind a text that follows, blanks or not."""
        after = self._text[self._at :].lstrip()
        if after.startswith(text):
            self._at = len(self._text) - len(after) + len(text)

    def rest(self) -> str:
        """Return what has not been read."""
        return self._text[self._at :]


def _slice(words: Sequence[Word], inner: list[Invocation]) -> tuple[int, int, list[str]]:
    """Find where the words of the next command begin and end among these; what is hidden in one word comes as text."""
    raws = [word.raw for word in words]
    if not inner:
        return len(raws), len(raws), []
    wanted = [word.raw for word in inner[0].words]
    for start in range(1, len(raws) - len(wanted) + 1):
        if raws[start : start + len(wanted)] == wanted:
            return start, start + len(wanted), []
    hidden = [
        word.value
        for word in words[1:]
        if word.value is not None and inner[0].place in word.value and " " in word.value
    ]
    return len(raws), len(raws), hidden[:1] if hidden and hidden[0] is not None else []


def _redirected(redirect: Redirect, target: str) -> str:
    stream = own.STREAMS.get(-1 if redirect.descriptor is None else redirect.descriptor, "")
    if redirect.duplicates:
        to = own.STREAMS.get(int(target) if target.isdigit() else -1, f"descriptor {target}")
        if target == "-":
            return f"{stream or 'the stream'} is closed"
        return f"{stream or ('standard input' if redirect.operator == '<&' else 'standard output')} goes where {to} goes"
    if redirect.operator == "<<":
        return "its input is the text that follows"
    about = own.REDIRECTS.get(redirect.operator, "a redirection to {}")
    errors = redirect.descriptor == 2
    if target == "/dev/null" and ">" in redirect.operator:
        both = redirect.operator[0] == "&" or redirect.operator == ">&"
        return (
            "what it prints and its errors are thrown away"
            if both
            else f"{'errors are' if errors else 'what it prints is'} thrown away"
        )
    told = about.format(target)
    return (
        told.replace("what it prints goes", "its errors go").replace("what it prints is", "its errors are")
        if errors
        else told
    )
