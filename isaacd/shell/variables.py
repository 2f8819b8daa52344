"""Which variables have a value that is in sight, as a line sets and forgets them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from isaacd.shell import arrays
from isaacd.shell.arrays import drop
from isaacd.shell.expand import expand
from isaacd.shell.parameters import parameter
from isaacd.shell.syntax import Assignment, Compound, Node, Simple, Text, Unseen, Word, below, words_of
from isaacd.shell.written import written_by

DECLARES = frozenset(("export", "declare", "typeset", "readonly", "local"))
# Builtins that take names with an index, or expressions: the shell expands both once more, quoted or not.
_INDEXES = frozenset(
    ("let", "test", "[", "read", "unset", "printf", "getopts", "wait", "mapfile", "readarray")
)
# Builtins that give variables values which nobody sees.
_SETS = frozenset(("read", "mapfile", "readarray", "getopts", "unset", "let", "select", "wait"))
MAX_VALUE = 4096
# Variables that an expression or `${name:=text}` sets.
_COUNTED = re.compile(
    r"([A-Za-z_]\w*)(?:\[[^\]]{0,64}\])?\s{0,8}(?:\+\+|--|(?:[-+*/%&|^]|<<|>>)?=(?!=))|(?:\+\+|--)\s{0,8}([A-Za-z_]\w*)",
    re.ASCII,
)
_DEFAULTED = re.compile(r"([A-Za-z_]\w*)(:?)=(.*)\Z", re.ASCII | re.DOTALL)


def assign(assignment: Assignment, values: dict[str, str]) -> None:
    """Take an assignment that stays in the shell."""
    name = assignment.name
    if assignment.is_array:
        # What a pattern finds, it finds where the words stand.
        arrays.take(name, expand(assignment.words, values), values, adds=assignment.adds)
        return
    value = value_of(assignment.words[0], values) if assignment.words else ""
    if value is not None and len(value) > MAX_VALUE:
        value = None
    if "[" in name:
        forget(values, _counted(name.partition("[")[2]))
        arrays.put(name, None if assignment.adds or len(assignment.words) > 1 else value, values)
        return
    before = values.get(name)
    drop(values, name)
    if value is not None and assignment.is_plain:
        values[name] = value
    elif value is not None and assignment.adds and before is not None and len(before) < MAX_VALUE:
        values[name] = before + value


def declare(words: Sequence[Word], values: dict[str, str]) -> None:
    """Take what a builtin does to variables."""
    name = words[0].value
    if name in DECLARES:
        _declare(words, values)
    elif name == "set":
        _set_arguments(words, values)
    elif name == "shift":
        forget(values, [key for key in values if key.isdigit() or key in "@*#"])
    elif name in _SETS or (name == "printf" and len(words) > 1 and words[1].beginning.startswith("-v")):
        if name != "printf" and any(word.value is None for word in words[1:]):
            values.clear()  # which of them it sets cannot be seen
            return
        if name == "printf" and any(word.value is None for word in words[1:3]):
            values.clear()
            return
        for word in words[1:]:
            drop(values, (word.value or word.beginning).removeprefix("-v").partition("=")[0])
            if name == "let":
                forget(values, _counted(word.value or ""))
        values.pop("REPLY", None)


def _declare(words: Sequence[Word], values: dict[str, str]) -> None:
    options = [word.value or "" for word in words[1:] if (word.value or "").startswith("-")]
    # Integers, arrays, references and changes of case make other values of what is assigned.
    changes = any(set(option) & set("niaAlu") for option in options)
    for word in words[1:]:
        variable, equals, _ = word.beginning.partition("=")
        if not equals:
            if word.value is None:
                values.clear()  # which of them it sets cannot be seen
                return
            if changes:
                drop(values, variable)
            continue
        value = word.value
        if value is not None and variable.isidentifier() and not changes and not word.raw.endswith(")"):
            drop(values, variable)
            values[variable] = value.partition("=")[2]
        else:
            drop(values, variable.rstrip("+"))


def references(words: Sequence[Word]) -> list[str] | None:
    """Return the names that `declare -n a=b` ties together; None if one of them is not seen."""
    if words[0].value not in DECLARES or not any(
        (word.value or "")[:1] == "-" and "n" in (word.value or "") for word in words[1:]
    ):
        return []
    names: list[str] = []
    for word in words[1:]:
        if word.value is None:
            return None
        if word.value[:1] not in ("-", "+"):
            name, _, target = word.value.partition("=")
            names += [name, target.partition("[")[0]]
    return names


def _is_expression(node: Node) -> bool:
    return isinstance(node, Compound) and node.kind in ("arithmetic", "for") and not node.name


def _counted(text: str) -> Iterator[str]:
    """Give the variables that an expression sets."""
    yield from (found[1] or found[2] for found in _COUNTED.finditer(text))


def counted(words: Iterable[Word], values: dict[str, str]) -> None:
    """Forget what expressions set, and take what `${name:=text}` sets."""
    for word in words:
        raw = word.raw
        for part in word.parts:
            if not isinstance(part, Unseen):
                continue
            if part.kind == "arithmetic" and ("=" in raw or "++" in raw or "--" in raw):
                forget(values, _counted(raw))
            elif part.kind == "parameter" and (defaulted := _DEFAULTED.match(part.name)) is not None:
                name = defaulted[1]
                if name in values and not values[name] and defaulted[2]:
                    text = parameter(part.name, values)
                    drop(values, name)
                    if text is not None:
                        values[name] = text


def _set_arguments(words: Sequence[Word], values: dict[str, str]) -> None:
    """`set -- a b`: the arguments of the shell."""
    place = next((index for index, word in enumerate(words[1:], 1) if word.value in ("--", "-")), None)
    if place is None:
        place = 0 if len(words) > 1 and not words[1].beginning.startswith(("-", "+")) else len(words)
        if place:
            return
    values.update(arguments(words[place + 1 :], values))


def arguments(words: Sequence[Word], values: dict[str, str]) -> dict[str, str]:
    """Return `$1`, `$2` and so on; older ones are forgotten in `values`."""
    forget(values, [key for key in values if key.isdigit() or key in "@*#"])
    given: dict[str, str] = {}
    for index, word in enumerate(words, 1):
        value = word.value
        if value is None or word.is_pattern:
            return given
        given[str(index)] = value
    if not any(set(value) & set(" \t\n*?[") for value in given.values()):
        given["@"] = given["*"] = " ".join(given.values())
    given["#"] = str(len(words))
    return given


def value_of(word: Word, values: Mapping[str, str]) -> str | None:
    """Return what a word is worth in an assignment, where nothing is split."""
    text = []
    for part in word.parts:
        value = part.text if isinstance(part, Text) else _part(part, values)
        if value is None:
            return None
        text.append(value)
    return "".join(text)


def _part(part: Unseen, values: Mapping[str, str]) -> str | None:
    if part.kind == "variable":
        return values.get(part.name)
    if part.kind == "parameter":
        return parameter(part.name, values)
    if part.kind == "command" and len(part.scripts) == 1:
        return written_by(part.scripts[0])
    return None


def forget(values: dict[str, str], names: Iterable[str]) -> None:
    """Forget the values of variables."""
    for name in names:
        drop(values, name)


def assigned(node: Node) -> Iterator[str]:
    """Give the name of every variable that a node, or one below it, may set."""
    if isinstance(node, Simple):
        for item in node.assignments:
            yield item.name.partition("[")[0]
            yield from _counted(item.name.partition("[")[2])
        if node.words and node.words[0].value in (*DECLARES, *_SETS, "printf", "eval", "set", "shift"):
            for word in node.words[1:]:
                yield word.beginning.removeprefix("-v").partition("=")[0].rstrip("+")
                if node.words[0].value == "let":
                    yield from _counted(word.beginning)
            yield from ("REPLY", "@", "*", "#", *"123456789")
    elif isinstance(node, Compound) and node.name and node.kind == "for":
        yield node.name
    for word in words_of(node):
        if "++" in word.raw or "--" in word.raw or "((" in word.raw or _is_expression(node):
            yield from _counted(word.raw)
    for child in below(node):
        yield from assigned(child)


def declared(node: Node) -> Iterator[str]:
    """Give the name of every variable that may be a function's own."""
    if isinstance(node, Simple) and node.words and node.words[0].value in DECLARES:
        yield from (word.beginning.partition("=")[0].rstrip("+") for word in node.words[1:])
    for child in below(node):
        yield from declared(child)


