"""Python code with its constants folded: `os.system(chr(114) + 'm x')` becomes `os.system('rm x')`. Nothing of it is run."""

import shlex
from typing import TYPE_CHECKING

from isaacd.shell.indirect.folding.assembled import MAX_TEXTS, Assembled

if TYPE_CHECKING:
    import ast

MAX_NESTED_CODE = 3
_RUNS_CODE = frozenset(("exec", "eval", "compile", "run", "runsource"))


def assemble_python(code: str, depth: int = 0) -> Assembled | None:
    """Return what stands in Python code once its constants are folded; None if it is no Python."""
    # Imported on demand, as few lines hold code.
    import ast

    from isaacd.shell.indirect.folding.fold import Fold

    try:
        tree = Fold().visit(ast.parse(code))
        text = ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines: list[str] = []
    codes = [text]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)) and len(lines) < MAX_TEXTS:
            lines.append(_text(node.value))
        elif isinstance(node, (ast.List, ast.Tuple)) and len(lines) < MAX_TEXTS:
            words = [item.value for item in node.elts if isinstance(item, ast.Constant)]
            texts = [_text(word) for word in words if isinstance(word, (str, bytes))]
            if len(texts) == len(node.elts) > 1:
                lines.append(shlex.join(texts))
        elif isinstance(node, ast.Call) and depth < MAX_NESTED_CODE and (inner := _code_in(node)) is not None:
            found = assemble_python(inner, depth + 1)
            if found is not None:
                lines += found.lines
                codes.append(found.code)
    return Assembled(tuple(dict.fromkeys(line for line in lines if line.strip())), "\n".join(codes))


def _code_in(node: "ast.Call") -> str | None:
    """Return the code that a call runs, if it is one of `exec` and its like."""
    import ast

    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)
    if name not in _RUNS_CODE or not node.args or not isinstance(node.args[0], ast.Constant):
        return None
    value = node.args[0].value
    return _text(value) if isinstance(value, (str, bytes)) else None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
