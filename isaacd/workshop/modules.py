"""One source file of a plugin, parsed: its functions, what decorates them, and which names stand for what."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from isaacd.workshop.source import parse

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


class Handler(msgspec.Struct, frozen=True):
    """A function that the daemon calls: `role` is what decorates it, such as `command`, `on` or `route`."""

    function: Any
    role: str
    options: dict[str, Any]

    @property
    def line(self) -> int:
        """Where it begins."""
        return int(self.function.lineno)


class Module(msgspec.Struct, frozen=True):
    """A file and its syntax; `aliases` are the names that its imports bind, and what each stands for."""

    file: Path
    tree: Any
    aliases: dict[str, str]

    @classmethod
    def read(cls, file: Path) -> "Module":
        """Parse a file; raises InvalidParams if it is no Python."""
        tree = parse(file)
        return cls(file, tree, dict(_aliases(tree)))

    def handlers(self) -> Iterator[Handler]:
        """Find the functions that the daemon calls."""
        for node in ast.walk(self.tree):
            if not isinstance(node, AnyFunction):
                continue
            for mark in node.decorator_list:
                call = mark if isinstance(mark, ast.Call) else None
                target = call.func if call else mark
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    options = {item.arg: item.value for item in call.keywords if item.arg} if call else {}
                    yield Handler(node, target.attr, options)

    def called(self, call: ast.Call) -> str:
        """Return the full dotted name of what is called, such as `time.sleep`; empty if it is no name."""
        return self.dotted(call.func)

    def dotted(self, node: ast.AST) -> str:
        """Return what a name or a chain of attributes stands for."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])


def own_calls(function: ast.AST) -> Iterator[ast.Call]:
    """Find the calls that a function makes itself; what it only defines may run in a thread."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*AnyFunction.__args__, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Find the modules that are imported anywhere, and where; `from a import b` may mean `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((item.name, node) for item in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, node


def _aliases(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                first = item.name.partition(".")[0]
                yield (item.asname, item.name) if item.asname else (first, first)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for item in node.names:
                yield item.asname or item.name, f"{node.module}.{item.name}"
