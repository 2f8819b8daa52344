"""The reference of the plugin API: every name of `isaacd.api`, with its signature and its docstring, read from the source."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from isaacd import api, testing
from isaacd.belongings import capabilities
from isaacd.context import HOUSE_EVENTS
from isaacd.plugin import version

_HEAD = """\
A plugin may import `isaacd.api`, and nothing else of Isaac; its tests may import `isaacd.testing` too. The
[tutorial](../tutorial/first-plugin.md) shows how it is used.
"""
# What most plugins need comes first; everything else follows by the room that it is from.
_FIRST = {
    "Declaring": ("Plugin", "Argument", "Option", "Input", "Words", "Tier", "Event", "Policy"),
    "What a handler gets": (
        "Context",
        "State",
        "Transaction",
        "PluginCache",
        "Secrets",
        "Secret",
        "Schema",
        "Database",
        "Terminal",
        "Handover",
    ),
}
_ERRORS = "Errors"
# Public by Python's custom, but for the house only.
_HOUSE = {"Context": ("services", "meta", "request_id", "sets", "events")}


def api_page(note: str) -> str:
    """Describe everything in `isaacd.api.__all__`."""
    lines = ["# Plugin API", "", note, "<!-- fmt: off -->", "", _HEAD]
    lines += _version()
    lines += ["## Capabilities", "", _prose(capabilities.__doc__ or "", skip_first=True), ""]
    lines += _events()
    left = [name for name in api.__all__ if name != "API_VERSION"]
    for heading, names in _FIRST.items():
        lines += [f"## {heading}", ""]
        for name in names:
            left.remove(name)
            lines += _entry(name)
    for heading, names in sorted(_by_room(left).items(), key=lambda item: (item[0] == _ERRORS, item[0])):
        lines += [f"## {heading}", ""]
        for name in names:
            lines += _entry(name)
    lines += ["## For tests: `isaacd.testing`", "", _prose(testing.__doc__ or ""), ""]
    for name in testing.__all__:
        lines += _entry(name, testing)
    return "\n".join(lines).rstrip("\n") + "\n"


def _version() -> list[str]:
    return [f"## Version {version.API_VERSION}", "", _prose(version.__doc__ or "", skip_first=True), ""]


def _events() -> list[str]:
    rows = [f"| `{name}` | {told} |" for name, told in HOUSE_EVENTS.items()]
    return [
        "## Events",
        "",
        "These the house tells; `@plugin.on(NAME)` has a function called with each. A plugin publishes its own as",
        "`PLUGIN.NAME`, once it has declared them with `events=`.",
        "",
        "| event | when, and the keys of its data |",
        "|---|---|",
        *rows,
        "",
    ]


def _by_room(names: list[str]) -> dict[str, list[str]]:
    rooms: dict[str, list[str]] = {}
    for name in names:
        value = getattr(api, name)
        if isinstance(value, type) and issubclass(value, api.IsaacError):
            rooms.setdefault(_ERRORS, []).append(name)
            continue
        module = value.__module__ if isinstance(value, type) or inspect.isfunction(value) else ""
        room = module.split(".")[1] if module.startswith("isaacd.") else ""
        rooms.setdefault(_heading(room), []).append(name)
    return rooms


def _heading(room: str) -> str:
    """Return the first words of a room's own docstring."""
    if not room:
        return "Words for types"
    told = (import_module(f"isaacd.{room}").__doc__ or room).partition("\n")[0].rstrip(".")
    return told.partition(":")[0]


def _entry(name: str, door: ModuleType = api) -> Iterator[str]:
    value = getattr(door, name)
    yield f"### `{name}`"
    yield ""
    if isinstance(value, type):
        yield from _class(name, value)
    elif inspect.isfunction(value):
        yield from _code([*_signatures([_tree(value)])])
        yield from _doc(value.__doc__)
    else:
        yield from _code([f"{name} = {_short(repr(value))}"])


