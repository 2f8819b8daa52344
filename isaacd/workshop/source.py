"""What a plugin's source says of the plugin, read without running it."""

import ast
from pathlib import Path

import msgspec

from isaacd.errors import InvalidParams


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """The call of `Plugin(...)` as it is written; what is computed there is not known and left empty.

    `line` is where it stands, counted from 1; 0 if there is none. `given` are the names of its arguments.
    """

    name: str = ""
    summary: str = ""
    version: str = ""
    api: str = ""
    requires: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    line: int = 0


def parse(file: Path) -> ast.Module:
    """Parse a source file; raises InvalidParams with file and line if it is no Python."""
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise InvalidParams(f"{file}:{error.lineno}: this is no Python: {error.msg}") from None
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidParams(f"cannot read {file}: {error}") from None


def declaration_in(file: Path) -> Declaration:
    """Read a plugin's declaration; raises InvalidParams if the file is no Python."""
    return declaration_of(parse(file))


def declaration_of(module: ast.Module) -> Declaration:
    """Find `plugin = Plugin(...)` in a module and read its literal arguments."""
    summary = (ast.get_docstring(module) or "").strip().partition("\n")[0]
    call = next((found for found in map(_plugin_call, module.body) if found is not None), None)
    if call is None:
        return Declaration(summary=summary)
    values = {item.arg: _literal(item.value) for item in call.keywords if item.arg}
    if call.args:
        values["name"] = _literal(call.args[0])
    return Declaration(
        name=_text(values.get("name")),
        summary=_text(values.get("summary")) or summary,
        version=_text(values.get("version")),
        api=_text(values.get("api")),
        requires=_texts(values.get("requires")),
        capabilities=_texts(values.get("capabilities")),
        given=tuple(values),
        line=call.lineno,
    )


def _plugin_call(statement: ast.stmt) -> ast.Call | None:
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AnnAssign)
        else []
    )
    if not any(isinstance(target, ast.Name) and target.id == "plugin" for target in targets):
        return None
    value = getattr(statement, "value", None)
    return value if isinstance(value, ast.Call) and _last_name(value.func) == "Plugin" else None


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, (tuple, list)) else ()
