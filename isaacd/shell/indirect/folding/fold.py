"""Constants of Python code folded, names of values and functions put back. Nothing is run but what is written here."""

import ast
import copy
from collections.abc import Callable
from typing import Any

from isaacd.shell.indirect.folding.assembled import MAX_TEXT, as_text, decoded

MAX_STEPS = 2000
MAX_ITEMS = 256
Value = str | bytes | int | list["Value"]
_DECODERS = {
    "b64decode": "64",
    "standard_b64decode": "64",
    "urlsafe_b64decode": "64",
    "decodebytes": "64",
    "a2b_base64": "64",
    "b32decode": "32",
    "b16decode": "16",
    "unhexlify": "16",
    "a2b_hex": "16",
    "fromhex": "16",
    "a85decode": "a85",
    "b85decode": "85",
    "decompress": "zlib",
}
_CODECS = {
    "rot13": "rot13",
    "rot_13": "rot13",
    "rot-13": "rot13",
    "hex": "16",
    "base64": "64",
    "zlib": "zlib",
    "zip": "zlib",
}
_METHODS: dict[str, Callable[[str], Value]] = {
    "lower": str.lower,
    "upper": str.upper,
    "swapcase": str.swapcase,
    "title": str.title,
    "capitalize": str.capitalize,
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "encode": lambda text: text,
    "split": lambda text: list(text.split()),
    "splitlines": lambda text: list(text.splitlines()),
}


