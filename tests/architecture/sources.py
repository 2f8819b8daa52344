"""The product's own source, as laws about the house read it."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("isaacd", "isaacctl", "plugins/isaac_plugins")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Give every module of the product, by its path."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            yield str(file.relative_to(ROOT)), ast.parse(file.read_bytes())


def calls(names: Collection[str]) -> list[str]:
    """Return where something of one of these names is called, as `path:line name`."""
    found = []
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in names:
                    found.append(f"{path}:{node.lineno} {name}")
    return found
