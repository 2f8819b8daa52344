"""From tree-sitter's tree of a line to our own syntax."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from isaacd.shell.leaves import MAX_DEPTH, Leaves
from isaacd.shell.syntax import (
    Assignment,
    Compound,
    Function,
    Node,
    Part,
    Pipeline,
    Redirect,
    Script,
    Simple,
    Text,
    Word,
)

if TYPE_CHECKING:
    from tree_sitter import Node as Branch

Kind = Literal["list", "group", "subshell", "if", "while", "for", "case", "test", "arithmetic"]

_KINDS: dict[str, Kind] = {
    "subshell": "subshell",
    "compound_statement": "group",
    "if_statement": "if",
    "while_statement": "while",
    "for_statement": "for",
    "c_style_for_statement": "for",
    "case_statement": "case",
    "test_command": "test",
    "case_item": "list",
    "list": "list",
    "do_group": "list",
    "elif_clause": "if",
    "else_clause": "list",
    "negated_command": "list",
}
_REDIRECTS = ("file_redirect", "heredoc_redirect", "herestring_redirect")
_COMMANDS = ("command", "declaration_command", "unset_command")


class Reader(Leaves):
    """Reads one tree; `faults` gathers what it cannot make sense of."""

    def script(self, root: "Branch") -> Script:
        """Read a whole line."""
        body = tuple(self._nodes(root.named_children))
        return Script(body, tuple(dict.fromkeys(self.faults)))

    # Commands

    def _nodes(self, branches: "Iterable[Branch]") -> Iterator[Node]:
        for branch in branches:
            self._depth += 1
            try:
                if self._depth > MAX_DEPTH:
                    self._fault("it is nested too deep")
                    return
                yield from self._node(branch)
            finally:
                self._depth -= 1

    def _node(self, branch: "Branch") -> Iterator[Node]:
        kind = branch.type
        if branch.is_missing or kind == "ERROR":
            self._no_shell(branch)
            yield from self._nodes(branch.named_children)
        elif kind in _COMMANDS:
            yield self._simple(branch)
        elif kind in ("variable_assignment", "variable_assignments"):
            inner = branch.named_children if kind == "variable_assignments" else [branch]
            yield Simple(assignments=tuple(self._assignment(item) for item in inner))
        elif kind == "pipeline":
            yield Pipeline(tuple(self._nodes(branch.named_children)))
        elif kind == "redirected_statement":
            yield from self._redirected(branch)
        elif kind == "function_definition":
            yield from self._function(branch)
        elif kind in _KINDS:
            yield self._compound(branch, _KINDS[kind])
        elif kind not in ("comment", "heredoc_body", "heredoc_start", "heredoc_end", "heredoc_content"):
            # A word or expression of a for, a case or a test that stands among the commands.
            yield Compound("arithmetic", words=(self._word(branch),))

    def _simple(self, branch: "Branch") -> Simple:
        words: list[Word] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        plain = branch.type == "command"
        if not plain:
            name = self._text(branch.children[0])  # export, declare, local, unset ...
            words.append(Word(name, (Text(name),)))
        for child in branch.named_children:
            if child.type == "variable_assignment":
                if plain:
                    assignments.append(self._assignment(child))
                else:
                    words.append(self._declared(child))
            elif child.type in _REDIRECTS:
                redirects += self._redirect(child)
            elif child.type == "command_name":
                words.append(self._word(child.named_children[0] if child.named_children else child))
            elif child.is_missing or child.type == "ERROR":
                self._no_shell(child)
            elif child.type != "comment":
                words.append(self._word(child))
        return Simple(tuple(words), tuple(assignments), tuple(redirects))

    def _assignment(self, branch: "Branch") -> Assignment:
        name, value = branch.child_by_field_name("name"), branch.child_by_field_name("value")
        adds = b"+=" in self._bytes(branch)[:258]
        plain = name is not None and name.type == "variable_name" and not adds
        if value is None:
            return Assignment(self._text(name), (), plain)
        if value.type == "array":
            words = tuple(self._word(item) for item in value.named_children if item.type != "comment")
            return Assignment(self._text(name), words, is_plain=False, is_array=True, adds=adds)
        return Assignment(self._text(name), (self._word(value),), plain, adds=adds)

    def _declared(self, branch: "Branch") -> Word:
        """Read `name=value` after `export` and the like as the word that it is."""
        name, value = branch.child_by_field_name("name"), branch.child_by_field_name("value")
        parts: list[Part] = [Text(f"{self._text(name)}=")]
        if value is not None and value.type == "array":
            parts += [part for item in value.named_children for part in self._parts(item)]
        elif value is not None:
            parts += self._parts(value)
        return Word(self._text(branch), tuple(parts))

    def _redirected(self, branch: "Branch") -> Iterator[Node]:
        bodies: list[Node] = []
        for child in branch.named_children:
            if child.type not in _REDIRECTS:
                bodies += self._nodes([child])
                continue
            redirects = tuple(self._redirect(child))
            bodies.append(_with(bodies.pop(), redirects) if bodies else Simple(redirects=redirects))
            # `cat <<E | sh`: what follows on the line hangs below the here-document.
            for after in child.named_children:
                if after.type == "pipeline":
                    bodies.append(Pipeline((bodies.pop(), *self._nodes(after.named_children))))
                elif after.type in _COMMANDS or after.type in _KINDS:
                    bodies += self._nodes([after])
        yield from bodies

    def _function(self, branch: "Branch") -> Iterator[Node]:
        name = self._text(branch.child_by_field_name("name"))
        redirects = [
            item
            for child in branch.named_children
            if child.type in _REDIRECTS
            for item in self._redirect(child)
        ]
        body = branch.child_by_field_name("body")
        nodes = tuple(self._nodes([body])) if body is not None else ()
        yield Function(name, Compound("group", nodes), tuple(redirects))

    def _compound(self, branch: "Branch", kind: Kind) -> Compound:
        words: list[Word] = []
        body: list[Node] = []
        name = ""
        redirects: list[Redirect] = []
        if kind == "group" and self._text(branch).startswith("(("):
            return Compound("arithmetic", words=(self._word(branch),))
        if kind == "test":
            return Compound("test", words=(self._word(branch),))
        for index, child in enumerate(branch.children):
            field = branch.field_name_for_child(index)
            if not child.is_named:
                continue
            if field == "variable":
                name = self._text(child)
            elif (
                field == "value"
                or field in ("initializer", "update")
                or (field == "condition" and branch.type == "c_style_for_statement")
            ):
                words.append(self._word(child))
            elif child.type in _REDIRECTS:
                redirects += self._redirect(child)
            else:
                body += self._nodes([child])
        return Compound(kind, tuple(body), tuple(words), name, tuple(redirects))

    # Redirections

    def _redirect(self, branch: "Branch") -> Iterator[Redirect]:
        descriptor = branch.child_by_field_name("descriptor")
        number = (
            int(self._text(descriptor))
            if descriptor is not None and self._text(descriptor).isdigit()
            else None
        )
        operator = next((self._text(item) for item in branch.children if not item.is_named), "")
        if branch.type == "file_redirect":
            targets = [self._word(item) for item in branch.children_by_field_name("destination")]
            yield Redirect(operator, targets[0] if targets else None, number)
            if len(targets) > 1:
                self._fault("words after a redirection")
        elif branch.type == "herestring_redirect":
            words = [self._word(item) for item in branch.named_children if item.type != "file_descriptor"]
            yield Redirect("<<<", None, number, words[0] if words else None)
        else:
            body = next((item for item in branch.named_children if item.type == "heredoc_body"), None)
            start = next((item for item in branch.named_children if item.type == "heredoc_start"), None)
            literal = start is not None and any(char in self._text(start) for char in "'\"\\")
            yield Redirect("<<", None, number, self._heredoc(body, literal=literal))
            for child in branch.named_children:
                if child.type in _REDIRECTS:
                    yield from self._redirect(child)

    def _heredoc(self, body: "Branch | None", *, literal: bool) -> Word | None:
        if body is None:
            return None
        if literal:
            return Word(self._text(body), (Text(self._text(body), quoted=True),))
        parts: list[Part] = []
        position = body.start_byte
        for child in body.named_children:
            if child.type == "heredoc_content":
                continue
            parts += self._quoted(position, child.start_byte)
            parts += self._parts(child, quoted=True)
            position = child.end_byte
        return Word(self._text(body), (*parts, *self._quoted(position, body.end_byte)))

    # What is inside

    def _inner(self, branch: "Branch") -> Script:
        """Read a substitution; `$(< file)` only reads a file."""
        before = len(self.faults)
        body = tuple(self._nodes(child for child in branch.named_children if child.type not in _REDIRECTS))
        redirects = [
            item
            for child in branch.named_children
            if child.type in _REDIRECTS
            for item in self._redirect(child)
        ]
        if redirects:
            body = (*body, Simple(redirects=tuple(redirects)))
        return Script(body, tuple(self.faults[before:]))


def _with(node: Node, redirects: tuple[Redirect, ...]) -> Node:
    """Return a node with further redirections; the grammar puts those of a pipeline's last command around the whole."""
    if isinstance(node, Pipeline) and node.commands:
        *others, last = node.commands
        return msgspec.structs.replace(node, commands=(*others, _with(last, redirects)))
    return msgspec.structs.replace(node, redirects=(*node.redirects, *redirects))