class Fold(ast.NodeTransformer):
    """Rewrites a tree; what it cannot fold stays as it is."""

    def __init__(self) -> None:
        self._known: dict[str, ast.expr] = {}
        self._steps = 0

    def visit(self, node: ast.AST) -> ast.AST:
        """Rewrite one node, as long as there have not been too many."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            return node
        # Parts come first, so that what is put together of them is seen as a whole.
        rewritten: ast.AST = super().visit(node)
        return rewritten

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """Remember what a name stands for."""
        self.generic_visit(node)
        for target in node.targets:
            self._bind(target, node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Take `x += text`."""
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            before = self._known.pop(node.target.id, None)
            if before is not None:
                self._bind(node.target, self.visit_BinOp(ast.BinOp(before, node.op, node.value)))
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        """Take `(x := text)`, which is worth the text."""
        self.generic_visit(node)
        self._bind(node.target, node.value)
        return node.value

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        """Remember the other names of functions."""
        for item in node.names:
            if item.asname:
                self._known[item.asname] = ast.Name(item.name, ast.Load())
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Put what a name stands for in its place."""
        known = self._known.get(node.id) if isinstance(node.ctx, ast.Load) else None
        if known is None:
            return node
        # A list of lists of lists grows with each name.
        self._steps += sum(1 for _ in ast.walk(known))
        return node if self._steps > MAX_STEPS else copy.deepcopy(known)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Fold `a + b`, `a * 3` and `a % b`."""
        self.generic_visit(node)
        left, right = value_of(node.left), value_of(node.right)
        try:
            if isinstance(node.op, ast.Add) and left is not None and type(left) is type(right):
                self._steps += len(left) if isinstance(left, list) else 1
                return made(left + right, node)  # type: ignore[operator]
            if isinstance(node.op, ast.Mult) and isinstance(left, (str, bytes)) and isinstance(right, int):
                return made(left * min(max(right, 0), MAX_TEXT), node)
            if (
                isinstance(node.op, (ast.Sub, ast.BitXor))
                and isinstance(left, int)
                and isinstance(right, int)
            ):
                return made(left - right if isinstance(node.op, ast.Sub) else left ^ right, node)
            if isinstance(node.op, ast.Mod) and isinstance(left, str) and right is not None:
                return made(_percent(left, right), node)
        except (TypeError, ValueError):
            return node
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """Fold `f'{a} b'`."""
        self.generic_visit(node)
        texts = []
        for part in node.values:
            value = value_of(part.value if isinstance(part, ast.FormattedValue) else part)
            if not isinstance(value, (str, int)) or getattr(part, "format_spec", None) is not None:
                return node
            texts.append(str(value))
        return made("".join(texts), node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Fold `text[::-1]` and `words[0]`."""
        self.generic_visit(node)
        value = value_of(node.value)
        if isinstance(value, int) or value is None:
            return node
        if isinstance(node.slice, ast.Slice):
            bounds = [_bound(item) for item in (node.slice.lower, node.slice.upper, node.slice.step)]
            if "?" in bounds or bounds[2] == 0:
                return node
            return made(value[slice(*bounds)], node)
        index = value_of(node.slice)
        if isinstance(index, int) and -len(value) <= index < len(value):
            return made(value[index], node)
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        """Fold `[chr(n) for n in (114, 109)]`."""
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        """Fold it as a list."""
        return self._comprehension(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Fold calls of what only computes, and functions that are named by a text."""
        if isinstance(node.func, ast.Lambda):
            for argument, given in zip(node.func.args.args, node.args, strict=False):
                self._bind(ast.Name(argument.arg), self.visit(given))
            return self.visit(node.func.body)
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        arguments = [value_of(item) for item in node.args]
        if name == "getattr" and len(arguments) > 1 and isinstance(arguments[1], str):
            return ast.Attribute(node.args[0], arguments[1], ast.Load())
        if name in ("__import__", "import_module") and arguments and isinstance(arguments[0], str):
            return ast.Name(arguments[0], ast.Load())
        if name == "map" and len(arguments) > 1 and isinstance(arguments[1], (list, str, bytes)):
            return self._mapped(node, arguments[1])
        value = _called(node, name, arguments)
        return node if value is None else made(value, node)

    def _mapped(self, node: ast.Call, items: Value) -> ast.expr:
        values: list[Value] = []
        for item in list(items)[:MAX_ITEMS]:  # type: ignore[arg-type]
            call = ast.Call(copy.deepcopy(node.args[0]), [made(item, node)], [])
            value = value_of(self.visit(call))
            if value is None:
                return node
            values.append(value)
        return made(values, node)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> ast.expr:
        loop = node.generators[0]
        items = value_of(self.visit(loop.iter))
        if len(node.generators) > 1 or loop.ifs or isinstance(items, int) or items is None:
            self.generic_visit(node)
            return node
        values: list[Value] = []
        for item in list(items)[:MAX_ITEMS]:
            self._bind(loop.target, made(item, node))
            value = value_of(self.visit(copy.deepcopy(node.elt)))
            if value is None:
                return node
            values.append(value)
        return made(values, node)

    def _bind(self, target: ast.expr, value: ast.AST) -> None:
        if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            for one, other in zip(target.elts, value.elts, strict=False):
                self._bind(one, other)
        elif isinstance(target, ast.Name):
            self._known.pop(target.id, None)
            if value_of(value) is not None or isinstance(value, (ast.Name, ast.Attribute)):
                self._known[target.id] = value  # type: ignore[assignment]


def value_of(node: ast.AST) -> Value | None:
    """Return what a constant is worth, or a list of them."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, (str, bytes, int)) else None
    if isinstance(node, (ast.List, ast.Tuple)):
        values = [value_of(item) for item in node.elts]
        return None if None in values else [item for item in values if item is not None]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = value_of(node.operand)
        return -value if isinstance(value, int) else None
    return None


def _bound(node: ast.expr | None) -> Any:
    """Return an end of a slice, None where there is none, and `?` where it is not seen."""
    value = None if node is None else value_of(node)
    return value if node is None or isinstance(value, int) else "?"


def made(value: Value, place: ast.AST) -> ast.expr:
    """Make a constant of a value."""
    if isinstance(value, list):
        return ast.copy_location(
            ast.List([made(item, place) for item in value[:MAX_ITEMS]], ast.Load()), place
        )
    return ast.copy_location(ast.Constant(value if isinstance(value, int) else value[:MAX_TEXT]), place)


def _percent(form: str, value: Value) -> str:
    # A width could ask for any number of blanks.
    if any(char.isdigit() or char == "*" for char in form):
        raise ValueError("a width in a format")
    return form % (tuple(value) if isinstance(value, list) else value)


def _called(node: ast.Call, name: str, arguments: list[Value | None]) -> Value | None:
    receiver = value_of(node.func.value) if isinstance(node.func, ast.Attribute) else None
    if receiver is not None and not isinstance(receiver, int) and name != "fromhex":
        return _method(receiver, name, arguments)
    if not arguments or arguments[0] is None:
        return None
    first = arguments[0]
    text = as_text(first) if isinstance(first, bytes) else first
    if name == "decode" and isinstance(text, str) and len(arguments) > 1:
        return decoded(_CODECS.get(str(arguments[1]).lower(), ""), text)
    if name in _DECODERS and isinstance(text, str):
        return decoded(_DECODERS[name], text)
    return _builtin(name, first)


def _builtin(name: str, first: Value) -> Value | None:
    try:
        if name == "chr" and isinstance(first, int):
            return chr(first)
        if name == "ord" and isinstance(first, (str, bytes)):
            return ord(first)
        if name == "str" and isinstance(first, (str, int)):
            return str(first)
        if name in ("bytes", "bytearray") and isinstance(first, list):
            return bytes(first)  # type: ignore[arg-type]
        if name in ("bytes", "bytearray", "str") and isinstance(first, (bytes, str)):
            return first
        if name in ("list", "tuple") and not isinstance(first, int):
            return list(first)
        if name == "reversed" and not isinstance(first, int):
            return list(reversed(list(first)))
    except (ValueError, TypeError):
        return None
    return None


def _method(receiver: Value, name: str, arguments: list[Value | None]) -> Value | None:
    text = as_text(receiver) if isinstance(receiver, bytes) else receiver
    if not isinstance(text, str):
        return None
    if name == "decode":
        return decoded(_CODECS[str(arguments[0])], text) if arguments and arguments[0] in _CODECS else text
    if None in arguments:
        return None
    try:
        if name == "join":
            items = arguments[0]
            return text.join(list(items))[:MAX_TEXT] if isinstance(items, (list, str)) else None  # type: ignore[arg-type]
        if name == "format":
            return text.format(*arguments) if not any(char in text for char in ":.[!") else None
        if name in ("replace", "split", "removeprefix", "removesuffix") and arguments:
            if len(text) * max(len(str(item)) for item in arguments) > MAX_TEXT * 16:
                return None
            return getattr(text, name)(*arguments)  # type: ignore[no-any-return]
        if name == "translate":
            return None
        return _METHODS[name](text) if name in _METHODS else None
    except (TypeError, ValueError, KeyError, IndexError):
        return None