def expanded_later(words: Sequence[Word], assignments: Sequence[Assignment]) -> Iterator[str | None]:
    """Give the texts whose substitutions may run although they are quoted here.

    Values that are assigned count: an expression, a prompt or an index may take them up (`x='a[$(rm y)]'; ((x))`).
    """
    for assignment in assignments:
        yield from (word.value for word in assignment.words)
    if words and words[0].value in (*DECLARES, *_INDEXES):
        yield from (word.value for word in words[1:])


def pairs_of(words: Sequence[Word], assignments: Sequence[Assignment]) -> list[tuple[str, Word | None, str]]:
    """Return name, value and raw value of all that a simple command sets."""
    pairs = [
        (item.name, item.words[0] if item.words else None, item.words[0].raw if item.words else "")
        for item in assignments
    ]
    if words and words[0].value in DECLARES:
        for word in words[1:]:
            name, equals, raw = word.raw.partition("=")
            if equals:
                value = word.value
                text = value.partition("=")[2] if value is not None else raw
                pairs.append((name, None if value is not None else word, text if name != "PATH" else raw))
    return pairs


def prompt_in(words: Sequence[Word]) -> str | None:
    """Say that `${name@P}` runs the substitutions in a value, which is not seen."""
    for word in words:
        for part in word.parts:
            if isinstance(part, Unseen) and part.kind == "parameter" and part.name.endswith("@P"):
                return f"${{{part.name}}} runs what the value holds, which cannot be seen"
    return None