def _class(name: str, cls: type) -> Iterator[str]:
    parts = [(_tree(part), vars(import_module(part.__module__))) for part in _parts(cls)]
    bases = ", ".join(
        text for tree, _ in parts for base in tree.bases if (text := ast.unparse(base)) not in _inner(cls)
    )
    lines = [f"class {name}({bases})" if bases else f"class {name}"]
    hidden = _HOUSE.get(name, ())
    for tree, _ in parts:
        for item in tree.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                if not item.target.id.startswith("_") and item.target.id not in hidden:
                    default = "" if item.value is None else f" = {ast.unparse(item.value)}"
                    lines.append(f"    {item.target.id}: {_type(item.annotation)}{default}")
            elif isinstance(item, ast.Assign) and not ast.unparse(item).startswith("_"):
                lines.append(f"    {ast.unparse(item)}")
    yield from _code([_short(line, 300) for line in lines])
    yield from _doc(cls.__doc__)
    for tree, known in parts:
        for method, definitions in _methods(tree).items():
            if method in hidden or (method.startswith("_") and method != "__init__"):
                continue
            yield from _code(_signatures(definitions, owner=name, known=known))
            yield from _doc(ast.get_docstring(definitions[-1]))


def _parts(cls: type) -> list[type]:
    """Return a class, after those that only the house knows and that it is made of."""
    return [base for base in reversed(cls.__mro__[1:]) if base.__name__ in _inner(cls)] + [cls]


def _inner(cls: type) -> set[str]:
    public = {*api.__all__, *testing.__all__}
    return {
        base.__name__
        for base in cls.__mro__[1:]
        if base.__module__.startswith("isaacd.") and base.__name__ not in public
    }


def _methods(tree: ast.ClassDef) -> dict[str, list[Any]]:
    """Return the definitions of each method: its overloads and, last, what is run."""
    found: dict[str, list[Any]] = {}
    for item in tree.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(item.name, []).append(item)
    return found


def _signatures(
    definitions: list[Any], owner: str = "", known: Mapping[str, object] | None = None
) -> Iterator[str]:
    """Write definitions as they are called; of one with overloads, these only. `known` are the values of defaults."""
    shown = definitions[:-1] or definitions
    for item in shown:
        marks = {ast.unparse(mark) for mark in item.decorator_list}
        returns = "" if item.returns is None else f" -> {_type(item.returns)}"
        if marks & {"property", "cached_property"}:
            yield f"{item.name}: {returns.removeprefix(' -> ')}"
            continue
        arguments = item.args
        if owner and arguments.args and "staticmethod" not in marks:
            del arguments.args[0]
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.annotation is not None:
                argument.annotation = ast.Name(_type(argument.annotation))
        _resolve(arguments, known or {})
        called = owner if item.name == "__init__" else item.name
        word = "async " if isinstance(item, ast.AsyncFunctionDef) else ""
        returns = "" if item.name == "__init__" else returns
        yield f"{word}{called}({ast.unparse(arguments)}){returns}"


def _resolve(arguments: ast.arguments, known: Mapping[str, object]) -> None:
    """Put numbers in place of constants that only name them."""
    for defaults in (arguments.defaults, arguments.kw_defaults):
        for number, default in enumerate(defaults):
            value = known.get(default.id) if isinstance(default, ast.Name) else None
            if isinstance(value, int | float):
                defaults[number] = ast.Constant(value)


def _type(node: ast.expr) -> str:
    """Write an annotation without the quotes that only put its evaluation off."""
    text = ast.unparse(node)
    return re.sub(r"'([A-Z][\w.]*(?:\[[^']*\])?(?: \| None)?)'", r"\1", text)


def _tree(value: Any) -> Any:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    return tree


def _code(lines: Any) -> Iterator[str]:
    yield "```python"
    yield from lines
    yield "```"
    yield ""


def _doc(text: str | None) -> Iterator[str]:
    if text:
        yield _prose(inspect.cleandoc(text))
        yield ""


def _prose(text: str, *, skip_first: bool = False) -> str:
    """Keep paragraphs and tables as they are; examples become code."""
    paragraphs = text.strip().split("\n\n")[1 if skip_first else 0 :]
    shown = [
        f"```python\n{item}\n```" if item.startswith(">>> ") else item for item in map(str.strip, paragraphs)
    ]
    return "\n\n".join(shown)


def _short(text: str, most: int = 200) -> str:
    clean = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", text).replace("typing.", "")
    return clean if len(clean) <= most else clean[: most - 3] + "..."
