"""What the syntax of Python tells: mistakes that are valid, and seldom meant."""

import ast
import warnings
from collections.abc import Iterator

from isaac_plugins.review.cards import Finding
from isaacd.api import DiffFile

_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def check_python(file: DiffFile, text: str) -> Iterator[Finding]:
    """Find errors of syntax, and in the lines that were added what is seldom meant."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        yield Finding(file.path, error.lineno or 0, "error", f"this is no Python: {error.msg}", "syntax")
        return
    except (ValueError, RecursionError, MemoryError):
        yield Finding(
            file.path, 0, "warning", "the Python in it is too deep to be read, or holds a NUL", "syntax"
        )
        return
    new = {line.number for line in file.added()}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if line in new:
            for message in _said(node):
                yield Finding(file.path, line, "warning", message, "python")


def _said(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assert) and isinstance(node.test, ast.Tuple) and node.test.elts:
        yield "assert of a tuple is always true"
    elif isinstance(node, ast.ExceptHandler) and node.type is None:
        yield "a bare except takes Ctrl-C and the end of the program as well"
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        if any(isinstance(item, _MUTABLE) for item in (*node.args.defaults, *node.args.kw_defaults)):
            yield "a default value that is shared by all calls"
    elif isinstance(node, ast.Compare):
        for operator, right in zip(node.ops, node.comparators, strict=True):
            is_none = isinstance(right, ast.Constant) and right.value is None
            if isinstance(operator, ast.Eq | ast.NotEq) and is_none:
                yield "None is compared with `is`"
            literal = (
                isinstance(right, ast.Constant)
                and isinstance(right.value, str | int | float)
                and not isinstance(right.value, bool)
            )
            if isinstance(operator, ast.Is | ast.IsNot) and literal:
                yield "`is` compares who they are, not what they say; == is meant"
    elif isinstance(node, ast.JoinedStr) and not any(
        isinstance(part, ast.FormattedValue) for part in node.values
    ):
        yield "an f-string without anything put in"
