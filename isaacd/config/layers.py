"""The layers that are laid over the defaults: the file, the environment and `--set`, each as nested tables."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from isaacd.config.keys import Key, dotted, split_assignment
from isaacd.config.offered import UNKNOWN, Offered
from isaacd.config.problem import Origin, Problem
from isaacd.config.tree import Leaf, Names, Node, Table, leaves
from isaacd.redact import is_secret_name, redact_text

PREFIX = "ISAAC_"
_AT_LINE = r" \(at (?:line (\d+), column \d+|end of document)\)$"  # compiled when first used
_TRUTH = {
    "true": True,
    "false": False,
    "1": True,
    "yes": True,
    "on": True,
    "0": False,
    "no": False,
    "off": False,
}


class Layer(msgspec.Struct, frozen=True):
    """Nested tables, and a function that tells where a key in them was written."""

    values: dict[str, Any]
    where: Callable[[Key], Origin]


NOTHING = Layer({}, lambda _: Origin())


def file_layer(text: str, name: str) -> tuple[Layer, list[Problem]]:
    """Parse a TOML document that messages call `name`; its lines are counted only when one is asked for."""
    import tomllib

    try:
        values = tomllib.loads(text)
    except RecursionError:
        return NOTHING, [Problem(Origin("file", name), "", "tables or lists are nested too deep")]
    except ValueError as error:
        return NOTHING, [_syntax_problem(str(error), text, name)]
    found: dict[Key, int] = {}

    def where(key: Key) -> Origin:
        if not found:
            from isaacd.config.lines import key_lines

            found.update(key_lines(text))
        return Origin("file", name, found.get(key))

    return Layer(values, where), []


def environment_layer(
    environ: Mapping[str, str], providers: Sequence[str], offered: Offered = UNKNOWN
) -> tuple[Layer, list[Problem]]:
    """Collect the ISAAC_<SECTION>_<KEY> variables; an empty one counts as not set.

    `providers` are the names that exist already. Variables that begin with no known section are somebody else's.
    """
    names = sorted(name for name, value in environ.items() if value and name.startswith(PREFIX))
    if not names:
        return NOTHING, []
    tree = offered.tree
    values: dict[str, Any] = {}
    variables: dict[Key, str] = {}
    problems = []
    for name in names:
        section, _, rest = name.removeprefix(PREFIX).lower().partition("_")
        if not rest or section not in tree.fields:
            continue
        if not _is_utf8(name + environ[name]):
            problems.append(Problem(Origin("environment", ascii(name)[1:-1]), "", "this is not UTF-8 text"))
            continue
        found = _resolve(rest, tree.fields[section], (section,), providers)
        if found is None and section == "plugins" and offered.is_open((section, *rest.split("_")[:2])):
            continue  # nobody can say yet whether it is right
        if found is None:
            problems.append(_unknown_variable(name, tree))
            continue
        key, node = found
        value = from_text(environ[name], node)
        _put(values, key, value)
        variables[key] = name

    def where(key: Key) -> Origin:
        while key and key not in variables:
            key = key[:-1]
        return Origin("environment", variables.get(key, ""))

    return Layer(values, where), problems


def set_layer(assignments: Sequence[str], offered: Offered = UNKNOWN) -> tuple[Layer, list[Problem]]:
    """Collect `section.key=value` texts; a later one wins over an earlier one of the same key."""
    if not assignments:
        return NOTHING, []
    tree = offered.tree
    values: dict[str, Any] = {}
    problems = []
    for assignment in assignments:
        if not _is_utf8(assignment):
            problems.append(Problem(Origin("set"), "", "this is not UTF-8 text"))
            continue
        try:
            key, text = split_assignment(assignment)
        except ValueError:
            # What stands there may be anything, a secret too, so it is not repeated.
            problems.append(Problem(Origin("set"), "", "expected section.key=value, such as log.level=debug"))
            continue
        _put(values, key, from_text(text, _node_at(tree, key)))
    return Layer(values, lambda key: Origin("set")), problems


def _is_utf8(text: str) -> bool:
    """Tell whether text can be sent on: bytes that are not UTF-8 come from the system as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `upper` over `lower`: tables key by key, everything else as a whole."""
    merged = dict(lower)
    for name, value in upper.items():
        below = merged.get(name)
        merged[name] = merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def from_text(text: str, node: Node | None) -> Any:
    """Read a value that was written without TOML around it, knowing what is wanted there.

    It is a TOML value if it can be read as one. Where text is wanted, quotes are optional; where a list is wanted,
    so are brackets and quotes (`one,two`); where true or false is wanted, 1 0 yes no on off do too.
    """
    if isinstance(node, Leaf):
        if node.is_text and not text.startswith(('"', "'")):
            return text
        if node.is_list and not text.startswith("["):
            return [item.strip() for item in text.split(",") if item.strip()]
        if node.is_truth and text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
    value = _toml_value(text)
    return text if value is None else value


def _toml_value(text: str) -> Any:
    import tomllib

    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return None
    # More than one key: the text went on after its first line.
    return table["value"] if len(table) == 1 else None


def _put(values: dict[str, Any], key: Sequence[str], value: Any) -> None:
    """Set a nested key; what stands in the way of a table gives way to it."""
    *tables, last = key
    for name in tables:
        inner = values.get(name)
        if not isinstance(inner, dict):
            inner = values[name] = {}
        values = inner
    below = values.get(last)
    values[last] = merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value


def _node_at(node: Node, key: Sequence[str]) -> Node | None:
    for part in key:
        if isinstance(node, Names):
            node = node.item
        elif isinstance(node, Table) and part in node.fields:
            node = node.fields[part]
        else:
            return None
    return node


def _resolve(
    rest: str, node: Node, key: tuple[str, ...], providers: Sequence[str]
) -> tuple[tuple[str, ...], Node] | None:
    """Find the key that `rest`, the lower-case end of a variable's name, stands for below `node`."""
    if not rest:
        return None if isinstance(node, Table) else (key, node)
    if isinstance(node, Table):
        # The longest field first: `api_key_env` and not an `api` that happens to exist.
        for name in sorted(node.fields, key=len, reverse=True):
            if rest == name or rest.startswith(f"{name}_"):
                return _resolve(rest[len(name) + 1 :], node.fields[name], (*key, name), providers)
        return None
    if not isinstance(node, Names) or not isinstance(node.item, Table):
        return None
    for name in sorted(providers, key=len, reverse=True):
        spelled = re.sub(r"[^a-z0-9]", "_", name.lower())
        if rest.startswith(f"{spelled}_"):
            return _resolve(rest[len(spelled) + 1 :], node.item, (*key, name), providers)
    for field in sorted(node.item.fields, key=len, reverse=True):
        if rest.endswith(f"_{field}"):
            return (*key, rest[: -len(field) - 1], field), node.item.fields[field]
    return None


def _unknown_variable(name: str, tree: Table) -> Problem:
    from isaacd.config.explain import nearest

    origin = Origin("environment", redact_text(name))
    if name.startswith(f"{PREFIX}AI_PROVIDERS_") and is_secret_name(name):
        return Problem(origin, "", "unknown key; to name the variable that holds a key, use ..._API_KEY_ENV")
    known = [PREFIX + dotted(path).replace(".", "_").upper() for path, _ in leaves(tree)]
    return Problem(origin, "", "unknown key", nearest(name, known))


def _syntax_problem(message: str, text: str, name: str) -> Problem:
    """Take the line out of tomllib's message, where it is the only place to find it."""
    match = re.search(_AT_LINE, message)
    line = None
    if match is not None:
        line = int(match[1]) if match[1] else text.count("\n") + (not text.endswith("\n"))
        message = message[: match.start()]
    message = message[:1].lower() + message[1:]
    return Problem(Origin("file", name, line), "", f"this is not TOML: {redact_text(message)}")
